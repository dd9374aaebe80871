"""What the DNS says of the sender's domain: SPF that covers the address, DKIM keys, a DMARC policy; each a check."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import dns.exception
import dns.resolver

from umail_host.doctor import spf
from umail_host.doctor.check import FAILED, OK, WARNING, Check
from umail_host.errors import UserError

if TYPE_CHECKING:
    from umail_host.settings import Route, Settings

_PATIENCE = 6.0  # seconds for one question
_EXCHANGE = "spf.protection.outlook.com"
# The selectors of Exchange Online.
_SELECTORS = ("selector1", "selector2")
SPELLING = "check its spelling, and whether this network's DNS server answers for the internet (another: --dns)"
_MOST_LABELS = 8  # of a name whose organization is looked for


def servers(words: list[str]) -> list[str]:
    """Check what was given as DNS servers, each ``ADDRESS`` or ``ADDRESS#PORT``, and return it.

    Raises:
        UserError: one is not of that form.
    """
    for word in words:
        address, mark, port = word.partition("#")
        try:
            ipaddress.ip_address(address)
            if mark and not 0 < int(port) < 65536:
                raise ValueError
        except ValueError:
            raise UserError(f"--dns {word}: write ADDRESS or ADDRESS#PORT, such as 192.168.1.1 or ::1#5353") from None
    return words


class Dns:
    """Asks for text records, addresses and mail hosts.

    Args:
        servers: addresses, with ``#port`` if it is not 53; none: those of this computer.
    """

    def __init__(self, servers: list[str] | None = None) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            pairs = [server.partition("#") for server in servers]
            self._resolver.nameservers = [address for address, _, _ in pairs]
            self._resolver.nameserver_ports = {address: int(port or 53) for address, _, port in pairs}
        self._resolver.lifetime = _PATIENCE

    def ask(self, name: str, kind: str) -> list[str]:
        """Return the records of ``name`` as texts; empty if there are none.

        Raises:
            LookupError: no server answers, or it is not a name.
        """
        try:
            answer = self._resolver.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.Timeout:
            raise LookupError(f"no DNS server answers in time about {name}") from None
        except (dns.exception.DNSException, OSError):
            raise LookupError(f"no DNS server has an answer about {name}") from None
        if kind == "TXT":
            return [b"".join(found.strings).decode(errors="replace") for found in answer]
        return [found.to_text() for found in answer]

    def exists(self, name: str) -> bool:
        """Tell whether there is such a name; of one for which no server has an answer, ``ask`` says more."""
        try:
            self._resolver.resolve(name, "TXT", search=False)
        except dns.resolver.NXDOMAIN:
            return False
        except (dns.exception.DNSException, OSError):
            pass
        return True


def missing(domain: str) -> str:
    """Return the sentence on a domain that does not exist; its remedy is ``SPELLING``."""
    return f"the DNS server knows no domain {domain}"


def of(settings: Settings, resolver: Dns, address: str) -> list[Check]:
    """Return the checks of each sender's domain, as far as its route makes it matter; arguments as of ``checks``."""
    found: dict[Check, None] = {}
    for route in settings.routes:
        sender = route.sender or route.username or settings.sender
        for check in checks(resolver, sender.rpartition("@")[2].lower(), route, address):
            if check not in found:
                found[replace(check, route="fallback") if route.suffix else check] = None
    return list(found)


def checks(resolver: Dns, domain: str, route: Route, address: str) -> list[Check]:
    """Check SPF, DKIM and DMARC of a domain, if it exists.

    Args:
        domain: of the sender.
        route: by which its mails go.
        address: what the mail server sees as ours; empty if it is not known.
    """
    if not resolver.exists(domain):
        # All that it lacks follows from that (RFC 8020).
        state = FAILED if route.route.startswith("m365.") else WARNING
        return [Check("domain", state, missing(domain), SPELLING)]
    asked: dict[str, Callable[[], Check]] = {
        "spf": lambda: (
            _spf_direct(resolver, domain, address) if route.direct else _spf_hosted(resolver, domain, route.route)
        ),
        "dkim": lambda: _dkim(resolver, domain, route.route),
        "dmarc": lambda: _dmarc(resolver, domain),
    }
    found = []
    for name, check in asked.items():
        try:
            found.append(check())
        except LookupError as error:
            found.append(Check(name, WARNING, str(error), "check this computer's DNS, or name a server with --dns"))
    return found


