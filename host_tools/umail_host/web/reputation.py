"""What others think of a mail's domains: whether they exist, SPF and DMARC, asked of a DNS server that was named.

SPF and DMARC are evaluated by the doctor's own few lines: a second evaluator, from a library, could say otherwise.
"""

from __future__ import annotations

import ipaddress
import re
import time
from email.message import Message

from umail_host.doctor import spf
from umail_host.doctor.domain import Dns, dmarc_policy, dmarc_records
from umail_host.fake_smtp.record.reading import addresses, clean, header, parsed

_ASKING = 10.0  # seconds for all questions about a mail
_LARGEST = 1 << 19  # bytes of a mail that are looked at
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+\Z")
# No record lists an address for documentation (RFC 5737), so the whole of it is walked.
_NOBODY = "192.0.2.1"
_UNKNOWN = "The DNS server knows no domain {}: providers refuse mail from a domain that does not exist."


class _Limited:
    """Asks the DNS until the time for one mail is over."""

    def __init__(self, dns: Dns) -> None:
        self._dns, self._due = dns, time.monotonic() + _ASKING
        self._known: dict[tuple[str, str], list[str]] = {}

    def ask(self, name: str, kind: str) -> list[str]:
        if (name, kind) not in self._known:
            self._hurry()
            self._known[name, kind] = self._dns.ask(name, kind)
        return self._known[name, kind]

    def exists(self, name: str) -> bool:
        self._hurry()
        return self._dns.exists(name)

    def _hurry(self) -> None:
        if time.monotonic() > self._due:
            raise LookupError(f"the DNS takes more than {_ASKING:.0f} s")


def domain_warnings(content: bytes, sender: str, peer: str | None, dns: Dns) -> list[dict[str, str]]:
    """Return what a provider finds when it looks up the domains of a mail: a key and a sentence each.

    Args:
        sender: the address of MAIL FROM; ``peer``: that of the client; SPF counts for it if it is a public one.
    """
    message = parsed(content[:_LARGEST])
    author = next((address for address in addresses(header(message, "From")) if "@" in address), "")
    limited = _Limited(dns)
    ask = limited.ask
    envelope, author_domain = (address.rpartition("@")[2].strip().lower() for address in (sender, author))
    found = []
    try:
        domains = dict.fromkeys(domain for domain in (envelope, author_domain) if _DOMAIN.match(domain))
        # All that such a domain lacks follows from that (RFC 8020).
        unknown = [domain for domain in domains if not limited.exists(domain)]
        found += [{"key": "domain-unknown", "text": _UNKNOWN.format(domain)} for domain in unknown]
        known = domains.keys() - unknown
        if envelope in known:
            found += _spf(ask, envelope, peer)
        if author_domain in known:
            signers = re.findall(r"(?:^|;)\s*d=\s*([A-Za-z0-9._-]+)", _signatures(message))
            found += _dmarc(ask, author_domain, [envelope, *(name.lower() for name in signers)])
    except LookupError as error:
        found.append({"key": "dns-silent", "text": f"{clean(str(error))}: SPF and DMARC were not checked to the end."})
    return found


def _signatures(message: Message) -> str:
    return "\n".join([str(value) for name, value in message.raw_items() if name.lower() == "dkim-signature"][:10])


def _spf(ask: spf.Ask, domain: str, peer: str | None) -> list[dict[str, str]]:
    address = peer if peer is not None and _is_public(peer) else _NOBODY
    public = address != _NOBODY
    try:
        result = spf.Check(ask, address).run(domain)
    except spf.Broken as error:
        return [{"key": "spf-broken", "text": f"The SPF record of {domain} can't be evaluated: {clean(str(error))}."}]
    if result == "none":
        return [{"key": "spf-none", "text": f"{domain} has no SPF record: many providers count that against a mail."}]
    if public and result in ("fail", "softfail"):
        return [{"key": "spf-fail", "text": f"SPF of {domain} says {result} for {address}."}]
    if not public and result == "pass":
        return [{"key": "spf-anybody", "text": f"The SPF record of {domain} lets anybody send for it."}]
    return []


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _dmarc(ask: spf.Ask, domain: str, aligned_with: list[str]) -> list[dict[str, str]]:
    name, records = dmarc_records(ask, domain)
    if not records:
        return [{"key": "dmarc-none", "text": f"{domain} has no DMARC policy: large providers ask for one."}]
    if len(records) > 1:
        return [{"key": "dmarc-broken", "text": f"_dmarc.{name} has {len(records)} records, so none counts."}]
    policy = dmarc_policy(records[0]).lower()
    aligned = any(other == name or other.endswith("." + name) for other in aligned_with)
    if policy in ("reject", "quarantine") and not aligned:
        sentence = f"DMARC of {name} says {policy}, and neither the envelope nor a DKIM signature is of that domain."
        return [{"key": "dmarc-unaligned", "text": sentence}]
    return []
