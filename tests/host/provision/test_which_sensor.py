"""Two thermometers on one wire: provisioning shows both and asks which is which, as only their addresses tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from umail_host.errors import UserError
from umail_host.sensing import which
from umail_host.virtual_board import VirtualBoard

PIN = 4


@pytest.fixture(scope="module")
def virtual(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path_factory.mktemp("board")) as board:
        for index, celsius in enumerate((21.5, -18.0)):
            board.sensors.ds18b20(PIN, index).celsius = celsius
        yield board


class Person:
    """Answers, and keeps what was shown."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.shown: list[str] = []

    def ask(self, text: str, default: str, problem: Any) -> str:
        self.shown.append(text)
        while (answer := self.answers.pop(0)) and problem(answer):
            self.shown.append(problem(answer))
        return answer


def config(*pins: object, **more: Any) -> dict[str, Any]:
    names = ("freezer", "room", "loft")
    return {"sensors": {name: {"type": "ds18b20", "pin": pin} for name, pin in zip(names, pins, strict=False)}, **more}


def test_each_gets_the_address_that_was_pointed_at_and_the_last_one_is_not_asked_for(virtual: VirtualBoard) -> None:
    roms = [virtual.sensors.ds18b20(PIN, index).rom.hex() for index in (0, 1)]
    person = Person("r", "3", "2")
    written = config("GPIO4", 4)
    found = which.settle(written, virtual.port, person.ask, person.shown.append)
    assert found["sensors"]["freezer"]["address"] == roms[1]
    assert found["sensors"]["room"]["address"] == roms[0]
    assert "address" not in written["sensors"]["freezer"]
    shown = "\n".join(person.shown)
    assert f"1: {roms[0]}, 21.5 °C" in shown
    assert f"2: {roms[1]}, -18 °C" in shown
    assert shown.count("Which of them is freezer") == 2
    assert "Which of them is room" not in shown
    assert "answer one of r, 1, 2" in shown
    assert f'sensors.room.address = "{roms[0]}" (write it into your file)' in shown


def test_one_that_has_an_address_keeps_it_and_a_pins_name_is_the_boards(virtual: VirtualBoard) -> None:
    roms = [virtual.sensors.ds18b20(PIN, index).rom.hex() for index in (0, 1)]
    written = config("one_wire", "one_wire")
    written["sensors"]["room"]["address"] = roms[0].upper()
    person = Person()
    found = which.settle(written, virtual.port, person.ask, person.shown.append)
    assert found["sensors"]["freezer"]["address"] == roms[1]


def test_fewer_that_answer_than_are_configured_are_told(virtual: VirtualBoard) -> None:
    person = Person("1", "1")
    with pytest.raises(UserError, match=r"2 DS18B20 .* answer, and 3 are configured \(freezer, room, loft\): check"):
        which.settle(config(4, 4, 4), virtual.port, person.ask, person.shown.append)


@pytest.mark.parametrize(
    "written", [config(4), config(4, 5), {}, [], None, {"sensors": []}, {"sensors": {"a": 1, "b": {"type": "ds18b20"}}}]
)
def test_without_anything_to_ask_the_board_is_left_alone(written: Any) -> None:
    person = Person()
    assert which.settle(written, "/dev/null/none", person.ask, person.shown.append) == written
