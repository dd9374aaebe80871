"""Options and markers of the pytest plugin, and what they say when they do not fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from umail_host.errors import UserError
from umail_host.hil import places

MARKERS = (
    "hil: uses a board (given to every test that asks for one)",
    "needs(*what): of the rig: wifi (--wifi-ssid), access_point (--access-point), power (--power); umail: on the board",
    "boards(count): how many boards the fixture `boards` gives",
    "power_cycle: cuts the board's supply (needs --power)",
    "soak: takes minutes or hours; run with --soak",
    "virtual_only: can be done to no real board",
)
FLASH = ("never", "if-needed", "always")
DEPLOY = ("mount", "copy", "mpy", "romfs")


@dataclass(frozen=True)
class Settings:
    """What the options of the plugin say.

    Attributes:
        places: all boards of the rig.
        powers: ``--power`` for each of them, in order; one stands for all.
        flash, firmware, board_type: see ``prepare``.
        deploy: how the library gets onto every board; empty: compiled, onto those whose test wants it.
        wait: seconds to wait for a board that others use.
        run: folder that the processes of this run share.
    """

    places: list[places.Place]
    powers: list[str]
    flash: str
    firmware: Path | None
    board_type: str
    deploy: str
    wait: float
    run: Path


def add(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("umail", "boards (umail)")
    group.addoption(
        "--board",
        action="append",
        metavar="BOARD",
        help="virtual (the default), a port, id:SERIAL, rfc2217://HOST:PORT or labgrid:PLACE; once for each board",
    )
    group.addoption("--board-type", default="", metavar="NAME", help="a name of `umail boards --known`, for --flash")
    group.addoption("--board-wait", type=float, default=300.0, metavar="S", help="seconds to wait for a board in use")
    group.addoption("--flash", choices=FLASH, default="never", help="MicroPython, before the first test")
    group.addoption("--firmware", type=Path, metavar="FILE", help="what --flash writes")
    group.addoption("--deploy", choices=DEPLOY, default="", help="put umail onto every board, in this way")
    group.addoption(
        "--power",
        action="append",
        metavar="SWITCH",
        help="none, uhubctl:LOCATION:PORT, cmd:COMMAND or labgrid; once for all boards, or for each in order",
    )
    group.addoption("--wifi-ssid", default="", help="network for real boards; its password in UMAIL_WIFI_PASSWORD")
    group.addoption(
        "--access-point", default="", metavar="COMMAND", help="switches that network: gets up or down as its last word"
    )
    group.addoption("--ntp", default="pool.ntp.org", metavar="HOST", help="time server for real boards")
    group.addoption("--soak", action="store_true", help="run tests marked soak")
    group.addoption("--artefacts", type=Path, help="folder for logs, mails, figures; none without it")


def settings(config: pytest.Config, run: Path) -> Settings:
    """Return the options as one value; ``run`` is the folder that the processes of this run share.

    Raises:
        pytest.UsageError: one is wrong.
    """
    get = config.getoption
    try:
        found = places.parse_all(get("--board") or [])
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    return Settings(
        places=found,
        powers=get("--power") or [],
        flash=get("--flash"),
        firmware=get("--firmware"),
        board_type=get("--board-type"),
        deploy=get("--deploy"),
        wait=get("--board-wait"),
        run=run,
    )


def why_not(item: pytest.Item, rig: Settings) -> str:
    """Say why this rig cannot run the test, in a sentence that names the option to give; empty if it can.

    Raises:
        pytest.UsageError: the test needs what no rig has.
    """
    if item.get_closest_marker("soak") and not item.config.getoption("--soak"):
        return "takes long: give --soak"
    if rig.places[0].virtual:
        return ""
    if item.get_closest_marker("virtual_only"):
        return "can be done to the virtual board only: give --board virtual"
    count = wanted(item)
    if count > len(rig.places):
        return f"needs {count} boards: give --board that many times"
    needs = needed(item)
    if item.get_closest_marker("power_cycle"):
        needs.add("power")
    get = item.config.getoption
    lacking = {
        "wifi": "" if get("--wifi-ssid") else "needs Wi-Fi: give --wifi-ssid, and UMAIL_WIFI_PASSWORD",
        "access_point": "" if get("--access-point") else "switches the access point: give --access-point",
        "umail": "",
        "power": "" if set(rig.powers) - {"none"} else "cuts the supply: give --power",
    }
    if unknown := needs - lacking.keys():
        raise pytest.UsageError(f"{item.nodeid}: needs({', '.join(sorted(unknown))}) is none of {', '.join(lacking)}")
    return next((lacking[need] for need in sorted(needs) if lacking[need]), "")


def needed(item: pytest.Item) -> set[str]:
    """Return what the test needs, by its markers."""
    return {str(need) for marker in item.iter_markers("needs") for need in marker.args}


def wanted(item: pytest.Item) -> int:
    """Return how many boards the test asks for."""
    marker = item.get_closest_marker("boards")
    return int(marker.args[0]) if marker and marker.args else 1
