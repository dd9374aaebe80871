"""The chip of the virtual board: power, resets, watchdog, sleep and timers around a MicroPython process.

All of it runs in the board's thread. A soft reset is the end of the process by itself, and keeps the UART's input, the
Wi-Fi, the watchdog and the RTC; every other reset kills the process and keeps what an ESP32's RTC keeps.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Sequence

from umail_host.virtual_board.chip_settings import Settings
from umail_host.virtual_board.chip_texts import (
    DEEPSLEEP,
    DOWNLOAD,
    FAILED_START,
    HARD,
    PWRON,
    SOFT,
    WATCHDOG,
    WDT,
    boot,
)
from umail_host.virtual_board.console import Console
from umail_host.virtual_board.control import Control, Later, Silence
from umail_host.virtual_board.interpreter import DEVICE, Interpreter, Wiring, socket_pair
from umail_host.virtual_board.uart import Uart
from umail_host.virtual_board.wakers import TIMER, Wakers
from umail_host.virtual_board.watchdog import Watchdog
from umail_host.virtual_board.world import World


class Chip:
    """One chip.

    Args:
        settings: see there.
        world: what it asks about.
        console: gets what it prints.
        send: writes to the serial port.
    """

    def __init__(self, settings: Settings, world: World, console: Console, send: Callable[[bytes], None]) -> None:
        self._settings, self._world, self._console, self._send = settings, world, console, send
        self._loop = asyncio.get_running_loop()
        self.powered = False
        self._interpreter: Interpreter | None = None
        self._control: Control | None = None
        self._events: socket.socket | None = None
        self._uart: Uart | None = None
        self._running = False
        self._loading = False
        self._cause = PWRON
        self._soft = False
        self._wake_reason = 0
        self._wake_pins: list[int] = []
        self._wakers = Wakers(world.pins)
        self._slept_at = 0.0
        self._started_at = 0.0
        self._memory = b""
        self._frequency = 160_000_000
        self._watchdog = Watchdog(self._bite)
        self._wake: asyncio.TimerHandle | None = None
        self._ctrl_c: asyncio.TimerHandle | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # Power and resets from outside.

    def power_on(self) -> None:
        """Connect the supply; nothing happens if it is connected."""
        if not self.powered:
            self.powered = True
            self._start(PWRON)

    def power_off(self) -> None:
        """Cut the supply at this instant."""
        self.powered = False
        self._stop()
        self._memory = b""
        self._world.power_lost()

    def press_reset(self) -> None:
        """Pulse the EN pin: all but the flash starts over."""
        if self.powered:
            self.power_off()
            self.power_on()

    def hold_reset(self) -> None:
        """Pull EN low: the chip stands still and forgets."""
        if self.powered:
            self.power_off()
            self.powered = True

    def release_reset(self, loader: bool) -> None:
        """Let EN go high: the chip starts, its ROM's loader if GPIO0 is low."""
        if not self.powered:
            return
        if loader:
            self._loading = True
            self._world.rom.reset()
            self._send(DOWNLOAD)
            self._console.add(DOWNLOAD)
        else:
            self._start(PWRON)

    # The serial port.

    def receive(self, data: bytes) -> None:
        """Take bytes from the serial port; lost if no chip listens."""
        if self._uart is not None:
            self._uart.receive(data)
        elif self._loading:
            self._send(self._world.rom.receive(data))

    def port_full(self, full: bool) -> None:
        """Note that the serial port takes no more, or takes again."""
        if self._uart is not None:
            (self._uart.pause if full else self._uart.resume)()

    def event(self, name: str, value: int) -> None:
        """Interrupt the board, if it listens; lost if it does not keep up."""
        if self._events is not None:
            try:
                self._events.send(json.dumps([name, value]).encode() + b"\n")
            except OSError:
                pass

    def pins_moved(self) -> None:
        """Wake from deep sleep if a pin that may do that has its level."""
        if self._slept_at:
            self._wake_by_pin()

    # Inside.

    @property
    def _rp2(self) -> bool:
        return self._settings.platform == "rp2"

    def _start(self, cause: int) -> None:
        self._cause, self._soft = cause, False
        if cause != DEEPSLEEP:
            self._wake_reason, self._wake_pins = 0, []
        self._wakers.clear()
        self._started_at = self._loop.time() - self._settings.first_ticks / 1000
        if self._rp2:  # its start sets the clock, whatever the reset
            self._world.clock.power_lost()
        self._uart = Uart(self._console, self._send, self._interrupt, self._idle, self._settings.machine)
        if self._settings.platform == "esp32":
            self._uart.say(boot(cause))
        # What wakes from deep sleep is what went to sleep: CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP.
        if cause == DEEPSLEEP or self._world.slots.start(self._uart.say):
            self._spawn()
        else:
            self.power_off()

    def _spawn(self) -> None:
        assert self._uart is not None
        control, board_control = socket_pair()
        self._events, board_events = socket_pair()
        wiring = Wiring(
            uart=self._uart.board_end.fileno(),
            control=board_control.fileno(),
            events=board_events.fileno(),
            flash=self._world.flash,
            flags=self._world.flags,
            flash_bytes=self._world.flash_bytes,
            romfs=self._world.romfs,
            romfs_bytes=self._world.romfs_bytes,
            slots=self._world.slots.file,
            heap_bytes=self._settings.heap_bytes,
        )
        self._running = False
        self._interpreter = Interpreter(self._settings.executable, wiring)
        board_control.close()
        board_events.close()
        self._control = Control(control, self._calls(), self._ended)

    def _stop(self) -> None:
        """Take the power from the processor: nothing it has not done yet will be done."""
        self._loading = False
        self._slept_at = 0.0
        self._end_timers()
        self._watchdog.arm(0)
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if self._interpreter is not None:
            self._interpreter.kill()
            self._interpreter = None
        if self._control is not None:
            self._control.close()
        if self._events is not None:
            self._events.close()
            self._events = None
        if self._uart is not None:
            self._uart.drain()
            self._uart.close()
            self._uart = None

    def _reset(self, cause: int) -> None:
        self._stop()
        self._world.hard_reset()
        self._start(cause)

    def _ended(self) -> None:
        """Handle a process that ended by itself: a soft reset, or a crash."""
        if self._interpreter is None or self._uart is None:
            return
        status = self._interpreter.wait()
        self._uart.drain()
        if not self._running:
            self._uart.say((FAILED_START % self._settings.heap_bytes).encode())
            self.power_off()
        elif status < 0:
            self._uart.say(f"Guru Meditation Error: the interpreter died of signal {-status}.\r\n".encode())
            self._reset(HARD)
        else:
            self._soft_reset()

    def _soft_reset(self) -> None:
        """Start a new interpreter on the same power."""
        if self._interpreter is None or self._uart is None or self._control is None or self._events is None:
            return
        self._interpreter.kill()
        self._control.close()
        self._events.close()
        self._end_timers()
        self._world.pins.soft_reset()
        self._soft = True
        self._uart.drain()
        self._uart.restarted()
        self._spawn()

    def _interrupt(self) -> bool:
        """Pass Ctrl-C on, and return whether code ran that it stops. One that comes at a wrong moment is held back."""
        if not self._running or self._interpreter is None:
            return False
        wait = self._interpreter.interrupt()
        if wait and self._ctrl_c is None:
            self._ctrl_c = self._loop.call_later(wait, self._interrupt_again)
        return wait is not None

    def _interrupt_again(self) -> None:
        self._ctrl_c = None
        self._interrupt()

    def _idle(self) -> None:
        """Forget a Ctrl-C that is still held back: it was for code that has ended."""
        if self._ctrl_c is not None:
            self._ctrl_c.cancel()
            self._ctrl_c = None
        if self._interpreter is not None:
            self._interpreter.forget_interrupt()

    def _end_timers(self) -> None:
        self._idle()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    # What the board may ask of its chip.

    def _calls(self) -> dict[str, Callable[..., object]]:
        return self._world.calls() | {
            "power.board": lambda: [*self._settings.names, self._world.slots.version],
            "power.network": lambda: self._settings.network,
            "power.module": lambda name: (DEVICE / f"{name}.py").read_text("utf-8"),
            "power.limits": lambda: [self._settings.watchdog_limit, self._settings.deepsleep_limit],
            "power.pin_names": lambda: self._settings.pin_names,
            "power.ticks": lambda: int((self._loop.time() - self._started_at) * 1e6),
            "power.woken": lambda: [self._wake_reason, self._wake_pins],
            "power.wake_on": self._wakers.add,
            "power.booted": self._booted,
            "power.repl": self._repl,
            "power.cause": self._reset_cause,
            "power.unique_id": lambda: list(self._settings.unique_id),
            "power.frequency": self._set_frequency,
            "power.soft_reset": self._soft_reset,
            "power.reset": lambda: self._reset(HARD),
            "power.bootloader": self._bootloader,
            "power.deepsleep": self._deepsleep,
            "power.lightsleep": self._lightsleep,
            "rtc.memory": self._rtc_memory,
            "watchdog.arm": lambda milliseconds: self._watchdog.arm(milliseconds / 1000),
            "watchdog.feed": self._watchdog.feed,
            "timer.start": self._start_timer,
        }

    def _bootloader(self) -> Silence:
        self.hold_reset()
        self.release_reset(loader=True)
        return Silence()

    def _booted(self, native_machine: str) -> bool:
        assert self._uart is not None
        self._uart.native_machine = native_machine.encode()
        self._running = True
        return self._uart.raw

    def _repl(self) -> None:
        assert self._uart is not None
        self._uart.expect_repl()

    def _reset_cause(self) -> int:
        if self._rp2:  # its resets by software are the watchdog's work
            return self._cause if self._cause == PWRON else WDT
        return SOFT if self._soft else self._cause

    def _set_frequency(self, hertz: int | None = None) -> int:
        self._frequency = hertz or self._frequency
        return self._frequency

    def _rtc_memory(self, data: list[int] | None = None) -> list[int] | None:
        if data is None:
            return list(self._memory)
        self._memory = bytes(data)
        return None

    def _bite(self) -> None:
        if self._uart is not None and not self._rp2:
            self._uart.drain()
            milliseconds = int(self._watchdog.seconds * 1000)
            self._uart.say((WATCHDOG % (milliseconds, milliseconds)).encode())
        self._reset(WDT)

    def _deepsleep(self, milliseconds: int | None) -> Silence:
        left = self._watchdog.left
        if self._rp2 and left is not None:  # it goes on counting, and its reset ends the sleep
            milliseconds = left if milliseconds is None else min(milliseconds, left)
        self._stop()
        held = self._wakers.held(self._settings.chip)
        self._world.hard_reset()
        self._world.pins.hold(held)
        self._slept_at = self._loop.time()
        if milliseconds is not None:
            skipped = milliseconds / 1000 - self._asleep(milliseconds)
            self._wake = self._loop.call_later(self._asleep(milliseconds), self._wake_up, TIMER, (), skipped)
        self._wake_by_pin()
        return Silence()

    def _wake_up(self, reason: int, pins: Sequence[int], skipped: float) -> None:
        self._stop()
        self._world.clock.advance(skipped)
        self._wake_reason, self._wake_pins = reason, list(pins)
        self._start(DEEPSLEEP)

    def _wake_by_pin(self) -> None:
        if (found := self._wakers.found()) is not None:
            real = self._loop.time() - self._slept_at
            self._wake_up(*found, real * (self._settings.sleep_speed - 1))

    def _lightsleep(self, milliseconds: int | None) -> Later | Silence:
        if milliseconds is None:
            return Silence()
        seconds = self._asleep(milliseconds)
        self._world.clock.advance((milliseconds / 1000) - seconds)
        self._started_at -= (milliseconds / 1000) - seconds
        self._world.sensors.pass_time((milliseconds / 1000) - seconds)
        left = self._watchdog.left
        if self._rp2 and left is not None:  # it goes on counting
            if left <= milliseconds:
                self._watchdog.put_off(self._asleep(left))
                return Silence()
            self._watchdog.put_off(seconds + (left - milliseconds) / 1000)
        else:  # an ESP32's stands still as well
            self._watchdog.put_off(self._watchdog.seconds + seconds)
        return Later(seconds)

    def _asleep(self, milliseconds: int) -> float:
        """Return the seconds of real time that a sleep takes."""
        return max(milliseconds, 0) / 1000 / self._settings.sleep_speed

    def _start_timer(self, name: str, milliseconds: int, periodic: bool) -> None:
        if name in self._timers:
            self._timers.pop(name).cancel()
        if milliseconds > 0:
            self._timers[name] = self._loop.call_later(milliseconds / 1000, self._timer, name, milliseconds, periodic)

    def _timer(self, name: str, milliseconds: int, periodic: bool) -> None:
        self.event(name, 0)
        if periodic:
            self._start_timer(name, milliseconds, True)
