"""The virtual board as the host sees it: a thread that runs the chip, and the world at the caller's command."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.virtual_board.chip import Chip
from umail_host.virtual_board.chip_settings import Settings
from umail_host.virtual_board.console import Console
from umail_host.virtual_board.interpreter import find_micropython, release_of
from umail_host.virtual_board.pty_port import PtyPort
from umail_host.virtual_board.rfc2217_port import AutoReset, Rfc2217Port
from umail_host.virtual_board.world import World

_WORDS = 2  # MicroPython on this computer has 64-bit words, an ESP32 32-bit ones: the same objects take twice the bytes
_PRELUDE = 84 * 1024  # heap that the simulated modules take; an ESP32 has them in flash
_LAN = 8 * 1024  # what `network.LAN` adds to that
_PER_TABLE = 64  # the collector's tables take less than a 64th of a heap; the ROMFS partition lies in the heap here
_NO_INTERRUPT = "pin"  # the event of a pin whose level the program does not listen to
_ANSWER = 30.0  # seconds a command to the board's thread may take
_Result = TypeVar("_Result")


def heap_bytes(spec: boards.BoardSpec) -> int:
    """Return the heap (bytes) of this computer's MicroPython for ``spec``'s: grown, and with its PSRAM, in its words.

    ``boards/virtual`` gives its heap in 64-bit words already.
    """
    return spec.heap if spec.chip == "virtual" else (spec.grown + spec.psram) * _WORDS


def _prelude(spec: boards.BoardSpec) -> int:
    return _PRELUDE + (_LAN if spec.ethernet == "LAN" else 0)


class VirtualBoard:
    """A board that can be deployed to, talked to, switched off and lied to.

    Use it as a context manager; it is powered on at the start.

    Args:
        flash_dir: folder for its flash (``flash.img``) and ``nvs.json``; made if missing, kept at the end.
        board: name of a folder under boards/, for heap and flash size.
        heap: heap that programs have, in bytes of this computer's 64-bit MicroPython, instead of the board's.
        flash_size: bytes of the file system, instead of the board's.
        romfs: bytes of a ROMFS partition, a multiple of 4096; 0: none, as in MicroPython's releases for these boards.
        on_console: called with what its programs print, from the board's thread; not with the raw REPL's traffic.
        link: path for the port, a symbolic link; None: one in a temporary folder.
        sleep_speed: how many times faster than real time deep and light sleep pass; the board's clock does not notice.
        power: whether it is switched on at the start.
        rfc2217: give a port ``rfc2217://127.0.0.1:…`` in place of a pseudo-terminal: slower to open, but with the
            lines DTR and RTS, and the auto-reset circuit of ESP32 boards behind them.
        unique_id: what ``machine.unique_id()`` gives, in hexadecimal.
        ticks: ``time.ticks_ms()`` at each start of the chip; it wraps at 2**30, as on every board with 32-bit words.

    Attributes:
        port: what a serial program, such as mpremote, opens.
        console: all that the board printed; see `Console`.
        clock, wifi, ethernet, modem, pins, sensors, i2c, spi, nvs: the world around it; see there.
        rom: the boot loader that esptool talks to, and what it has flashed.
        slots: the partitions for MicroPython, if the board has several, and which one runs.

    Raises:
        UserError: no MicroPython, no such board, or a system without pseudo-terminals.
    """

    def __init__(
        self,
        flash_dir: Path,
        board: str = "virtual",
        *,
        heap: int | None = None,
        flash_size: int | None = None,
        romfs: int = 0,
        on_console: Callable[[bytes], None] | None = None,
        link: Path | None = None,
        sleep_speed: float = 1.0,
        power: bool = True,
        rfc2217: bool = False,
        unique_id: str = "240ac4c0ffee",
        ticks: int = 0,
    ) -> None:
        spec = boards.load(board)
        virtual = spec.chip == "virtual"
        self._settings = Settings(
            executable=find_micropython(),
            heap_bytes=(heap or heap_bytes(spec)) + _prelude(spec) + romfs + romfs // _PER_TABLE,
            machine="Virtual board with ESP32" if virtual else f"{spec.title} with {spec.chip.upper()}",
            platform="rp2" if spec.port == "rp2" else "esp32",
            chip="esp32" if virtual else spec.chip,
            network=(spec.wifi, spec.ethernet),
            watchdog_limit=spec.watchdog,
            deepsleep_limit=spec.deepsleep,
            pin_names=tuple(pin for pin in spec.pins.values() if isinstance(pin, str)),
            first_ticks=ticks,
            unique_id=bytes.fromhex(unique_id),
            sleep_speed=sleep_speed,
        )
        self.name = board
        self.console = Console(on_console)
        self.port = ""
        self._link, self._power, self._rfc2217 = link, power, rfc2217
        files = (flash_size or spec.filesystem) // 4096 * 4096
        version = release_of(self._settings.executable)
        self._world = World(flash_dir, files, romfs // 4096 * 4096, spec.slots, version, self._event, self._power_fails)
        if spec.port == "rp2":
            self._world.be_rp2()
        self.clock, self.wifi, self.ethernet = self._world.clock, self._world.wifi, self._world.ethernet
        self.modem = self._world.modem
        self.pins = self._world.pins
        self.sensors, self.i2c, self.spi = self._world.sensors, self._world.i2c, self._world.spi
        self.nvs = self._world.nvs
        self.rom = self._world.rom
        self.slots = self._world.slots
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"board {board}", daemon=True)

    def __repr__(self) -> str:
        return f"<VirtualBoard {self.name} at {self.port}>"

    def __enter__(self) -> VirtualBoard:
        self._thread.start()
        try:
            self._run(self._assemble)
            if self._power:
                self.power_on()
        except BaseException:
            self._end_thread()
            self._world.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._dismantle)
        self._end_thread()

    def power_on(self) -> None:
        """Switch the supply on."""
        self._run(self._chip.power_on)

    def power_off(self) -> None:
        """Cut the supply at this instant; the port stays, silent, as that of a USB-serial adapter does."""
        self._run(self._chip.power_off)

    def hard_reset(self) -> None:
        """Press the reset button (EN): cause PWRON_RESET, clock and RTC memory lost, flash kept."""
        self._run(self._chip.press_reset)

    def cut_power_at_write(self, count: int) -> None:
        """Let the power fail just before the ``count``-th write to the flash from now; 0 takes that back."""
        self._run(lambda: self._world.cut_power_at_write(count))

    def disconnect(self) -> None:
        """Take away whatever is connected to the pins: sensors, chips, levels."""
        self._run(self._world.empty)

    @property
    def powered(self) -> bool:
        """Whether the supply is on (asleep counts as on)."""
        return self._chip.powered

    def wait_for(self, text: str, timeout: float = 10.0) -> str:
        """`Console.wait_for`: wait until the board prints ``text``; UserError after ``timeout`` seconds."""
        return self.console.wait_for(text, timeout)

    def _assemble(self) -> None:
        self._serial: PtyPort | Rfc2217Port
        if self._rfc2217:
            lines = AutoReset(self._hold, self._release)
            self._serial = Rfc2217Port(self._receive, self._ready, lines)
        else:
            self._serial = PtyPort(self._link, self._receive, self._ready)
        self.port = self._serial.url
        self._chip = Chip(self._settings, self._world, self.console, self._send)

    def _dismantle(self) -> None:
        if self._chip.powered:
            self._chip.power_off()
        self._serial.close()
        self._world.close()

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ANSWER)
        self._loop.close()

    def _receive(self, data: bytes) -> None:
        self._chip.receive(data)

    def _ready(self) -> None:
        self._chip.port_full(False)

    def _hold(self) -> None:
        self._chip.hold_reset()

    def _release(self, loader: bool) -> None:
        self._chip.release_reset(loader)

    def _send(self, data: bytes) -> None:
        self._serial.write(data)
        if self._serial.full:
            self._chip.port_full(True)

    def _event(self, name: str, value: int) -> None:
        def happen() -> None:
            # (It may have been reset since, and then waits for nothing yet.)
            if name != _NO_INTERRUPT and self._world.pins.wanted(name):
                self._chip.event(name, value)
            if name.startswith("pin"):
                self._chip.pins_moved()

        if self._thread.is_alive():
            self._run(happen)

    def _power_fails(self) -> None:
        self._chip.power_off()

    def _run(self, function: Callable[[], _Result]) -> _Result:
        """Call ``function`` in the board's thread, and wait for it."""
        if threading.current_thread() is self._thread:
            return function()
        done: concurrent.futures.Future[_Result] = concurrent.futures.Future()

        def call() -> None:
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        try:
            return done.result(_ANSWER)
        except concurrent.futures.TimeoutError:
            raise UserError(f"the virtual board {self.name} does not respond: start it again", exit_code=1) from None