def _spf_direct(resolver: Dns, domain: str, address: str) -> Check:
    """Check SPF: the mail comes from our own address, so the record must cover it."""
    if not address:
        return Check("spf", WARNING, "not checked: the mail server did not say which address it sees")
    mechanism = f"ip{ipaddress.ip_address(address).version}:{address}"
    check = spf.Check(resolver.ask, address)
    try:
        result = check.run(domain)
    except spf.Broken as error:
        return Check("spf", FAILED, f"the SPF record can't be evaluated: {error}", f"fix the TXT record of {domain}")
    if result == "pass":
        return Check("spf", OK, f"the record of {domain} covers {address}")
    if result == "none":
        remedy = f"add a TXT record to {domain}: v=spf1 {mechanism} include:{_EXCHANGE} -all"
        return Check("spf", FAILED, f"{domain} has no SPF record", remedy)
    remedy = f"add {mechanism} to the record that begins v=spf1, or send by submission with a login"
    return Check("spf", FAILED, f"the record of {domain} does not cover {address}: {result}", remedy)


def _spf_hosted(resolver: Dns, domain: str, route: str) -> Check:
    """Check SPF: the mail leaves from the provider's servers; at Microsoft's, their include must be in the record."""
    # An address for documentation (RFC 5737): no record matches, so that the whole of it is walked.
    check = spf.Check(resolver.ask, "192.0.2.1")
    try:
        result = check.run(domain)
    except spf.Broken as error:
        return Check("spf", FAILED, f"the SPF record can't be evaluated: {error}", f"fix the TXT record of {domain}")
    wanted = _EXCHANGE if route.startswith("m365.") else ""
    if result == "none":
        text = f"{domain} has no SPF record"
        if not wanted:
            return Check("spf", WARNING, text, f"ask the provider for its SPF record, and add that as TXT to {domain}")
        return Check("spf", FAILED, text, f"add a TXT record to {domain}: v=spf1 include:{wanted} -all")
    if wanted and wanted not in check.includes:
        remedy = f"add include:{wanted} to the record that begins v=spf1"
        return Check("spf", FAILED, f"the record of {domain} does not cover Exchange Online", remedy)
    return Check("spf", OK, f"the record of {domain} covers {'Exchange Online' if wanted else 'its own servers'}")


def _dkim(resolver: Dns, domain: str, route: str) -> Check:
    if not route.startswith("m365."):
        return Check("dkim", WARNING, "not checked: only the provider knows its selector")
    keys = [name for name in _SELECTORS if _has_key(resolver.ask(f"{name}._domainkey.{domain}", "TXT"))]
    if keys:
        return Check("dkim", OK, f"{domain} has the key of {' and '.join(keys)}")
    remedy = (
        f"an administrator runs New-DkimSigningConfig -DomainName '{domain}' -Enabled $true, and adds its two CNAMEs"
    )
    return Check("dkim", WARNING, f"{domain} has no DKIM key of Exchange Online", remedy)


def _has_key(texts: list[str]) -> bool:
    # RFC 6376, 3.6.1: an empty p= is a key that was taken back.
    tags = [part.strip() for text in texts for part in text.split(";")]
    return any(tag.startswith("p=") and len(tag) > 2 for tag in tags)


def _dmarc(resolver: Dns, domain: str) -> Check:
    name, records = dmarc_records(resolver.ask, domain)
    if len(records) == 1:
        return Check("dmarc", OK, f"{name} has the policy p={dmarc_policy(records[0])}")
    if records:
        return Check("dmarc", FAILED, f"_dmarc.{name} has {len(records)} records", "leave one of them")
    remedy = f'add a TXT record to _dmarc.{domain}, such as "v=DMARC1; p=none"'
    return Check("dmarc", WARNING, f"{domain} has no DMARC policy", remedy)


def dmarc_records(ask: spf.Ask, domain: str) -> tuple[str, list[str]]:
    """Return whose DMARC records count for a domain, and those records (RFC 7489, 6.6.3).

    Raises:
        LookupError: the DNS does not answer.
    """
    # If a subdomain has no policy, that of its organization counts.
    labels = domain.split(".")
    for start in range(max(0, len(labels) - _MOST_LABELS), len(labels) - 1):
        name = ".".join(labels[start:])
        found = [text for text in ask(f"_dmarc.{name}", "TXT") if text.lower().startswith("v=dmarc1")]
        if found:
            return name, found
    return domain, []


def dmarc_policy(record: str) -> str:
    """Return the word behind ``p=`` in a DMARC record; ``?`` if there is none."""
    tags = dict(part.strip().split("=", 1) for part in record.split(";") if "=" in part)
    return tags.get("p", "?").strip()
