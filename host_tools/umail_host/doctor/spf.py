"""Whether a domain's SPF record lets an address send for it (RFC 7208, check_host), by plain DNS questions."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

# Asks for the records of a name: (name, type) → texts; empty if there are none. May raise LookupError.
Ask = Callable[[str, str], list[str]]

_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
# RFC 7208, 4.6.4: terms that ask the DNS, in all.
_MOST_LOOKUPS = 10
_MOST_HOSTS = 10


class Broken(Exception):
    """The record can't be evaluated (permerror); the argument says why, as the end of a sentence."""


def record(ask: Ask, domain: str) -> str:
    """Return the SPF record of ``domain``; empty if it has none.

    Raises:
        Broken: it has several (RFC 7208, 4.5).
        LookupError: the DNS does not answer.
    """
    found = [text for text in ask(domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    if len(found) > 1:
        raise Broken(f"{domain} has {len(found)} SPF records, and one is allowed")
    return found[0] if found else ""


class Check:
    """One evaluation.

    Args:
        ask: asks the DNS.
        address: the address that sends.

    Attributes:
        includes: every domain whose record was looked at.
    """

    def __init__(self, ask: Ask, address: str) -> None:
        self._ask = ask
        self._address = ipaddress.ip_address(address)
        self._lookups = 0
        self.includes: list[str] = []

    def run(self, domain: str) -> str:
        """Return ``pass``, ``fail``, ``softfail``, ``neutral`` or ``none``.

        Raises:
            Broken: a record is wrong, or asks for too much.
            LookupError: the DNS does not answer.
        """
        self.includes.append(domain)
        text = record(self._ask, domain)
        if not text:
            return "none"
        redirect = ""
        for term in text.split()[1:]:
            if term.lower().startswith("redirect="):
                redirect = term[9:]
            elif "=" not in term.split(":")[0]:
                sign, mechanism = (term[0], term[1:]) if term[0] in _RESULTS else ("+", term)
                if self._matches(mechanism, domain):
                    return _RESULTS[sign]
        if not redirect:
            return "neutral"
        self._count()
        result = self.run(_plain(redirect))
        if result == "none":
            raise Broken(f"it redirects to {redirect}, which has no SPF record")
        return result

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > _MOST_LOOKUPS:
            raise Broken(f"it takes more than {_MOST_LOOKUPS} DNS look-ups: remove includes that are not needed")

    def _matches(self, mechanism: str, domain: str) -> bool:
        name, _, argument = mechanism.partition(":")
        name, slash, length = name.partition("/") if not argument else (name, "", "")
        name = name.lower()
        if name == "all":
            return True
        if name in ("ip4", "ip6"):
            return self._inside(argument)
        if name in ("a", "mx"):
            target, slash, length = argument.partition("/") if argument else (domain, slash, length)
            return self._at(name, _plain(target), slash + length)
        if name == "include":
            self._count()
            result = self.run(_plain(argument))
            if result == "none":
                raise Broken(f"it includes {argument}, which has no SPF record")
            return result == "pass"
        if name == "exists":
            self._count()
            return bool(self._ask(_plain(argument), "A"))
        if name == "ptr":
            # RFC 7208, 5.5: not to be used; it decides nothing here.
            self._count()
            return False
        raise Broken(f"it holds {mechanism!r}, which SPF does not know")

    def _inside(self, network: str) -> bool:
        try:
            return self._address in ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise Broken(f"{network!r} in it is not an address") from None

    def _at(self, kind: str, name: str, length: str) -> bool:
        self._count()
        hosts = [name]
        if kind == "mx":
            hosts = [text.split()[-1].rstrip(".") for text in self._ask(name, "MX")][:_MOST_HOSTS]
        four, _, six = length[1:].partition("//")
        size = four if self._address.version == 4 else six
        wanted = "A" if self._address.version == 4 else "AAAA"
        return any(
            self._inside(f"{found}/{size}" if size else found) for host in hosts for found in self._ask(host, wanted)
        )


def _plain(name: str) -> str:
    if "%" in name:
        raise Broken(f"{name!r} in it is a macro, which is not evaluated here")
    return name.rstrip(".")
