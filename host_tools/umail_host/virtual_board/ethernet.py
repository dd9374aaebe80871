"""The cable of a wired board, and its interface: an ESP32's `network.LAN`, or an rp2's `network.WIZNET5K`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

# network_lan.c: the last event of the driver.
_INITIALIZED, _STARTED, _STOPPED, _LINK, _NO_LINK, _GOT_IP = range(6)
_NO_ADDRESS = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")


class Ethernet:
    """The cable, on command, and the interface's state; an ESP32's outlives a soft reset.

    Attributes:
        delay: seconds from a link to an address.
        answers: whether a router on the cable gives addresses.
        phy: (type, address) of the chip behind the MAC of an ESP32, numbers as ``network.PHY_…``; None: any will do.
        address: (address, mask, gateway, DNS server) that DHCP gives.
    """

    def __init__(self, moved: Callable[[], None]) -> None:
        self.delay = 0.2
        self.answers = True
        self.phy: tuple[int, int] | None = None
        self.port = "esp32"
        self.address: tuple[str, str, str, str] = ("127.0.0.1", "255.0.0.0", "127.0.0.1", "127.0.0.1")
        self.mac = bytes.fromhex("240ac4c0ffed")
        self._moved = moved
        self._plugged = True
        self._timer: asyncio.TimerHandle | None = None
        self._reset()

    def __repr__(self) -> str:
        return f"<Ethernet {'plugged' if self._plugged else 'unplugged'}, status {self._status}>"

    # The cable, from any thread.

    def plug(self) -> None:
        """Plug the cable in (the state at the start)."""
        self._plugged = True
        self._loop_call()

    def unplug(self) -> None:
        """Pull the cable out: a connected board notices, nothing reaches out any more."""
        self._plugged = False
        self._loop_call()

    @property
    def connected(self) -> bool:
        """Whether the board has an address over the cable."""
        return self._active and self._plugged and self._status == _GOT_IP

    # The interface, from the board's thread.

    def power_lost(self) -> None:
        """Forget the interface's state (any hard reset)."""
        self._cancel()
        self._reset()
        self._moved()

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        return {
            "eth.open": self._open,
            "eth.active": self._activate,
            "eth.isconnected": lambda: self.connected,
            "eth.status": lambda: self._status,
            "eth.link": lambda: self._plugged,
            "eth.ifconfig": self._ifconfig,
            "eth.dns": self._set_dns,
            "eth.mac": lambda: list(self.mac),
        }

    def _reset(self) -> None:
        self._opened = self._failed = self._active = False
        self._status = _INITIALIZED
        self._static: tuple[str, str, str, str] | None = None
        self._dns: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def _open(self, phy: Sequence[int] | None) -> bool:
        """Set the driver up for a chip; asked without one, tell whether that was done."""
        if phy is None or self._opened:
            return self._opened
        if self._failed:  # the first attempt has taken the name of the interface (esp_netif_new)
            raise OSError("esp_netif_attach failed")
        if self.phy is not None and tuple(phy) != self.phy:
            self._failed = True
            raise OSError("esp_eth_driver_install failed")
        self._opened = True
        return True

    def _activate(self, on: bool | None) -> bool:
        if on is not None and on != self._active:
            self._active = on
            self._status = _STARTED if on else _STOPPED
            self._loop = asyncio.get_running_loop()
            self._cable()
        return self._active

    def _loop_call(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cable)

    def _cable(self) -> None:
        """Follow the cable: link, then an address."""
        self._cancel()
        if self._active:
            if not self._plugged:
                self._status = _NO_LINK if self._status in (_LINK, _GOT_IP) else self._status
            else:
                self._status = _LINK
                if self.answers or self._static:
                    self._timer = asyncio.get_running_loop().call_later(self.delay, self._got_address)
        self._moved()

    def _got_address(self) -> None:
        self._status = _GOT_IP
        self._moved()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ifconfig(self, config: Sequence[str] | str | None) -> tuple[str, str, str, str]:
        if config is not None:
            # Anything but "dhcp" is four addresses.
            self._static = None if isinstance(config, str) else (config[0], config[1], config[2], config[3])
            if self._active:
                self._cable()
        current = self._static or (self.address if self._status == _GOT_IP else _NO_ADDRESS)
        return (*current[:3], self._dns or current[3])

    def _set_dns(self, server: str) -> None:
        self._dns = server
