"""`umail demo --sensors`: three sensors on one virtual board fail and go wrong in turn, and each mail comes once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from umail_host.demo_stage import RECIPIENT, stage
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.virtual_board import VirtualBoard

FREEZER, CLIMATE, DOOR = 4, 15, 13
_PATIENCE = 40.0  # seconds
SENSORS = {
    "freezer": {"type": "ds18b20", "pin": FREEZER},
    "climate": {"type": "dht22", "pin": CLIMATE},
    "door": {"type": "contact", "pin": DOOR},
}
RULES = [
    {"name": "freezer warm", "of": "freezer", "when": "above", "limit": -15, "hysteresis": 1},
    {"name": "damp", "of": "climate.humidity", "when": "above", "limit": 70, "hysteresis": 3},
    {"name": "door", "of": "door", "when": "open", "for": 2},
]


@dataclass(frozen=True)
class Step:
    """Something that happens: what a person is told, what is done, and what the console says once its mail has left."""

    text: str
    act: Callable[[VirtualBoard], None]
    mailed: str


def _freezer(celsius: float) -> Callable[[VirtualBoard], None]:
    return lambda board: setattr(board.sensors.ds18b20(FREEZER), "celsius", celsius)


def _climate(name: str, value: object) -> Callable[[VirtualBoard], None]:
    return lambda board: setattr(board.sensors.dht(CLIMATE), name, value)


def _door(level: int) -> Callable[[VirtualBoard], None]:
    return lambda board: board.pins[DOOR].drive(level)


STORY = (
    Step("the freezer warms up to -9 °C", _freezer(-9), "is above -15 °C: alert mailed"),
    Step("it is cold again", _freezer(-18), "(limit -15 °C): recovery mailed"),
    Step("someone leaves the door open", _door(1), "is open for 2 s: alert mailed"),
    Step("and closes it", _door(0), "door is closed: recovery mailed"),
    Step("the air gets damp", _climate("humidity", 82), "is above 70 %: alert mailed"),
    Step("a cable comes off", _climate("gone", True), "climate sensor is gone"),
    Step("it is put back", _climate("gone", False), "climate sensor is back: recovery mailed"),
    Step("the air is dry", _climate("humidity", 50), "(limit 70 %): recovery mailed"),
)


def run(name: str, console: Console) -> None:
    """Show it all as it happens, and check that each mail came once.

    Raises:
        UserError: the board said something else, or the mails are others.
    """
    with stage("virtual", console) as it:
        freezer = it.board.sensors.ds18b20(FREEZER)
        freezer.celsius, freezer.conversion = -18, 0.01
        it.board.sensors.dht(CLIMATE).interval = 0
        _door(0)(it.board)
        it.start({"board_name": name, "sensors": SENSORS, "rules": RULES, "interval": 1})
        _play(it.board, it.tell)
        it.lines.on = False
        _check(it.server, it.tell)


def _play(board: VirtualBoard, tell: Callable[[str], None]) -> None:
    try:
        board.wait_for("climate.humidity", _PATIENCE)
        for step in STORY:
            tell(f"demo  │ {step.text}")
            step.act(board)
            board.wait_for(step.mailed, _PATIENCE)
            if "is gone" in step.mailed:
                board.wait_for("alert mailed", _PATIENCE)
    except TimeoutError as error:
        raise UserError(f"the board did not say what it should; it says why above ({error})", exit_code=1) from error


def _check(server: FakeServer, tell: Callable[[str], None]) -> None:
    server.inbox.wait(len(STORY), 10)
    messages = list(server.inbox)
    right = len(messages) == len(STORY) == len({str(message["Message-ID"]) for message in messages})
    if not right or any(message["To"] != RECIPIENT for message in messages):
        raise UserError(
            f"{len(messages)} mails arrived, and {len(STORY)} were due: this is a bug in umail", exit_code=1
        )
    tell(f"three sensors went wrong in turn: {len(STORY)} mails were due, {len(messages)} arrived, each once")
