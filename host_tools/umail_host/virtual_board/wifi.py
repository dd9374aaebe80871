"""The access point near the board, and the board's station that joins it, is refused, or loses it."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence
from typing import Any

# States of the station; device/board_network.py has each port's numbers for them.
_IDLE, _CONNECTING, _GOT_IP = "idle", "connecting", "connected"
_NO_AP_FOUND, _WRONG_PASSWORD, _NO_ADDRESS_YET = "no access point", "wrong password", "no address"
_ESP32_ONLY = ("reconnects", "protocol", "hidden", "authmode")  # of WLAN.config
_NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")


class Wifi:
    """The access point, on command, and the station's state.

    As on an ESP32 the station tries again by itself until ``disconnect()``, and stays connected over a soft reset.

    Attributes:
        ssid: name of the network; None: any name will do.
        password: its password, empty if it is open; None: any will do.
        delay: seconds that connecting takes; dhcp: seconds more until a board that asks for it has an address.
        rssi: signal strength, dBm.
        address: (address, mask, gateway, DNS server) that DHCP gives.
        out_of_memory: an ESP32 has no memory left for its driver.
        release: MicroPython's, as (major, minor); its errors differ.
    """

    def __init__(self, moved: Callable[[], None]) -> None:
        self.ssid: str | None = None
        self.password: str | None = None
        self.delay = 0.2
        self.dhcp = 0.0
        self.rssi = -61
        self.port = "esp32"
        self.out_of_memory = False
        self.release = (1, 29)
        self.address: tuple[str, str, str, str] = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
        self.mac = bytes.fromhex("240ac4c0ffee")
        self._moved = moved
        self._present = True
        self._refusing = False
        self._timer: asyncio.TimerHandle | None = None
        self._reset_station()

    def __repr__(self) -> str:
        return f"<Wifi {self._status}>"

    # The access point, from any thread.

    def up(self) -> None:
        """Let the access point be there and accept (the state at the start)."""
        self._present, self._refusing = True, False

    def drop(self) -> None:
        """Take the access point away: a connected station notices, nothing reaches out any more."""
        self._present = False
        if self._status == _GOT_IP:
            # What an ESP32 says until its next attempt fails; the Pico's driver makes none.
            self._lose(_CONNECTING if self.port == "esp32" else _IDLE)

    def refuse(self) -> None:
        """Let the access point refuse the password from now on."""
        self._present, self._refusing = True, True
        if self._status == _GOT_IP:
            self._lose(_WRONG_PASSWORD)

    @property
    def state(self) -> str:
        """What the access point does and how the station stands, in a word: gone, refusing, connected, waiting."""
        if not self._present:
            return "gone"
        return "refusing" if self._refusing else "connected" if self.connected else "waiting"

    @property
    def connected(self) -> bool:
        """Whether the board's station has an address."""
        return self._status == _GOT_IP

    # The station, from the board's thread.

    def power_lost(self) -> None:
        """Forget the station's state (any hard reset); the access point stays as it is."""
        self._cancel()
        self._reset_station()
        self._moved()

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {
            "wlan.open": self._open,
            "wlan.active": self._activate,
            "wlan.connect": self._connect,
            "wlan.disconnect": self._disconnect,
            "wlan.isconnected": lambda interface: interface == 0 and self.connected,
            "wlan.status": lambda: _NO_ADDRESS_YET if self._inside else self._status,
            "wlan.rssi": self._get_rssi,
            "wlan.scan": self._scan,
            "wlan.ifconfig": self._ifconfig,
            "wlan.dns": self._set_dns,
            "wlan.config": self._get_config,
            "wlan.configure": self._configure,
        }

    def _reset_station(self) -> None:
        self._active = [False, False]
        self._status = _IDLE
        self._inside = False
        self._wanted = False
        self._tries = 0
        self._credentials: tuple[str | None, str | None] = (None, None)
        self._static: tuple[str, str, str, str] | None = None
        self._dns: str | None = None
        self._settings: dict[str, Any] = {"channel": 1, "pm": 1, "txpower": 20.0, "reconnects": -1, "protocol": 7}
        self._settings |= {"hidden": False, "security": 0, "authmode": 0, "hostname": "mpy-esp32"}

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _lose(self, status: str) -> None:
        self._status = status
        self._inside = False
        self._wanted = self._wanted and self.port == "esp32"
        self._moved()

    def _open(self) -> None:
        if self.out_of_memory and self.port == "esp32":
            if self.release < (1, 26):  # ESP_ERR_NO_MEM was not known to network_common.c
                raise RuntimeError("Wifi Unknown Error 0x0101")
            raise OSError("WiFi Out of Memory")

    def _activate(self, interface: int, on: bool | None) -> bool:
        if on:
            self._open()
        if on is not None:
            self._active[interface] = on
            if not on and interface == 0:
                self._disconnect()
        return self._active[interface]

    def _connect(self, ssid: str | None, key: str | None) -> None:
        if not self._active[0]:
            raise OSError("Wifi Not Started") if self.port == "esp32" else OSError(errno.EPERM)
        if self._wanted and self._status == _CONNECTING and self.port == "esp32":
            raise OSError("Wifi Internal State Error")
        if ssid is not None:
            self._credentials = (ssid, key)
        self._wanted, self._tries, self._status = True, 0, _CONNECTING
        self._moved()
        self._attempt_later()

    def _attempt_later(self) -> None:
        self._cancel()
        self._timer = asyncio.get_running_loop().call_later(self.delay, self._attempt)

    def _attempt(self) -> None:
        """Try once; a failed try is followed by another, as long as the board wants to be connected."""
        ssid, key = self._credentials
        if not self._wanted:
            return
        if self._status == _GOT_IP:
            self._attempt_later()
            return
        if not self._present or (self.ssid is not None and ssid != self.ssid):
            self._status = _NO_AP_FOUND
        elif self._refusing or (self.password is not None and (key or "") != self.password):
            self._status = _WRONG_PASSWORD
        elif self.dhcp and self._static is None and not self._inside:
            self._inside = True
            self._timer = asyncio.get_running_loop().call_later(self.dhcp, self._attempt)
            return
        else:
            self._status, self._tries, self._inside = _GOT_IP, 0, False
            self._moved()
        limit = self._settings["reconnects"]
        self._tries += 1
        if self._status == _GOT_IP or (self.port == "esp32" and (limit < 0 or self._tries <= limit)):
            self._attempt_later()

    def _disconnect(self) -> None:
        self._wanted = False
        self._cancel()
        self._lose(_IDLE)

    def _get_rssi(self) -> int:
        inside = self.connected or self._inside
        if not inside and self.port == "esp32":
            raise OSError("Wifi Not Connected")
        return self.rssi if inside else 0

    def _scan(self) -> list[list[object]]:
        if not self._active[0]:
            raise OSError("STA must be active") if self.port == "esp32" else OSError(errno.EPERM)
        if not self._present:
            return []
        name = self.ssid or self._credentials[0] or "virtual"
        return [[list(name.encode()), list(self.mac[::-1]), 1, self.rssi, 3, False]]

    def _ifconfig(self, config: Sequence[str] | str | None) -> tuple[str, str, str, str]:
        if config == "dhcp":
            self._static = None
        elif config is not None:
            address, mask, gateway, dns = config
            self._static = (address, mask, gateway, dns)
        current = self._static or (self.address if self.connected else _NO_ADDRESS)
        return (*current[:3], self._dns or current[3])

    def _set_dns(self, server: str) -> None:
        self._dns = server

    def _get_config(self, name: str) -> object:
        if name == "mac":
            return list(self.mac)
        if name in ("ssid", "essid"):
            return self._credentials[0] or ""
        if not self._known(name):
            raise ValueError("unknown config param")
        return self._settings[name]

    def _known(self, name: str) -> bool:
        return name in self._settings and (self.port == "esp32" or name not in _ESP32_ONLY)

    def _configure(self, settings: dict[str, object]) -> None:
        for name in settings:
            if not self._known(name) and name not in ("mac", "ssid", "essid", "key", "password", "dhcp_hostname"):
                raise ValueError("unknown config param")
        self._settings |= settings
