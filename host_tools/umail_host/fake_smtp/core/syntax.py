"""The arguments of SMTP commands: host names, paths and parameters, parsed strictly."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_PATH = re.compile(r"(?P<keyword>FROM|TO): ?<(?P<address>[^<>\x00-\x20\x7f]*)>(?: +(?P<rest>.*))?\Z", re.IGNORECASE)
_PARAMETER = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[^\x00-\x20=\x7f]+))?\Z")
_PLACE = re.compile(r"\{(\w+)\}")


class BadSyntax(ValueError):
    """The argument is not what RFC 5321 allows; ``str()`` is the key of the profile's reply."""


def ehlo_name(name: str) -> bool:
    """Return whether this is a host name or an address literal (RFC 5321, 4.1.3)."""
    if name.startswith("[") and name.endswith("]"):
        literal = name[1:-1]
        if literal.lower().startswith("ipv6:"):
            literal = literal[5:]
        try:
            ipaddress.ip_address(literal)
        except ValueError:
            return False
        return True
    return 0 < len(name) <= 255 and all(_LABEL.match(label) for label in name.split("."))


def path(argument: str, keyword: str) -> tuple[str, dict[str, str]]:
    """Return the address and the parameters of ``FROM:<…> …`` or ``TO:<…> …``.

    Raises:
        BadSyntax: ``mail-address``, ``rcpt-address`` or ``arguments``.
    """
    match = _PATH.match(argument)
    wrong_address = "mail-address" if keyword == "FROM" else "rcpt-address"
    if not match or match["keyword"].upper() != keyword:
        raise BadSyntax("arguments" if not argument.upper().startswith(keyword + ":") else wrong_address)
    address = match["address"]
    empty_allowed = keyword == "FROM"
    if not address and not empty_allowed:
        raise BadSyntax(wrong_address)
    local, at, domain = address.rpartition("@")
    if address and not (local and at and domain) and address.lower() != "postmaster":
        raise BadSyntax(wrong_address)
    parameters = {}
    for word in (match["rest"] or "").split():
        found = _PARAMETER.match(word)
        if not found:
            raise BadSyntax("arguments")
        parameters[found["name"].upper()] = found["value"] or ""
    return address, parameters


def render(template: str, value: Callable[[str], str | None]) -> bytes:
    """Return a reply as on the wire: places filled in, a line for each of the template, control characters dropped.

    Args:
        value: called with the name of each place; None leaves it as it is.
    """
    if "{" not in template:
        return _wire(template)
    return _lines(
        [
            _PLACE.sub(lambda place: found if (found := value(place[1])) is not None else place[0], line)
            for line in template.split("\n")
        ]
    )


@functools.lru_cache(maxsize=256)
def _wire(template: str) -> bytes:
    return _lines(template.split("\n"))


def _lines(filled: list[str]) -> bytes:
    lines = [line if line.isprintable() else "".join(filter(str.isprintable, line)) for line in filled]
    code, last = lines[0][:3], len(lines) - 1
    texts = [line[4:] if line[:3] == code and line[3:4] in ("", " ", "-") else line for line in lines]
    wire = [f"{code}{' ' if index == last else '-'}{text}" for index, text in enumerate(texts)]
    return ("\r\n".join(wire) + "\r\n").encode("utf-8")
