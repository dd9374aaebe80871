"""A node that cannot start, hangs or crashes still sends what waits, and says what happened."""

from __future__ import annotations

import re
import time
from binascii import crc32
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from damaged_files import FOREIGN, damaged
from host.firmware.firmware_rig import PASSWORD, Rig, installed, rig, settings
from umail import durable
from umail_host.device.board import Board
from umail_host.paths import firmware

GOOD_STATE = b'{"version": 1, "rules": {"temperature": {"active": true, "since": 1, "peak": 40, "row": 0}}}'
GOOD_OUTBOX = {"now": 5, "date": None, "config": "", "policy": {"until": 0, "keys": {"a": [1, 2, 3, 4, "x"]}}}
# Starts without the pauses that would make the test long.
HASTY = b"from alertnode import start\nstart.CRASH_PAUSE = 0\nstart.main()\n"
WAITING = """
import umail
from umail import Message, Route
Outbox = umail.Outbox
box = Outbox("/outbox", Route("localhost", 25, security="plain", sender="esp32@contoso.com"))
box.put(Message("esp32@contoso.com", ["ops@contoso.com"], "the alert that waits", text="!"))
"""


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    return installed(tmp_path_factory.mktemp("firmware") / "flash")


@pytest.fixture
def node(flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(flash, tmp_path / "board") as made:
        yield made
        assert PASSWORD not in made.board.console.text


@pytest.mark.parametrize("error", ["MemoryError", "KeyError", "OSError", "ValueError", "RuntimeError"])
def test_the_third_failed_start_is_a_safe_mode_that_sends_what_waits_and_says_what_happened(
    node: Rig, error: str
) -> None:
    broken = (firmware() / "alertnode" / "rulebook.py").read_bytes()
    broken += f"\n\ndef make(*_):\n    raise {error}('by the test')\n".encode()
    node.start(settings(node.server), {"/lib/alertnode/rulebook.py": broken, "/main.py": HASTY}, prepare=WAITING)
    for _ in range(3):
        node.wait_for("crashed; restarting in 0 s")
    node.wait_for("safe mode, as the start failed 3 times", 30)
    waited, told = sorted(node.server.inbox.wait(2, 30), key=lambda mail: "safe mode" in str(mail["Subject"]))
    assert waited["Subject"] == "the alert that waits"
    assert told["Subject"] == "Could not start, runs in safe mode (freezer-3)"
    text = told.get_content()
    assert "The board was restarted after a crash. Its log ended:" in text
    assert error in text
    assert "alertnode 0.1.0, MicroPython" in text
    node.wait_for("runs in safe mode (freezer-3): mailed")


def test_an_outbox_that_cannot_be_opened_is_put_aside_and_the_mail_that_says_so_goes(node: Rig) -> None:
    node.start(settings(node.server), {"/outbox": b"not a folder", "/main.py": HASTY})
    node.wait_for("safe mode, as the start failed 3 times", 30)
    (told,) = node.server.inbox.wait(1, 30)
    assert "put aside as /outbox.bad" in told.get_content()
    with Board(node.board.port) as link:
        link.enter()
        assert link.get("/outbox.bad") == b"not a folder"


def test_an_outbox_that_breaks_even_safe_mode_is_put_aside(node: Rig) -> None:
    poisoned = b"""
from alertnode import start
from umail.outbox import Outbox
start.CRASH_PAUSE = 0
flush = Outbox.flush
def poisoned(self, budget=None):
    for entry in self.pending():
        if self.read(entry).subject == "the alert that waits":
            raise MemoryError("by the test")
    return flush(self, budget)
Outbox.flush = poisoned
start.main()
"""
    node.start(settings(node.server), {"/main.py": poisoned}, prepare=WAITING)
    node.wait_for("safe mode, as the start failed 3 times", 40)
    node.wait_for("safe mode, as the start failed 5 times", 40)
    (told,) = node.server.inbox.wait(1, 30)
    assert "safe mode failed, too" in told.get_content()
    assert "put aside as /outbox.bad" in told.get_content()


def test_memory_that_is_short_elsewhere_leaves_the_outbox_where_it_is(node: Rig) -> None:
    short = b"""
from alertnode import net_setup, platform, start
start.CRASH_PAUSE = 0
make = net_setup.make
def poisoned(*arguments):
    if platform.marked(platform.FAILS) < 7:
        raise MemoryError("by the test")
    return make(*arguments)
net_setup.make = poisoned
start.main()
"""
    node.start(settings(node.server), {"/main.py": short}, prepare=WAITING)
    node.wait_for("safe mode, as the start failed 7 times", 60)
    waited, told = sorted(node.server.inbox.wait(2, 30), key=lambda mail: "safe mode" in str(mail["Subject"]))
    assert waited["Subject"] == "the alert that waits"
    assert "outbox" not in told.get_content()


def test_that_the_outbox_was_put_aside_is_told_even_if_the_start_that_did_it_fails(node: Rig) -> None:
    poisoned = b"""
from alertnode import platform, start
from umail.outbox import Outbox
start.CRASH_PAUSE = 0
put = Outbox.put
def short(self, *arguments, **more):
    if platform.marked(platform.FAILS) < 6:
        raise MemoryError("by the test")
    return put(self, *arguments, **more)
Outbox.put = short
start.main()
"""
    node.start(settings(node.server), {"/outbox": b"not a folder", "/main.py": poisoned})
    node.wait_for("safe mode, as the start failed 3 times", 40)
    node.wait_for("safe mode, as the start failed 4 times", 40)
    (told,) = node.server.inbox.wait(1, 60)
    assert "was put aside as /outbox.bad: its mails are there." in told.get_content()


# On CPython, with many more: test_firmware_files.py.
@pytest.mark.parametrize("seed", range(6))
def test_no_file_of_its_own_keeps_the_node_from_starting(node: Rig, seed: int) -> None:
    node.celsius = 35
    chance = Random(seed)
    names = ("/state.json", "/clock", "/log.txt", "/log.txt.old", "/reset.txt", "/outbox/state", "/outbox/000001-5")
    names += tuple("/outbox/" + name for name in FOREIGN if name.isascii())
    contents = [data + b"\n%08x" % crc32(data) for data in (GOOD_STATE, b"1790000000")] + [durable.seal(GOOD_OUTBOX)]
    files = {name + end: damaged(chance, chance.choice(contents)) for name in names for end in ("", ".new")}
    node.start(settings(node.server), files)
    node.wait_for("35 °C is above 30 °C: alert mailed", 30)
    assert "crashed" not in node.board.console.text


def test_what_waits_is_sent_before_the_first_reading(node: Rig) -> None:
    crash = b"from alertnode import app, start\ndef sense(self):\n    1 / 0\napp.App.sense = sense\nstart.main()\n"
    node.start(settings(node.server), {"/main.py": crash}, prepare=WAITING)
    node.wait_for("the alert that waits: message mailed to ops@contoso.com")
    node.wait_for("ZeroDivisionError")


def test_an_exception_of_a_sensors_driver_is_a_missing_reading(node: Rig) -> None:
    broken = b"""
from alertnode import start
from alertnode.sensors import ds18b20
def read(self):
    return [][1]
ds18b20.Driver.read = read
start.main()
"""
    node.start(settings(node.server), {"/main.py": broken})
    node.wait_for("did not answer since start: DS18B20 on GPIO4: IndexError")
    node.wait_for("sensor did not answer since start: DS18B20 on GPIO4: IndexError")
    node.wait_for("alert mailed")


@pytest.mark.parametrize("error", ["OSError(19)", "KeyError('bus')", "MemoryError()", "ImportError('no driver')"])
def test_a_sensor_that_cannot_be_set_up_is_a_missing_reading_and_is_tried_again(node: Rig, error: str) -> None:
    broken = f"""
from alertnode import start
from alertnode.sensors import ds18b20
make, tries = ds18b20.Driver, []
def failing(*args):
    tries.append(1)
    if len(tries) < 6:
        raise {error}
    return make(*args)
ds18b20.Driver = failing
start.main()
""".encode()
    node.start(settings(node.server), {"/main.py": broken})
    node.wait_for("the sensor cannot be set up: ")
    node.wait_for("did not answer since start: DS18B20 on GPIO4: ")
    node.wait_for("the sensor is back")
    node.wait_for("recovery mailed")
    assert "crashed" not in node.board.console.text


STUCK = b"""
from alertnode import app, platform, start
from umail.queue import spool
def refuse(self, name):
    raise OSError(5)
spool.Spool.discard = refuse
wait, run = app.App.wait, app.App.run
def waiting(self, milliseconds):
    if self.mailer.outbox.stuck and not platform.marked(platform.RESETS):
        platform.mark(platform.RESETS, 1)
        platform.reset()
    wait(self, milliseconds)
def running(self):
    print("%d wait, %d are stuck" % (self.mailer.pending(), len(self.mailer.outbox.stuck)))
    run(self)
app.App.wait, app.App.run = waiting, running
start.main()
"""


def test_a_mail_that_was_delivered_and_that_the_flash_keeps_is_not_sent_again_after_a_reset(node: Rig) -> None:
    node.celsius = 35
    node.start(settings(node.server), {"/main.py": STUCK})
    node.wait_for("0 wait, 0 are stuck")
    node.wait_for("alert mailed")
    node.wait_for("0 wait, 1 are stuck")
    assert len(node.server.inbox.wait(1, 5)) == 1


def test_a_date_that_was_wrong_when_an_alert_was_put_does_not_make_it_too_old(node: Rig) -> None:
    true = time.time()
    node.board.clock.true_time = lambda: true - 400 * 86400
    node.celsius = 35
    node.server.set_faults("mail-451")
    node.start(settings(node.server))
    node.wait_for("35 °C is above 30 °C: alert not mailed, temporary failure")
    node.board.clock.true_time = lambda: true
    node.board.hard_reset()
    # What happened is put before what waits is tried again, and the mail's age is what counts.
    node.wait_for("message not mailed, temporary failure", 40)
    assert "gave up" not in node.board.console.text
    node.server.set_faults("")
    node.wait_for("message mailed to ops@contoso.com", 60)


def test_a_watchdog_reset_names_the_part_that_hung(node: Rig) -> None:
    node.celsius = 35
    hang = b"""
import machine, time
from alertnode import start
from alertnode.sensors import ds18b20
if machine.reset_cause() != machine.WDT_RESET:
    def read(self):
        while True:
            time.sleep(1)
    ds18b20.Driver.read = read
start.main()
"""
    node.start(settings(node.server, watchdog=3), {"/main.py": hang})
    node.wait_for("started by watchdog")
    node.wait_for("alert mailed")
    text = node.server.inbox.wait(1, 5)[0].get_content()
    assert "The board was reset by its watchdog while it was reading the sensor. Its log ended:" in text


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda host, packet: packet[:1] + b"\0" + packet[2:12] + b"DENY" + packet[16:], "it refuses to answer (DENY)"),
        (lambda host, packet: packet[:1] + b"\x10" + packet[2:], "it does not know the time itself"),
        (lambda host, packet: b"\xe4" + packet[1:], "it does not know the time itself"),
        (lambda host, packet: packet[:40] + bytes(8), "it gives no time"),
        (lambda host, packet: packet[:40] + bytes((0, 0, 1, 0)) + bytes(4), "gives 2036-02-07"),
    ],
)
def test_a_time_server_that_cannot_be_right_sets_no_clock(node: Rig, tamper, words: str) -> None:
    node.board.clock.ntp_answer = tamper
    node.celsius = 35
    node.start(settings(node.server))
    node.wait_for(words)
    node.wait_for("1 mail waits: the clock is not set")
    assert node.board.clock.now() < 1_000_000_000
    node.board.clock.ntp_answer = lambda host, packet: packet
    if "refuses" not in words:
        node.wait_for("alert mailed", 30)


