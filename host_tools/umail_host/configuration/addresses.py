"""Judges the addresses in a configuration one by one: which cannot work, why, and how to write it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from umail_host import terminal

# RFC 5322, 3.2.3, and RFC 6531, 3.3: what a local part has without quotes, beside dots.
_ATOM = re.compile(r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\x7f])+")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_MAILBOXES = ("m365.submission", "m365.hve", "gmail")


def sentences(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return key and sentence for each address that cannot work."""
    return [
        (key, f'"{key}" holds "{terminal.printable(text)[:60]}", {what}.')
        for key, text in _given(config)
        if (what := _wrong(text))
    ]


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return what is worth a word of addresses that are right."""
    return [f'"{key}" holds {text}: {note}' for key, text in _given(config) if (note := _note(text))]


def _given(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and text of each address."""
    mail = config.get("mail")
    for path, section in (
        ("mail", mail),
        ("mail.fallback", mail.get("fallback") if isinstance(mail, Mapping) else None),
    ):
        if isinstance(section, Mapping):
            names = ("to", "sender", "username") if section.get("route") in _MAILBOXES else ("to", "sender")
            yield from ((f"{path}.{name}", text) for name in names for text in _texts(section.get(name)))
    rules = config.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, Mapping):
            then = rule.get("then")
            yield from ((f"rules[{number}].to", text) for text in _texts(rule.get("to")))
            if isinstance(then, Mapping):
                yield from ((f"rules[{number}].then.to", text) for text in _texts(then.get("to")))


def _texts(value: Any) -> list[str]:
    """Return the texts of one or several; what is not text, or empty, the firmware's own check tells."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one.strip()]


def _wrong(text: str) -> str:
    """Return what is wrong with an address, and how to write it; empty: nothing."""
    for c in text:
        if c != " " and unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
            return f"with an invisible character, U+{ord(c):04X}: delete it and type the address again"
    if re.search(r"[,;]", text):
        return 'which are several: give a list with each by itself, such as ["a@contoso.com", "b@contoso.com"]'
    if found := re.search(r"<([^<>@\s]+@[^<>@\s]+)>", text):
        return f"which is an address with a name: write {found[1]} alone"
    if text.lower().startswith("mailto:"):
        return f"which is a link: write {text[7:]}"
    if " " in text:
        return "with a blank: an address has none"
    local, at, domain = text.rpartition("@")
    if not at or "@" in local or not local or not domain:
        return "which is not an address: it has one @ with something on both sides, such as ops@contoso.com"
    if len(local.encode()) > 64 or not all(_ATOM.fullmatch(part) for part in local.split(".")):
        return "and what comes before the @ is not right: no dot at an end, none twice, no brackets"
    if len(domain) > 253 or not all(_LABEL.fullmatch(_ascii(part)) for part in domain.split(".")):
        return (
            "and what comes after the @ is not a domain: letters, digits and dashes between single dots, such as "
            "contoso.com"
        )
    return ""


def _note(text: str) -> str:
    if _wrong(text):
        return ""
    local, _, domain = text.rpartition("@")
    if not local.isascii():
        return "its mails need SMTPUTF8 at every server on the way"
    if not domain.isascii():
        return f"without SMTPUTF8 it is written {local}@{'.'.join(map(_ascii, domain.split('.')))}"
    return "" if "." in domain else "its domain has no dot, which works inside a company at most"


def _ascii(label: str) -> str:
    """Return a label of a domain as DNS has it (RFC 5891: xn--…); empty: there is none."""
    try:
        return label.encode("idna").decode() if label else ""
    except UnicodeError:
        return ""
