"""On a board: Wi-Fi that comes and goes, the time from the network, a TLS handshake and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from hil_node import Online
from umail_host.fake_smtp import FakeServer
from umail_host.hil.dut import Dut
from umail_host.hil.network import Wifi

pytestmark = [pytest.mark.hil, pytest.mark.needs("wifi", "umail")]
Figure = Callable[[str, float, str], None]


def test_the_board_joins_the_wifi_and_leaves_it(board: Dut, wifi: Wifi, figure: Figure) -> None:
    wifi.leave()
    figure("Wi-Fi joined", wifi.join(), "ms")
    assert wifi.online
    wifi.leave()
    assert not wifi.online


@pytest.mark.needs("access_point")
def test_a_mail_without_a_network_fails_for_now_and_goes_when_it_is_back(node: Online, wifi: Wifi) -> None:
    wifi.drop()
    time.sleep(0.3)
    assert node.send()["kind"] == "temporary"
    wifi.restore()
    wifi.join(60)
    assert node.send()["accepted"] == ["ops@contoso.com"]


def test_the_clock_is_set_from_the_network(
    board: Dut, wifi: Wifi, request: pytest.FixtureRequest, figure: Figure
) -> None:
    wifi.join()
    host = request.config.getoption("--ntp")
    took, epoch, seconds = board.call(set_time, host)
    figure("clock set", took, "ms")
    assert abs(seconds + (946684800 if epoch == 2000 else 0) - time.time()) < 5


def set_time(host: str) -> Any:
    """Runs on the board."""
    import time

    import ntptime

    ntptime.host = host
    begun = time.ticks_ms()
    ntptime.settime()
    return time.ticks_diff(time.ticks_ms(), begun), time.gmtime(0)[0], time.time()


def test_a_tls_handshake_fits_the_heap(node: Online, serve: Callable[..., FakeServer], figure: Figure) -> None:
    tls = serve("gmail", implicit_tls=True, starttls=False)
    cost = node.board.call("handshake", node.host, tls.port, tls.ca_der)
    held = cost["before"]["free"] - cost["open"]["free"]
    figure("TLS handshake", cost["ms"], "ms")
    figure("heap of a TLS connection", held, "bytes")
    assert held < node.board.facts["free"]
