"""A node on battery wakes with little, mails with all of it, and never sleeps with its radio on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, Rig, rig, settings

# As start.py, but that it says before each sleep what is loaded, and whether the radio is on.
TELLING = b"""
import sys
from alertnode import platform, start
really = platform.deepsleep
def deepsleep(seconds, feed):
    import network
    from sys import modules
    print("loaded:", [name for name in modules if name.split(".")[0] in ("umail", "alertnode")])
    print("radio:", network.WLAN(network.STA_IF).active())
    really(seconds, feed)
platform.deepsleep = deepsleep
start.WINDOW = 200
start.main()
"""
MAILS = {f"alertnode.{name}" for name in ("mail_setup", "mailer", "routes", "secrets", "wifi", "expiry", "config")}


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text


def _loaded(text: str) -> set[str]:
    return set(re.findall(r"'([\w.]+)'", text.rpartition("loaded:")[2]))


def test_a_wake_with_nothing_due_loads_nothing_that_mails_and_the_radio_is_off_before_every_sleep(node: Rig) -> None:
    node.start(settings(node.server, battery={"budget": 30}, interval=600), {"/main.py": TELLING})
    first = node.wait_for("radio:")
    assert "Wi-Fi lab is up" in first
    assert "umail.outbox" in _loaded(first)
    for _ in range(2):
        quiet = _loaded(node.wait_for("radio:"))
        assert not {name for name in quiet if name.startswith("umail")}
        assert not quiet & MAILS
    node.celsius = 35
    node.wait_for("35 °C is above 30 °C: alert mailed")
    node.celsius = 20
    node.wait_for("recovery mailed")
    node.wait_for("radio:")
    quiet = _loaded(node.wait_for("radio:"))
    assert not {name for name in quiet if name.startswith("umail")}
    told = re.findall(r"radio: (\w+)", node.board.console.text)
    assert len(told) >= 5
    assert set(told) == {"False"}


def test_the_radio_is_off_before_a_sleep_that_follows_a_failure_too(node: Rig) -> None:
    node.server.stop()
    node.celsius = 35
    node.start(settings(node.server, battery={"budget": 30}, interval=600), {"/main.py": TELLING})
    node.wait_for("alert not mailed")
    node.wait_for("radio: False")
    node.board.wifi.refuse()
    node.wait_for("wrong password", 60)
    node.wait_for("radio: False")
    assert "radio: True" not in node.board.console.text


def test_a_configuration_changed_while_the_board_sleeps_is_checked_again(node: Rig) -> None:
    change = """
config = open("/config.json").read()
with open("/config.json", "w") as file:
    file.write(config.replace('"interval": 600', '"interval": 0'))
"""
    once = TELLING + b"\n"
    hook = b'if platform.slept():\n    import os\n    if "maintenance.once" in os.listdir("/"):\n'
    hook += b"".join(b"        " + line.encode() + b"\n" for line in change.strip().splitlines())
    once = TELLING.replace(b"start.WINDOW", hook + b"start.WINDOW")
    prepare = 'open("/maintenance.once", "w").close()'
    node.start(settings(node.server, battery={"budget": 30}, interval=600), {"/main.py": once}, prepare=prepare)
    node.wait_for("radio: False")
    node.wait_for('"interval" is 0, outside of 0.1 to 86400')
