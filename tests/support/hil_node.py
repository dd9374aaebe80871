"""A board online beside a fake server, for the tests in tests/hil."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import planted
from umail_host.device.board import SCRIPT
from umail_host.fake_smtp import FakeServer
from umail_host.hil.dut import Dut

USER, PASSWORD, TOKEN = "esp32@contoso.com", planted.MAIL_PASSWORD, planted.TOKEN
TRUST = "/hil.der"
_DEVICE = Path(__file__).parent.with_name("hil") / "on_device.py"


class Online:
    """A board in the network, with the server's root and the right time on it.

    Attributes:
        board, server: both ends.
    """

    def __init__(self, board: Dut, server: FakeServer, host: str) -> None:
        self.board, self.server = board, server
        self.host = "localhost" if host == "127.0.0.1" else host
        board.put(TRUST, server.ca_der)
        self.prepare()

    def prepare(self) -> None:
        """Set the clock (a certificate is not valid in 2000) and define what tests call; again after each reset."""
        now = time.gmtime()
        parts = (now.tm_year, now.tm_mon, now.tm_mday, now.tm_wday, now.tm_hour, now.tm_min, now.tm_sec, 0)
        self.board.exec(f"import machine\nmachine.RTC().datetime({parts!r})")
        for script in (SCRIPT, _DEVICE):
            self.board.exec(script.read_text(encoding="utf-8"))

    def route(self, kind: str = "submission", **more: Any) -> dict[str, Any]:
        """Arguments of the route to the server, as on_device.py takes them."""
        if kind in ("direct_send", "relay") and self.host != "localhost":
            # These refuse an IP address; what goes over the wire is the same.
            more = {name: value for name, value in more.items() if name != "domain"}
            kind = "route"
        found = {"kind": kind, "host": self.host, "port": self.server.port, "trust": TRUST, **more}
        if kind in ("submission", "hve", "gmail", "azure_communication"):
            found = {"username": USER} | found
            if "access_token" not in found:
                found.setdefault("password", PASSWORD)
        return found

    def send(self, *arguments: Any, **route: Any) -> Any:
        """Call `send` of on_device.py."""
        return self.board.call("send", self.route(**route), *arguments, timeout=180)
