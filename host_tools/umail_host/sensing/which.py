"""Asks which of several chips of a kind on the same wires is which, before the board is provisioned: by addresses."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from umail_host.configuration import pins
from umail_host.device import boards, identity, maintenance
from umail_host.device.board import Board
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.sensing import chips
from umail_host.sensing.chips import Kind
from umail_host.sensing.look import Bus

_AGAIN = "r"
# Asks one question: text, default, what is wrong with an answer ("": nothing). Returns the answer.
Ask = Callable[[str, str, Callable[[str], str]], str]


def settle(config: Any, device: str, ask: Ask, say: Callable[[str], None]) -> Any:
    """Return the configuration with the address of each chip that others could be taken for and that has none.

    Args:
        config: as written, not checked yet.
        device: the board's port; it is asked only if there may be something to settle.
        ask: asks one question.
        say: told a line for the user.

    Raises:
        UserError: fewer chips answer than are configured, or the board does not.
    """
    config = copy.deepcopy(config)
    unclear = list(_unclear(config)) if isinstance(config, dict) else []
    if not unclear:
        return config
    with maintenance.held(device) as link:
        spec = boards.by_machine(identity.machine(link))
        for shared in unclear:
            chips.prepare(link, shared.kind)
            _settle(link, shared, spec, ask, say)
    return config


@dataclass
class _Shared:
    """Sensors of one kind on the same wires.

    Attributes:
        kind: theirs.
        pins: key → pin, as written.
        open_ones: (path, section) of those without an address.
        taken: addresses of others on these wires, of whatever kind.
    """

    kind: Kind
    pins: dict[str, Any]
    open_ones: list[tuple[str, dict[str, Any]]]
    taken: set[str]


def _unclear(config: dict[str, Any]) -> Iterator[_Shared]:
    """Yield what the board is to be asked for; of a DS18B20 that has its wire for itself there is nothing to ask."""
    found: dict[tuple[str, tuple[object, ...]], list[tuple[str, Any]]] = {}
    kinds: dict[str, Kind] = {}
    taken: dict[tuple[object, ...], set[str]] = {}
    for path, section in pins.sections(config):
        kind = chips.kind(section.get("type"))
        if kind is None or not all(isinstance(section.get(key), int | str) for key in kind.wires):
            continue
        wires = tuple(pins.number(section[key]) for key in kind.wires)
        kinds[kind.name] = kind
        found.setdefault((kind.name, wires), []).append((path, section))
        if section.get("address"):
            taken.setdefault(wires, set()).add(chips.written(section["address"]))
    for (name, wires), sections in found.items():
        kind = kinds[name]
        open_ones = [(path, section) for path, section in sections if not section.get("address")]
        if open_ones and (len(sections) > 1 or kind.usual):
            yield _Shared(kind, dict(zip(kind.wires, wires, strict=True)), open_ones, taken.setdefault(wires, set()))


def _settle(link: Board, shared: _Shared, spec: BoardSpec | None, ask: Ask, say: Callable[[str], None]) -> None:
    kind, open_ones = shared.kind, shared.open_ones
    names = {key: spec.pins.get(pin, pin) if spec and isinstance(pin, str) else pin for key, pin in shared.pins.items()}
    alone = len(open_ones) == 1 and kind.usual
    while open_ones:
        path, section = open_ones[0]
        try:
            there = chips.answering(link, kind, section | names, shared.taken)
        except UserError:
            if alone:
                return
            raise
        if alone and [address for address, _ in there] in ([], [kind.usual]):
            # As the firmware takes it; what it reads is reported later.
            return
        _check(shared, len(there), Bus(tuple(names.values()), ()).name)
        number = "1" if len(there) == 1 else _asked(path, kind, there, ask, say)
        if number == _AGAIN:
            continue
        section["address"] = there[int(number) - 1][0]
        shared.taken.add(section["address"])
        say(f'  {path}.address = "{section["address"]}" (write it into your file)')
        del open_ones[0]


def _check(shared: _Shared, count: int, bus: str) -> None:
    """Raise UserError if ``count`` chips are too few."""
    if count < len(shared.open_ones):
        names = ", ".join(_name(path) for path, _ in shared.open_ones)
        remedy = "; two at one address answer as one" if shared.kind.usual else " and the 4.7 kΩ resistor"
        raise UserError(
            f"on {bus}, {count} {shared.kind.title} without a name answer, and {len(shared.open_ones)} are "
            f"configured ({names}): check their wires{remedy}",
            chips.SENSORS,
        )


def _asked(path: str, kind: Kind, there: list[tuple[str, str]], ask: Ask, say: Callable[[str], None]) -> str:
    """Show what answers, and return the number of the one that ``path`` is, or the word for reading them again."""
    for place, (address, reading) in enumerate(there, 1):
        say(f"  {place}: {address}, {reading}")
    hint = "warm it in your hand; " if "°C" in kind.units else ""
    text = f"Which of them is {_name(path)} ({hint}{_AGAIN} reads them again)"
    return ask(text, _AGAIN, _one_of([_AGAIN, *(str(place) for place in range(1, len(there) + 1))]))


def _name(path: str) -> str:
    return path.partition(".")[2] or "the sensor"


def _one_of(words: list[str]) -> Callable[[str], str]:
    return lambda answer: "" if answer in words else f"answer one of {', '.join(words)}"