@pytest.fixture(scope="module")
def pico_flash(tmp_path_factory: pytest.TempPathFactory, micropython: str) -> Path:
    return installed(tmp_path_factory.mktemp("pico") / "flash", "RPI_PICO_W")


@pytest.fixture
def pico(pico_flash: Path, tmp_path: Path) -> Iterator[Rig]:
    with rig(pico_flash, tmp_path / "board", kind="RPI_PICO_W", sleep_speed=100_000) as made:
        yield made


def test_a_pico_w_starts_with_the_default_watchdog_and_outlives_the_chips_own(pico: Rig) -> None:
    pico.celsius = 35
    config = settings(pico.server)
    del config["watchdog"]
    pico.start(config)
    pico.wait_for("35 °C is above 30 °C: alert mailed")
    assert pico.board.powered


@pytest.mark.long
def test_a_pico_w_that_hangs_is_reset_after_the_time_that_was_set_and_says_so(pico: Rig) -> None:
    pico.celsius = 35
    hang = b"""
import machine, time
from alertnode import platform, start, watchdog
from alertnode.sensors import ds18b20
watchdog.SHORT, watchdog.EVERY = 1500, 300
WDT = machine.WDT
def wdt(timeout):
    if timeout > 8388:
        raise ValueError("timeout exceeds 8388")
    return WDT(timeout=timeout)
machine.WDT = wdt
if not platform.marked(platform.STATE):
    def read(self):
        print("hangs")
        while True:
            time.sleep(1)
    ds18b20.Driver.read = read
start.main()
"""
    pico.start(settings(pico.server, watchdog=9), {"/main.py": hang})
    pico.wait_for("hangs")
    pico.wait_for("started by watchdog", 25)
    pico.wait_for("alert mailed")
    text = pico.server.inbox.wait(1, 5)[0].get_content()
    assert "reset by its watchdog while it was reading the sensor" in text


