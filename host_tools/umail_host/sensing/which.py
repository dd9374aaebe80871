"""Asks which of several thermometers on one wire is which, before the board is provisioned: their addresses say it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from umail_host.configuration import pins
from umail_host.device import boards, identity, maintenance
from umail_host.device.board import Board, ExecError
from umail_host.errors import UserError

_DEVICE = Path(__file__).with_name("on_board.py")
_MARK = "\x1eumail-wires "
_AGAIN = "r"
_SENSORS = 4  # exit status, as that of provisioning for sensors that read something wrong
# Asks one question: text, default, what is wrong with an answer ("": nothing). Returns the answer.
Ask = Callable[[str, str, Callable[[str], str]], str]


def settle(config: Any, device: str, ask: Ask, say: Callable[[str], None]) -> Any:
    """Return the configuration with the address of each DS18B20 that shares its wire and has none.

    Args:
        config: as written, not checked yet.
        device: the board's port; it is asked only if there is something to settle.
        ask: asks one question.
        say: told a line for the user.

    Raises:
        UserError: fewer thermometers answer than are configured, or the board does not.
    """
    config = copy.deepcopy(config)
    wires = dict(_unclear(config))
    if not wires:
        return config
    with maintenance.held(device) as link:
        spec = boards.by_machine(identity.machine(link))
        for written, sections in wires.items():
            pin = spec.pins.get(written, written) if spec is not None and isinstance(written, str) else written
            taken = {str(section.get("address", "")).lower() for _, section in sections}
            open_ones = [(name, section) for name, section in sections if not section.get("address")]
            _settle(link, pin, open_ones, taken, ask, say)
    return config


def _unclear(config: Any) -> Iterator[tuple[Any, list[tuple[str, dict[str, Any]]]]]:
    """Yield each wire with several DS18B20 of which one has no address: its pin, and their names and sections."""
    several = config.get("sensors") if isinstance(config, dict) else None
    found: dict[Any, list[tuple[str, dict[str, Any]]]] = {}
    for name, section in several.items() if isinstance(several, dict) else ():
        if isinstance(section, dict) and section.get("type") == "ds18b20" and isinstance(section.get("pin"), int | str):
            found.setdefault(pins.number(section["pin"]), []).append((str(name), section))
    for pin, sections in found.items():
        if len(sections) > 1 and not all(section.get("address") for _, section in sections):
            yield pin, sections


def _settle(
    link: Board,
    pin: Any,
    sections: list[tuple[str, dict[str, Any]]],
    taken: set[str],
    ask: Ask,
    say: Callable[[str], None],
) -> None:
    while sections:
        chips = [chip for chip in _chips(link, pin) if chip[0] not in taken]
        if len(chips) < len(sections):
            names = ", ".join(name for name, _ in sections)
            raise UserError(
                f"on the wire at pin {pin}, {len(chips)} DS18B20 without a name answer, and {len(sections)} are "
                f"configured ({names}): check their wires and the 4.7 kΩ resistor",
                _SENSORS,
            )
        name, section = sections[0]
        if len(chips) == 1:
            number = "1"
        else:
            for place, (address, celsius) in enumerate(chips, 1):
                say(f"  {place}: {address}, {'no answer' if celsius is None else f'{celsius:g} °C'}")
            text = f"Which of them is {name} (warm it in your hand; {_AGAIN} reads them again)"
            number = ask(text, _AGAIN, _one_of([_AGAIN, *(str(place) for place in range(1, len(chips) + 1))]))
        if number == _AGAIN:
            continue
        section["address"] = chips[int(number) - 1][0]
        taken.add(section["address"])
        say(f'  sensors.{name}.address = "{section["address"]}" (write it into your file)')
        sections = sections[1:]


def _chips(link: Board, pin: Any) -> list[tuple[str, float | None]]:
    link.exec(_DEVICE.read_text(encoding="utf-8"))
    try:
        told = link.exec(f"thermometers({_MARK!r}, {pin!r})", timeout=10)
    except ExecError as error:
        last = error.traceback.strip().splitlines()[-1:]
        raise UserError(f"the wire at pin {pin} could not be read: {''.join(last)[:200]}", _SENSORS) from None
    # (splitlines takes the mark itself for an end.)
    for line in told.split("\n"):
        if line.startswith(_MARK):
            return [(str(address), celsius) for address, celsius in json.loads(line.removeprefix(_MARK))]
    return []


def _one_of(words: list[str]) -> Callable[[str], str]:
    return lambda answer: "" if answer in words else f"answer one of {', '.join(words)}"
