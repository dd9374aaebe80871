"""The board under test, as the fixture `board` gives it: code and files on it, resets, what it prints, its figures."""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
import re
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, overload

from umail_host.device.board import Board, BoardError, ExecError
from umail_host.errors import UserError
from umail_host.hil.places import Place
from umail_host.hil.power import Power
from umail_host.hil.serial_log import NOTE, TO_BOARD, SerialLog
from umail_host.virtual_board import VirtualBoard

__tracebackhide__ = True  # a failed test shows its own lines
_RESULT = "\x02result "
_FACTS = """
import gc, json, machine, os, sys, binascii
gc.collect()
facts = {"free": gc.mem_free(), "allocated": gc.mem_alloc(), "firmware": os.uname().version}
facts["machine"] = getattr(sys.implementation, "_machine", sys.platform)
facts["id"] = binascii.hexlify(machine.unique_id()).decode()
cause = machine.reset_cause()
names = [name for name in dir(machine) if name.endswith("_RESET") and getattr(machine, name) == cause]
facts["reset_cause"] = names[0] if names else str(cause)
try:
    import network
    facts["mac"] = binascii.hexlify(network.WLAN(0).config("mac"), ":").decode()
except Exception:
    facts["mac"] = ""
print(json.dumps(facts))
"""
_GOING_DOWN = 0.3  # seconds in which a chip that resets may still answer as it was
_OPENING = 1.0  # seconds for which a port that can't be opened is tried again: its last user may be just ending
_PORT_GONE = 0.3  # seconds between two attempts to open a port that went away with a reset


class _Link(Board):
    """A `Board` that can also mount a folder of this computer and begin code without waiting for it."""

    def mount(self, folder: Path) -> None:
        self._run(lambda: self._transport.mount_local(str(folder)))

    def begin(self, code: str) -> None:
        self._run(lambda: self._transport.exec_raw_no_follow(code))
        self._transport.in_raw_repl = False

    def forget_mount(self) -> None:
        if self._transport.mounted:
            self._transport.mounted = False
            self._transport.serial = self._transport.serial.orig_serial

    def soft_reset(self) -> None:
        self.forget_mount()
        super().soft_reset()

    def interrupt(self) -> None:
        self._write(b"\r\x03\x03\x02\x04")


