"""The boards of a rig: taken one user at a time, prepared once, made ready before each test, quarantined when lost."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from umail_host.device.board import BoardError
from umail_host.errors import UserError
from umail_host.fake_smtp.record.masking import Masker
from umail_host.hil import labgrid, locks, power, prepare, recovery
from umail_host.hil.dut import Dut
from umail_host.hil.faults import RigFault
from umail_host.hil.options import Settings
from umail_host.hil.places import Place
from umail_host.hil.serial_log import NOTE, SerialLog
from umail_host.virtual_board import VirtualBoard

_LOOK_AGAIN = 0.2  # seconds
_ROMFS = 256 * 1024  # bytes of a virtual board's partition


@dataclass
class Slot:
    """A place, and what this process has of it."""

    place: Place
    power: str
    lock: locks.PortLock
    dut: Dut | None = None
    close: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


class Pool:
    """The boards that this process may use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wanted = locks.Wanted(settings.run)
        self.masker = Masker()
        powers = settings.powers or ["none"]
        self._slots = [
            Slot(place, powers[min(index, len(powers) - 1)], locks.PortLock(place.name))
            for index, place in enumerate(settings.places)
        ]
        self.virtual = settings.places[0].virtual
        for slot in self._slots:
            slot.power and _power(slot)  # a wrong option is reported before the first test

    # Taking and giving back.

    def take(self, count: int = 1, library: bool = False) -> list[Dut]:
        """Return ``count`` boards, each in its raw REPL with a clean heap, and with umail if ``library`` says so.

        Raises:
            RigFault: there are not that many that work, or others held them for too long.
        """
        while True:
            slots = self._hold(count)
            try:
                return [self._ready(slot, library) for slot in slots]
            except RigFault:
                if self.virtual or len(self.usable()) < count:
                    raise

    def usable(self) -> list[Slot]:
        """Return the slots that are not in quarantine."""
        return [slot for slot in self._slots if slot.place.name not in self.quarantined()]

    def quarantined(self) -> dict[str, str]:
        """Return the reason by board name, for all processes of this run."""
        folder = self._settings.run / "quarantine"
        return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*")} if folder.is_dir() else {}

    def after(self, boards: list[Dut]) -> None:
        """See that the boards answer after a test.

        Raises:
            RigFault: one is lost.
        """
        fault = None
        for board in boards:
            if board.lost:
                continue
            board.unmount()
            if not recovery.answers(board):
                try:
                    recovery.recover(board)
                except RigFault as error:
                    fault = error
                    self.lose(board, str(error))
        if fault is not None:
            raise fault

    def offer(self) -> None:
        """Give the boards back if others wait for one; they are not to be used after that."""
        if self._wanted.by_others():
            self.close()

    def lose(self, board: Dut, why: str) -> None:
        """Quarantine a board: nobody takes it in this run any more."""
        slot = next(slot for slot in self._slots if slot.dut is board)
        board.lost = True
        board.log.add(NOTE, f"quarantine: {why}")
        if not slot.place.virtual:
            self._note("quarantine", slot.place.name, why)
        self._drop(slot)

    def close(self) -> None:
        """Give all boards back."""
        for slot in self._slots:
            self._drop(slot)

    # Inside.

    def _hold(self, count: int) -> list[Slot]:
        if self.virtual:
            while len(self._slots) < count:
                first = self._slots[0]
                self._slots.append(Slot(first.place, first.power, first.lock))
            return self._slots[:count]
        deadline = time.monotonic() + self._settings.wait
        while True:
            usable = self.usable()
            if len(usable) < count:
                reasons = "; ".join(self.quarantined().values()) or f"--board names {len(usable)}"
                raise RigFault(f"{count} boards are needed, {len(usable)} are left ({reasons})")
            usable.sort(key=lambda slot: slot.dut is None)  # those we hold come first
            taken: list[Slot] = []
            for slot in usable:
                if len(taken) < count and self._take(slot):
                    taken.append(slot)
            if len(taken) == count:
                return taken
            # All or none: two processes that each hold one and want two would wait forever.
            self.close()
            if time.monotonic() > deadline:
                holders = ", ".join(slot.lock.holder for slot in usable)
                raise RigFault(f"no board became free within {self._settings.wait:g} s (held by {holders})")
            with self._wanted:
                time.sleep(_LOOK_AGAIN * (0.5 + random.random()))

    def _take(self, slot: Slot) -> bool:
        if slot.dut is not None:
            return True
        if not slot.lock.take():
            return False
        try:
            if slot.place.kind == "labgrid":
                if not labgrid.acquire(slot.place.detail):
                    slot.lock.free()
                    return False
                slot.close.callback(labgrid.release, slot.place.detail)
        except RigFault as fault:
            self._note("quarantine", slot.place.name, str(fault))
            slot.lock.free()
            return False
        return True

    def _ready(self, slot: Slot, library: bool) -> Dut:
        """Prepare it if that has not been done, and reset it."""
        board = slot.dut or self._open(slot)
        board.log.clear()
        board.log.add(NOTE, f"board {board.place.spec}")
        try:
            if not recovery.answers(board):
                recovery.recover(board)
            if (library or self._settings.deploy) and not board.has_library:
                self._deploy(board)
            board.reset()
            board.ask()
        except (BoardError, RigFault) as error:
            self.lose(board, str(error))
            raise error if isinstance(error, RigFault) else RigFault(str(error)) from None
        return board

    def _open(self, slot: Slot) -> Dut:
        virtual = None
        if slot.place.virtual:
            folder = slot.close.enter_context(tempfile.TemporaryDirectory(prefix="umail-board-"))
            romfs = _ROMFS if self._settings.deploy == "romfs" else 0
            virtual = slot.close.enter_context(VirtualBoard(Path(folder), slot.place.detail, romfs=romfs))
        labgrid_port = labgrid.port(slot.place.detail) if slot.place.kind == "labgrid" else ""
        board = Dut(
            slot.place,
            (lambda: virtual.port) if virtual else (lambda: labgrid_port or slot.place.port()),
            SerialLog(self.masker),
            _virtual_power(virtual) if virtual else _power(slot),
            virtual,
        )
        slot.dut = board
        slot.close.callback(board.close)
        try:
            self._prepare(board)
        except (BoardError, RigFault) as error:
            self.lose(board, str(error))
            raise error if isinstance(error, RigFault) else RigFault(str(error)) from None
        except UserError:
            self._drop(slot)
            raise
        return board

    def _prepare(self, board: Dut) -> None:
        settings = self._settings
        if board.virtual is None and not (settings.run / "flashed" / board.place.name).exists():
            if settings.flash == "never" and not recovery.answers(board):
                recovery.recover(board)
            prepare.flash_board(board, settings.flash, settings.firmware, settings.board_type)
            self._note("flashed", board.place.name, "")

    def _deploy(self, board: Dut) -> None:
        mode = self._settings.deploy or "mpy"
        if board.virtual is not None or not (self._settings.run / "deployed" / board.place.name).exists():
            prepare.deploy_library(board, mode)
            if board.virtual is None:
                self._note("deployed", board.place.name, "")
        elif mode == "mount":
            prepare.mount_library(board)
        board.has_library = True

    def _drop(self, slot: Slot) -> None:
        slot.dut = None
        with contextlib.suppress(UserError, OSError):
            slot.close.close()
        slot.close = contextlib.ExitStack()
        slot.lock.free()

    def _note(self, folder: str, name: str, text: str) -> None:
        file = self._settings.run / folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _virtual_power(virtual: VirtualBoard) -> power.Power:
    return power.Power("virtual", virtual.power_off, virtual.power_on, pause=0.0)


def _power(slot: Slot) -> power.Power | None:
    place = slot.place
    command = (lambda state: labgrid.power_command(place.detail, state)) if place.kind == "labgrid" else None
    return power.parse(slot.power, command)
