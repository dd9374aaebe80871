"""A board that has a fleet key signs each of its mails, over resets; one that has none loads nothing for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, WIFI_PASSWORD, Rig, rig, settings
from umail_host.fleet import status
from umail_host.paths import firmware

KEY = bytes(range(1, 33))
SECRETS = {"mail_password": PASSWORD, "wifi_password": WIFI_PASSWORD}
# As start.py, but that it says with each reading what is loaded.
TELLING = b"""
import sys
from alertnode import platform, start
start.WINDOW = 200
shown = sys.modules.keys
from alertnode.log import Log
really = Log.show
def show(self, text):
    really(self, text + " loaded: " + " ".join([name for name in sys.modules if name[:10] == "alertnode."]))
Log.show = show
start.main()
"""

HASTY = b"from alertnode import start\nstart.WINDOW, start.CRASH_PAUSE = 200, 0\nstart.main()\n"


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text
        assert KEY.hex() not in made.board.console.text


def statuses(node: Rig, count: int) -> list[status.Status]:
    found = []
    for message in node.server.inbox.wait(count, 20):
        said = status.read(str(message[status.HEADER]), lambda identity: KEY)
        assert isinstance(said, status.Status), message[status.HEADER]
        found.append(said)
    return found


def test_each_mail_of_a_board_with_a_key_is_signed_and_numbers_go_on_after_a_reset(node: Rig) -> None:
    node.celsius = 35
    config = settings(node.server, heartbeat=1, storm={"window": 0}, expires={"client secret": "2127-03-01"})
    node.start(config, secrets={**SECRETS, "fleet_key": KEY.hex()})
    node.wait_for("alert mailed")
    node.celsius = 20
    node.wait_for("recovery mailed")
    first, second = statuses(node, 2)
    assert first.name == "freezer-3"
    assert first.alerts == ("temperature",)
    assert not second.alerts
    assert (first.board, first.config, first.expires[0][0]) == (second.board, second.config, "client secret")
    assert first.signal == -61
    assert first.due is not None
    assert first.at < first.due < first.at + 2 * 86400
    assert first.flash > 10_000
    assert first.heap > 10_000
    node.celsius = 35
    node.board.hard_reset()
    node.wait_for("alert mailed")
    third = statuses(node, 3)[-1]
    assert first.number < second.number < third.number
    assert "without its status" not in node.board.console.text


def test_what_signs_is_gone_again_before_the_next_reading(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server), {"/main.py": TELLING}, secrets={**SECRETS, "fleet_key": KEY.hex()})
    node.wait_for("alert mailed")
    loaded = node.wait_for("loaded:") + node.wait_for("\n")
    assert "alertnode.signing" in loaded
    assert not {"alertnode.status", "alertnode.hmac256", "alertnode.secrets"} & set(loaded.split())


def test_a_board_without_a_key_says_nothing_and_loads_nothing(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server), {"/main.py": TELLING}, secrets=SECRETS)
    node.wait_for("alert mailed")
    loaded = node.wait_for("loaded:") + node.wait_for("\n")
    assert "alertnode.app" in loaded
    assert not {"alertnode.signing", "alertnode.status", "alertnode.hmac256"} & set(loaded.split())
    assert node.server.inbox.wait(1, 5)[0][status.HEADER] is None


def test_a_mail_of_safe_mode_is_signed_and_says_what_it_is(node: Rig) -> None:
    config = settings(node.server, heartbeat={"days": 2, "at": "07:00"})
    broken = (firmware() / "alertnode" / "rulebook.py").read_bytes() + b"\n\ndef make(*_):\n    raise KeyError(1)\n"
    files = {"/lib/alertnode/rulebook.py": broken, "/main.py": HASTY}
    node.start(config, files, secrets={**SECRETS, "fleet_key": KEY.hex()})
    node.wait_for("safe mode, as the start failed", 30)
    (said,) = statuses(node, 1)
    assert (said.name, said.alerts) == ("freezer-3", ("safe mode",))
    assert said.due is not None
    # It is missed if it comes to nothing.
    assert 2 * 86400 <= said.due - said.at < 3 * 86400
    node.wait_for("runs in safe mode (freezer-3): mailed")


def test_a_mail_goes_though_its_status_cannot_be_made(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server), secrets={**SECRETS, "fleet_key": "not hexadecimal"})
    node.wait_for("the mail goes without its status")
    node.wait_for("alert mailed")
    assert node.server.inbox.wait(1, 5)[0][status.HEADER] is None