class Dut:
    """One board, held for this run.

    Args:
        place: where it hangs.
        port: finds the port to open; called again after a reset.
        log: takes what goes over the line.
        power: its supply, if it can be switched.
        virtual: the virtual board, if it is one.
    """

    __test__ = False  # no test class

    def __init__(
        self,
        place: Place,
        port: Callable[[], str],
        log: SerialLog,
        power: Power | None = None,
        virtual: VirtualBoard | None = None,
    ) -> None:
        self.place, self.log, self.power, self.virtual = place, log, power, virtual
        self._port = port
        self._link: _Link | None = None
        self._mounted: Path | None = None
        self._quiet = False
        self.library: Path | None = None  # mounted at each start
        self.has_library = False
        self.lost = False  # quarantined
        self.facts: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<board {self.place.spec}>"

    @property
    def link(self) -> _Link:
        """The open port, for what is not here."""
        deadline = time.monotonic() + _OPENING
        while self._link is None:
            try:
                self._link = _Link(self._port(), on_console=self.log.received)
            except BoardError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        return self._link

    def close(self) -> None:
        """Free the port; the board goes on with what it does."""
        if self._link is not None:
            self._link.close()
            self._link = None

    # Reaching it, resets.

    def reach(self, timeout: float = 10.0) -> None:
        """Stop what runs and enter the raw REPL, opening the port again if a reset took it away.

        Raises:
            BoardError: it did not answer within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.link.enter(timeout=max(deadline - time.monotonic(), 0.5))
                self._mount_again()
                return
            except BoardError:
                self.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PORT_GONE)

    def reset(self, hard: bool = False) -> None:
        """Reset the interpreter, or the whole chip; the board is in its raw REPL afterwards, a mounted folder is back.

        Args:
            hard: by the reset line if there is one, else by ``machine.reset()``; an ESP32 loses its clock and RTC
                memory by the first only.
        """
        self.log.add(NOTE, "hard reset" if hard else "soft reset")
        if hard:
            self.link.hard_reset()
            self.close()
            time.sleep(_GOING_DOWN)
        self.reach()
        if not hard:
            self.link.soft_reset()
            self._mount_again()

    def cycle_power(self) -> None:
        """Cut the supply, give it back, and reach the board."""
        self.cut_power()
        self.give_power()
        self.reach(20)

    def cut_power(self) -> None:
        """Cut the supply."""
        self.log.add(NOTE, "power off")
        self._switch().off()
        self.close()

    def give_power(self) -> None:
        """Switch the supply on again, after the pause that a cold start needs."""
        time.sleep(self._switch().pause)
        self.log.add(NOTE, "power on")
        self._switch().on()

    def _mount_again(self) -> None:
        if self._mounted is not None and self.link.exec("print('RemoteFS' in globals())").strip() == "False":
            self.link.forget_mount()
            self.link.mount(self._mounted)

    def _switch(self) -> Power:
        if self.power is None:
            raise BoardError(f"the supply of {self.place.spec} can't be switched: give --power")
        return self.power

    # Code.

    def exec(self, code: str, timeout: float = 10.0) -> str:
        """Run code and return what it printed; errors as of `umail_host.device.board.Board.exec`."""
        printed = bytearray()

        def show(octets: bytes) -> None:
            printed.extend(octets)
            if not self._quiet:
                self.log.received(octets)

        if not self._quiet:
            self.log.add(TO_BOARD, code.strip("\n"))
        try:
            self.link.exec(code, timeout=timeout, on_output=show)
        except ExecError as error:
            self.log.received(error.traceback.encode())
            raise
        return printed.decode(errors="replace").replace("\r\n", "\n")

    def eval(self, expression: str, timeout: float = 10.0) -> Any:
        """Return the value of an expression whose repr() is a Python literal."""
        return self._value(self.exec(f"print({_RESULT!r}+repr(({expression})))", timeout))

    def call(self, function: Callable[..., Any] | str, *arguments: Any, timeout: float = 60.0) -> Any:
        """Run a function on the board, and return its result.

        Args:
            function: its source is sent, so it may use nothing from around it; or the name of one already there.
            arguments: what repr() turns into Python literals.
            timeout: seconds of silence after which it is given up.
        """
        name = function if isinstance(function, str) else function.__name__
        code = f"{name}({', '.join(map(repr, arguments))})"
        if not isinstance(function, str):
            self.exec(_source(function))
            if inspect.iscoroutinefunction(function):
                code = f"__import__('asyncio').run({code})"
        return self.eval(code, timeout)

    def begin(self, code: str) -> None:
        """Start code and do not wait for it; `wait_for` reads what it prints, `reach` stops it."""
        self.log.add(TO_BOARD, code.strip("\n"))
        self.link.begin(code)

    @overload
    def wait_for(self, wanted: str, timeout: float = 10.0) -> str: ...

    @overload
    def wait_for(self, wanted: re.Pattern[str], timeout: float = 10.0) -> re.Match[str]: ...

    def wait_for(self, wanted: str | re.Pattern[str], timeout: float = 10.0) -> str | re.Match[str]:
        """Return what the board prints up to a text, or the match of a compiled regular expression."""
        found: str | re.Match[str] = self.link.wait_for(wanted, timeout)
        return found

    def _value(self, printed: str) -> Any:
        _, mark, literal = printed.rpartition(_RESULT)
        try:
            return ast.literal_eval(literal.strip() if mark else "")
        except (ValueError, SyntaxError):
            raise BoardError(f"{self.place.spec} answered {printed[-200:]!r}, which is not a Python literal") from None

    # Files.

    def put(self, path: str, data: bytes) -> None:
        """Write a file, and the folders above it."""
        self.log.add(NOTE, f"put {path}, {len(data)} bytes")
        with self._quiet_log():
            self.link.make_folder(path.rpartition("/")[0])
            self.link.put(path, data)

    def get(self, path: str) -> bytes:
        """Return the contents of a file."""
        self.log.add(NOTE, f"get {path}")
        with self._quiet_log():
            return self.link.get(path)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all in it; nothing if it does not exist."""
        self.link.remove(path)

    def mount(self, folder: Path | str) -> None:
        """Let the board read ``folder`` of this computer as /remote, its current folder, until the test ends.

        It takes the place of the library if that is mounted too (``--deploy mount``).

        Raises:
            UserError: there is no such folder.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise UserError(f"mount({str(folder)!r}): there is no such folder below {Path.cwd()}")
        self.log.add(NOTE, f"mount {folder.name}")
        self._mounted = folder
        self.link.mount(folder)

    def unmount(self) -> None:
        """Unmount a folder with the next reset; the library comes back if it was mounted."""
        self._mounted = self.library

    # Figures and secrets.

    def ask(self) -> dict[str, Any]:
        """Return what the board says of itself: id, mac, firmware, machine, reset_cause, free and allocated heap."""
        with self._quiet_log():
            found: dict[str, Any] = json.loads(self.exec(_FACTS))
        self.facts = self.facts | found
        return found

    def mask(self, secret: str) -> str:
        """Hide ``secret`` in all logs from now on; returns it."""
        self.log.masker.learn(secret.encode())
        return secret

    @contextlib.contextmanager
    def _quiet_log(self) -> Iterator[None]:
        """Keep what the rig itself runs out of the log."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False


def _source(function: Callable[..., Any]) -> str:
    """Return the function without its decorators."""
    lines = textwrap.dedent(inspect.getsource(function)).splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith(("def ", "async def ")))
    return "".join(lines[start:])
