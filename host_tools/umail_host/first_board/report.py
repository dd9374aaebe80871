"""What was measured of a board beside what its virtual board gives, and where the two differ."""

from __future__ import annotations

from typing import Any

# Figures that no two boards share: they are shown, and not compared.
_MEASURED = ("_ms", "_us", "us_", "ms", "bytes", "free", "heap", "acknowledged", "kept", "version", "outside", "_hz")


def flat(facts: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return ``facts`` without its sections: ``handshake.open.free`` …"""
    rows: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, dict):
            rows |= flat(value, f"{prefix}{name}.")
        else:
            rows[prefix + name] = value
    return rows


def compared(name: str) -> bool:
    """Tell whether a board and its virtual board must agree on ``name``."""
    last = name.rpartition(".")[2]
    return not any(last == part or last.startswith(part) or last.endswith(part) for part in _MEASURED)


def rows(real: dict[str, Any], virtual: dict[str, Any]) -> list[tuple[str, Any, Any, bool]]:
    """Return name, the board's value, the virtual board's, and whether they differ where they should not."""
    first, second = flat(real), flat(virtual)
    names = [*first, *(name for name in second if name not in first)]
    return [
        (name, first.get(name), second.get(name), compared(name) and first.get(name) != second.get(name))
        for name in names
    ]


def document(board: str, made_by: str, real: dict[str, Any], virtual: dict[str, Any]) -> dict[str, Any]:
    """Return the file that a person sends in, as JSON takes it."""
    differing = [name for name, _, _, differs in rows(real, virtual) if differs]
    return {"board": board, "umail": made_by, "differs": differing, "real": real, "virtual": virtual}


def table(found: list[tuple[str, Any, Any, bool]]) -> list[str]:
    """Return the lines of a table; ``≠`` marks a difference."""
    shown = [("", "", "this board", "virtual")]
    shown += [("≠" if differs else "", name, _text(real), _text(virtual)) for name, real, virtual, differs in found]
    names, reals = (max(len(row[column]) for row in shown) for column in (1, 2))
    return [f"{mark:1} {name:{names}}  {real:{reals}}  {virtual}".rstrip() for mark, name, real, virtual in shown]


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