def test_a_pico_w_on_battery_sleeps_for_hours_and_claims_no_watchdog_reset(pico: Rig) -> None:
    pico.start(settings(pico.server, battery={"budget": 30}, interval=7200))
    pico.wait_for("asleep for 119 min", 30)
    pico.celsius = 35
    pico.wait_for("alert mailed", 60)
    pico.wait_for("asleep for", 30)
    pico.celsius = 20
    pico.wait_for("recovery mailed", 60)
    alert, recovery = (message.get_content() for message in pico.server.inbox.wait(2, 5))
    assert "watchdog" not in alert + recovery
    assert re.search(r"(119 min|2 h 0 min) before", recovery)


def test_a_pico_w_that_crashed_says_crash_and_not_watchdog(pico: Rig) -> None:
    pico.celsius = 35
    crash = b"""
from alertnode import app, platform, start
start.CRASH_PAUSE = 1
if not platform.marked(platform.FAILS):
    def sense(self):
        1 / 0
    app.App.sense = sense
start.main()
"""
    pico.start(settings(pico.server), {"/main.py": crash})
    pico.wait_for("crashed; restarting in 1 s")
    pico.wait_for("started by reset")
    pico.wait_for("alert mailed")
    text = pico.server.inbox.wait(1, 5)[0].get_content()
    assert "The board was restarted after a crash. Its log ended:" in text
    assert "watchdog" not in text
