"""On a board: deep sleep and wake, the watchdog, and a power cut while a mail is being sent."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from hil_node import Online
from umail_host.hil.dut import Dut
from umail_host.hil.network import Wifi
from umail_host.hil.plugin import Supply

pytestmark = [pytest.mark.hil, pytest.mark.needs("umail")]
Figure = Callable[[str, float, str], None]


def test_the_board_wakes_from_deep_sleep_with_its_rtc_memory(board: Dut, figure: Figure) -> None:
    # A Pico's deep sleep is a light sleep and a reset by its watchdog, and it has no such memory.
    pico = board.eval("__import__('sys').platform") == "rp2"
    if not pico:
        board.exec("import machine\nmachine.RTC().memory(b'kept')")
    begun = time.monotonic()
    board.begin("import machine\nmachine.deepsleep(1000)")
    time.sleep(0.5)
    board.reach(20)
    figure("sleep of 1 s and wake", time.monotonic() - begun, "s")
    assert board.ask()["reset_cause"] == ("WDT_RESET" if pico else "DEEPSLEEP_RESET")
    if not pico:
        assert board.eval("__import__('machine').RTC().memory()") == b"kept"


def test_a_watchdog_that_is_not_fed_resets_the_board(board: Dut) -> None:
    board.begin("import machine, time\nmachine.WDT(timeout=1000)\nwhile True:\n time.sleep_ms(50)")
    time.sleep(2)  # not to be stopped by Ctrl-C before it bites
    board.reach(20)
    assert board.ask()["reset_cause"] == "WDT_RESET"


@pytest.mark.needs("wifi")
def test_a_watchdog_fed_by_tick_does_not_bite_while_a_silent_server_is_waited_for(node: Online) -> None:
    node.server.set_faults("connect-silent")
    told = node.board.call("send_watched", node.route(), timeout=30)
    assert (told["kind"], told["stage"]) == ("temporary", "greeting")
    node.board.reset(hard=True)  # the watchdog can't be stopped otherwise


@pytest.mark.power_cycle
@pytest.mark.needs("wifi")
def test_a_power_cut_while_sending_loses_no_mail_of_the_outbox(node: Online, power: Supply, wifi: Wifi) -> None:
    board, server = node.board, node.server
    board.remove("/hil-outbox")
    assert board.call("put", node.route(), 3) == 3
    board.begin(f"flush({node.route()!r})")
    server.inbox.wait(1, timeout=30)
    power.off()
    power.on()
    board.reach(20)
    wifi.join()
    node.prepare()
    _, pending, dead = board.call("flush", node.route(), timeout=120)
    subjects = {str(message["Subject"]) for message in server.inbox.wait(3)}
    assert subjects == {"stored 0", "stored 1", "stored 2"}
    assert (pending, dead) in ((0, 0), (1, 0))
    numbers = [str(message["Message-ID"]) for message in server.inbox]
    # What went twice, in the uncertain window, bears the same Message-ID.
    assert len(set(numbers)) == 3
    board.remove("/hil-outbox")
