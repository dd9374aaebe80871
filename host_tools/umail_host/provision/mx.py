"""Pins the mail host of a domain, so that no DNS answer can lead a board elsewhere later."""

from __future__ import annotations

from umail_host.doctor.domain import Dns, missing
from umail_host.errors import UserError
from umail_host.settings import Settings

_MX = (".mail.protection.outlook.com", ".mx.microsoft")


def pin(settings: Settings, resolver: Dns) -> tuple[Settings, list[str]]:
    """Return the settings with the mail host of each route that looks it up, and a sentence on each that was pinned.

    Raises:
        UserError: the domain has no mail host, it is not Microsoft's, or the DNS does not answer.
    """
    told = []
    for route in settings.routes:
        if route.direct and not route.host:
            host = _mx(route.domain, resolver)
            settings = settings.with_host(route, host)
            told.append(f"{route.key}.host is pinned to {host}, the MX of {route.domain}")
    return settings, told


def _mx(domain: str, resolver: Dns) -> str:
    try:
        records = [text.split() for text in resolver.ask(domain, "MX")]
    except LookupError as error:
        raise UserError(f"the mail host of {domain} can't be looked up: {error}", 4) from None
    hosts = [name.rstrip(".").lower() for _, name in sorted(records, key=lambda record: int(record[0])) if name != "."]
    if not hosts and not resolver.exists(domain):
        raise UserError(
            f"{missing(domain)}: check mail.domain, and whether this DNS server answers for the internet", 4
        )
    if not hosts:
        raise UserError(f"{domain} has no MX record: check mail.domain", 4)
    if not hosts[0].endswith(_MX):
        raise UserError(f"the MX of {domain} is {hosts[0]}, not Exchange Online: set mail.host yourself if it is right")
    return hosts[0]
