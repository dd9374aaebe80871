"""All that surrounds the chip: clock, Wi-Fi, Ethernet, modem, pins, sensors, flash and its wear, as one object."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from umail_host.device.boards import Partition
from umail_host.errors import UserError
from umail_host.virtual_board.clock import Clock
from umail_host.virtual_board.ethernet import Ethernet
from umail_host.virtual_board.i2c import I2c
from umail_host.virtual_board.modem import Modem
from umail_host.virtual_board.nvs import Nvs
from umail_host.virtual_board.pins import Pins
from umail_host.virtual_board.rom_loader import RomLoader
from umail_host.virtual_board.sensors import Sensors
from umail_host.virtual_board.slots import Slots
from umail_host.virtual_board.spi import Spi
from umail_host.virtual_board.wifi import Wifi

_FILES = 0x200000  # where the file system begins in an ESP32's flash
_ONLINE, _COUNTING = 0, 1  # places in the shared flags, which device/board_link.py reads


class World:
    """What the board may ask about, and the host may change.

    Args:
        folder: where the flash image and the NVS file lie.
        flash_bytes: size of the file system.
        romfs_bytes: size of the ROMFS partition; 0 for none.
        slots: the partitions for MicroPython if there are several.
        version: of this computer's MicroPython.
        event: sends an interrupt to the board: name and value.
        power_fails: called, in the board's thread, when a counted write to the flash is to be the last.

    Attributes:
        flash: file descriptor of the flash image.
        romfs: file descriptor of the ROMFS partition's image.
        flags: file descriptor of the flags that the board reads without asking.
    """

    def __init__(
        self,
        folder: Path,
        flash_bytes: int,
        romfs_bytes: int,
        slots: Sequence[Partition],
        version: Sequence[int],
        event: Callable[[str, int], None],
        power_fails: Callable[[], None],
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.flash = _image(folder / "flash.img", flash_bytes)
            self.romfs = _image(folder / "romfs.img" if romfs_bytes else Path(os.devnull), romfs_bytes)
            self.slots = Slots(folder, slots, version)
        except OSError as error:
            raise UserError(f"the flash of the board can't be kept in {folder}: {error.strerror}") from None
        self.flash_bytes, self.romfs_bytes = flash_bytes, romfs_bytes
        self.flags = _shared_flags()
        self._writes_left = 0
        self._power_fails = power_fails
        self.clock = Clock(self._online)
        self.wifi = Wifi(self._moved)
        self.ethernet = Ethernet(self._moved)
        self.pins = Pins(lambda number, level: event(f"pin{number}", level))
        self.modem = Modem(self.pins, self._moved)
        self.sensors = Sensors(self.pins)
        self.i2c = I2c(self.pins)
        self.spi = Spi(self.pins)
        self.rom = RomLoader(self.flash, _FILES)
        self.nvs = Nvs(folder / "nvs.json")

    def be_rp2(self) -> None:
        """Let clock and network be those of an RP2040 or RP2350."""
        self.clock.first_year = 2021
        self.clock.power_lost()
        self.wifi.port = self.ethernet.port = "rp2"

    def empty(self) -> None:
        """Take away whatever is connected to the pins."""
        for part in (self.pins, self.sensors, self.i2c, self.spi):
            part.empty()

    def cut_power_at_write(self, count: int) -> None:
        """Let the power fail just before the ``count``-th write or erase of the flash from now; 0: never."""
        self._writes_left = count
        self._flag(_COUNTING, count > 0)

    def hard_reset(self) -> None:
        """Do what every reset but a soft one does to the world inside the board."""
        self.wifi.power_lost()
        self.ethernet.power_lost()
        self.modem.power_lost()
        self.pins.power_lost()
        self.nvs.power_lost()

    def power_lost(self) -> None:
        """Do what losing the power does beyond that."""
        self.hard_reset()
        self.clock.power_lost()
        self.sensors.power_lost()
        self.i2c.power_lost()

    def calls(self) -> dict[str, Callable[..., object]]:
        """Return what the board may ask."""
        parts = (
            self.clock,
            self.wifi,
            self.ethernet,
            self.modem,
            self.pins,
            self.sensors,
            self.i2c,
            self.spi,
            self.nvs,
            self.slots,
        )
        calls: dict[str, Callable[..., object]] = {"flash.write": self._count_write}
        for part in parts:
            calls |= part.calls()
        return calls

    def close(self) -> None:
        """Give the files back."""
        os.close(self.flash)
        os.close(self.romfs)
        self.slots.close()
        os.close(self.flags)

    def _online(self) -> bool:
        return self.wifi.connected or self.ethernet.connected or self.modem.connected

    def _moved(self) -> None:
        self._flag(_ONLINE, self._online())

    def _flag(self, place: int, value: bool) -> None:
        os.pwrite(self.flags, bytes([value]), place)

    def _count_write(self) -> None:
        self._writes_left -= 1
        if self._writes_left == 0:
            self._flag(_COUNTING, False)
            self._power_fails()


def _image(path: Path, size: int) -> int:
    """Return a file of ``size`` bytes that outlives the board; its descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if os.fstat(descriptor).st_size != size:
        os.truncate(descriptor, size)
    return descriptor


def _shared_flags() -> int:
    """Return a nameless file that both sides read and write."""
    descriptor, path = tempfile.mkstemp(prefix="umail-")
    os.unlink(path)
    os.write(descriptor, b"\0\0")
    return descriptor
