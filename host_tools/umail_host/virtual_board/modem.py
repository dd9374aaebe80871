"""A modem on a UART of the board: its AT commands (3GPP TS 27.007, ITU-T V.250), its SIM and network, and PPP on top.

What lies between the modem and the world is not simulated: once PPP is up, the board's sockets reach what the Wi-Fi's
would. As on an ESP32, whose lwIP asks for no echo, PPP stays "connected" if the modem loses its supply.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable

from umail_host.virtual_board.pins import Pins

# network.PPP's states (ports/esp32/network_ppp.c), and lwIP's errors, which `status` gives as negative numbers.
_INACTIVE, _ACTIVE, _ERROR, _CONNECTING, _CONNECTED = range(5)
_AUTHFAIL, _PEERDEAD = 7, 9
_GUARD = 1.0  # seconds of silence around +++
_NONE, _PAP, _CHAP = 0, 1, 2
_NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "255.255.255.255", "0.0.0.0")


class Modem:
    """The modem, on command, and MicroPython's UART and PPP.

    Attributes:
        fitted: whether there is one at the UART's pins.
        sim: ``ready``, ``pin`` (asks for its PIN) or ``missing``.
        network: ``home``, ``searching`` or ``denied``.
        apn: the access point that takes calls; None: any.
        login: (user name, password, kind of question) that the provider wants, ``pap`` or ``chap``; None: none.
        boot: seconds from power to the first answer; delay: those that PPP takes.
        address: (own, the provider's end, mask, DNS server).
        calls_taken: how many.
    """

    def __init__(self, pins: Pins, moved: Callable[[], None]) -> None:
        self.fitted = True
        self.sim, self.network, self.signal = "ready", "home", 14
        self.apn: str | None = None
        self.login: tuple[str, str, str] | None = None
        self.boot, self.delay = 0.3, 0.2
        self.address: tuple[str, str, str, str] = ("127.0.0.1", "127.0.0.1", "255.255.255.255", "127.0.0.1")
        self.calls_taken = 0
        self._pins, self._moved = pins, moved
        self._started = 0.0
        self._supply: int | None = None
        self._key: int | None = None
        self._escape: asyncio.TimerHandle | None = None
        self._fresh()
        self._reset()

    def __repr__(self) -> str:
        return f"<Modem {'in data mode' if self._data else 'takes commands'}, PPP {self._state}>"

    # The modem and its network, from any thread.

    def wire(self, supply: int | None = None, power_key: int | None = None) -> None:
        """Let pins of the board feed it (while high) and press its power key (when high); without them it is on."""
        self._supply, self._key = supply, power_key
        if supply is not None:
            self._pins.watch(supply, self._fed)
        if power_key is not None:
            self._pins.watch(power_key, self._press)

    def drop_call(self) -> None:
        """Let the network end the call: PPP is told so."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._dropped)

    def restart(self) -> None:
        """Let the modem lose its supply for a moment, unannounced."""
        self._fresh()
        self._started = time.monotonic() + self.boot
        self._moved()

    @property
    def connected(self) -> bool:
        """Whether the board's packets come through."""
        return self._state == _CONNECTED and self._data and self._on

    # UART and PPP, from the board's thread.

    def power_lost(self) -> None:
        """Forget what the chip knows (any hard reset); the modem stays as it is, in its call too."""
        self._reset()
        self._moved()

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {
            "uart.open": self._open,
            "uart.write": self._write,
            "uart.read": self._read,
            "ppp.active": self._activate,
            "ppp.connect": self._connect,
            "ppp.disconnect": self._disconnect,
            "ppp.status": lambda: -self._error if self._state == _ERROR else self._state,
            "ppp.ifconfig": lambda: self.address if self._state == _CONNECTED else _NO_ADDRESS,
        }

    def _fresh(self) -> None:
        """Be as after power-on."""
        self._echo, self._data, self._radio = True, False, True
        self._line = b""
        self._context = ""
        self._written = 0.0
        self._pressed = False
        self._stay()

    def _reset(self) -> None:
        self._out = bytearray()
        self._state, self._error = _INACTIVE, 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def _on(self) -> bool:
        fed = self._supply is None or bool(self._pins[self._supply].level)
        return self.fitted and fed and (self._key is None or self._pressed) and time.monotonic() >= self._started

    def _open(self) -> None:
        self._loop = asyncio.get_running_loop()

    def _press(self, level: int) -> None:
        if level and not self._pressed:
            self._fresh()
            self._pressed = True
            self._started = time.monotonic() + self.boot

    def _fed(self, level: int) -> None:
        if not level:
            self._fresh()
        else:
            self._started = time.monotonic() + self.boot

    def _read(self) -> list[int]:
        taken = bytes(self._out)
        self._out.clear()
        return list(taken)

    def _write(self, data: list[int]) -> None:
        now, before = time.monotonic(), self._written
        self._written = now
        self._stay()
        if not self._on:
            return
        if self._data:
            # (Whatever else comes is PPP's.)
            if bytes(data) == b"+++" and now - before >= _GUARD:
                self._escape = asyncio.get_running_loop().call_later(_GUARD, self._escaped)
            return
        if self._echo:
            self._out += bytes(data)
        self._line += bytes(data)
        while b"\r" in self._line:
            line, _, self._line = self._line.partition(b"\r")
            for answer in self._answers(line.decode("latin-1").strip()):
                self._out += b"\r\n" + answer.encode() + b"\r\n"

    def _escaped(self) -> None:
        self._data = False
        self._out += b"\r\nOK\r\n"
        self._moved()

    def _stay(self) -> None:
        if self._escape is not None:
            self._escape.cancel()
            self._escape = None

    def _answers(self, line: str) -> list[str]:
        if not line.upper().startswith("AT"):
            return []
        command = line[2:].upper()
        if command in ("", "H", "E0", "E1", "+CFUN=0", "+CFUN=1"):
            if command[:1] == "E":
                self._echo = command == "E1"
            if command[:6] == "+CFUN=":
                self._radio = command == "+CFUN=1"
            return ["OK"]
        if command == "+CPIN?":
            return {"ready": ["+CPIN: READY", "OK"], "pin": ["+CPIN: SIM PIN", "OK"]}.get(self.sim, ["+CME ERROR: 10"])
        if asked := re.fullmatch(r"\+(C|CG|CE)REG\?", command):
            state = {"home": 1, "searching": 2, "denied": 3}[self.network] if self._radio else 0
            return [f"+{asked[1]}REG: 0,{state}", "OK"]
        if command == "+CSQ":
            return [f"+CSQ: {self.signal},99", "OK"]
        if given := re.fullmatch(r'\+CGDCONT=1,"IP","([^"]*)"', line[2:], re.IGNORECASE):
            self._context = given[1]
            return ["OK"]
        if re.fullmatch(r"D\*99(\*{3}1)?#", command):
            if self.network != "home" or not self._radio or (self.apn is not None and self._context != self.apn):
                return ["NO CARRIER"]
            self._data = True
            self.calls_taken += 1
            return ["CONNECT 115200"]
        return ["ERROR"]

    def _activate(self, on: bool | None) -> bool:
        if on is False:
            self._disconnect()
        return self._state >= _ACTIVE

    def _disconnect(self) -> None:
        self._state = _INACTIVE
        self._cancel()
        self._moved()

    def _connect(self, kind: int, user: str | None, key: str | None) -> None:
        if self._state >= _CONNECTING:
            raise OSError(114)  # EALREADY
        self._state = _CONNECTING
        given = (user or "", key or "", {_NONE: "", _PAP: "pap", _CHAP: "chap"}[kind])
        self._timer = asyncio.get_running_loop().call_later(self.delay, lambda: self._answered(given))

    def _answered(self, given: tuple[str, str, str]) -> None:
        if not self._on or not self._data:
            # Nobody answers; PPP asks again and again.
            return
        if self.login is not None and given != self.login:
            self._fail(_AUTHFAIL)
        else:
            self._state = _CONNECTED
        self._moved()

    def _dropped(self) -> None:
        self._data = False
        if self._state >= _CONNECTING:
            self._fail(_PEERDEAD)

    def _fail(self, error: int) -> None:
        self._data, self._state, self._error = False, _ERROR, error
        self._cancel()
        self._out += b"\r\nNO CARRIER\r\n"
        self._moved()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
