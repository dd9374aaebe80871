"""Cuts the power at every write while an update's MicroPython and ROMFS are taken and taken back (switch_flash.py).

Run by MicroPython: ``flash_cuts.py EVERY [FAULT]``: every how many cut points (1: all), and a fault to build in. The
boot loader is ESP-IDF's in small: two entries of otadata, each a number and a state, and what is not marked valid is
taken back at the next start. Prints what went wrong, and at the end one line of JSON.
"""

import json
import os
import sys

import vfs
from flash import Flash, Power, PowerCut

SIZE = 4096
OLD_ROM, NEW_ROM = b"\xd2\xcd\x31" + b"old" * 4000, b"\xd2\xcd\x31" + b"new!" * 5000
NEW, PENDING, VALID, ABORTED = range(4)


class Reset(BaseException):
    """The chip starts anew."""


class Chip:
    """What a power cut leaves: the file system, the ROMFS, and which MicroPython starts."""

    def __init__(self, files, rom, otadata):
        self.files = bytearray(files)
        self.rom = bytearray(rom)
        self.otadata = [list(entry) for entry in otadata]
        self.running = 0
        self.power = Power()

    def copy(self):
        return Chip(self.files, self.rom, self.otadata)

    def active(self):
        good = [entry for entry in self.otadata if entry[0] and entry[1] != ABORTED]
        return max(good) if good else None

    def boot(self):
        """Choose as the boot loader does; each of its writes may be the last."""
        for entry in self.otadata:
            if entry[1] == PENDING:
                self.power.step()
                entry[1] = ABORTED
        entry = self.active()
        self.running = (entry[0] - 1) % 2 if entry else 0
        if entry and entry[1] == NEW:
            self.power.step()
            entry[1] = PENDING

    def set_boot(self, number):
        self.power.step()
        entry = self.active()
        seq = number + 1
        while entry and entry[0] > seq:
            seq += 2
        at = 1 - self.otadata.index(entry) if entry else 0
        self.otadata[at] = [seq, NEW]

    def mark(self):
        self.power.step()
        entry = self.active()
        if entry:
            entry[1] = VALID


class Partition:
    """`esp32.Partition` over CHIP: RUNNING, or one that was found."""

    TYPE_APP = 0
    RUNNING = -1

    def __init__(self, which):
        self._number = CHIP.running if which == self.RUNNING else which

    @staticmethod
    def find(type, label):
        return [Partition(int(label[-1]))]

    @staticmethod
    def mark_app_valid_cancel_rollback():
        CHIP.mark()

    def info(self):
        return (0, 16, 0, 0, "ota_%d" % self._number)

    def set_boot(self):
        CHIP.set_boot(self._number)


class Esp32:
    """The module esp32."""


Esp32.Partition = Partition


class Machine:
    """What the switch asks of the chip."""

    DEEPSLEEP_RESET = 4

    @staticmethod
    def reset_cause():
        return 1

    @staticmethod
    def reset():
        raise Reset()


class Vfs:
    """The module vfs, with a ROMFS partition."""

    @staticmethod
    def rom_ioctl(operation, number):
        return Erased(CHIP.rom, SIZE, CHIP.power)

    @staticmethod
    def umount(path):
        raise OSError(22)


class Erased(Flash):
    """A flash whose writes with an offset clear bits only, so that what was not erased shows."""

    def writeblocks(self, block, buffer, offset=None):
        start = block * SIZE + (offset or 0)
        self._write(start, bytes([self.data[start + at] & buffer[at] for at in range(len(buffer))]))


sys.modules["machine"] = Machine
sys.modules["esp32"] = Esp32
import switch  # noqa: E402
import switch_flash  # noqa: E402

OPENED = []
_open = open


def remembered(path, mode="r"):
    file = _open(path, mode)
    OPENED.append(file)
    return file


def life(chip, act, cut=None, tear=False):
    """Let ``chip`` start and ``act`` until it has come to the end or its power goes; return the steps."""
    global CHIP
    CHIP = chip
    chip.power = Power(cut, tear)
    for _ in range(12):
        try:
            chip.boot()
            device = Flash(chip.files, SIZE, chip.power)
            vfs.mount(vfs.VfsLfs2(device), "/")
            os.chdir("/")
            sys.modules["vfs"] = Vfs
            try:
                act()
                return chip.power.steps
            finally:
                sys.modules["vfs"] = vfs
                device.data = bytearray(device.data)
                device.power = Power()
                while OPENED:
                    try:
                        OPENED.pop().close()
                    except OSError:
                        pass
                vfs.umount("/")
        except Reset:
            continue
        except PowerCut:
            return None
    print("# it starts again and again")
    return chip.power.steps


def ready():
    """Lay an update ready that changes a file, the ROMFS and MicroPython."""
    for folder in ("/update", "/update/new", "/update/old"):
        try:
            os.mkdir(folder)
        except OSError:
            pass
    files = {"/update/new/0": b"new", "/config": b"old", "/update/new/rom": NEW_ROM, "/update/old/rom": OLD_ROM}
    for path in files:
        with open(path, "wb") as file:
            file.write(files[path])
    state = {"phase": "ready", "version": 1, "files": [["/config", True]], "gone": [], "secrets": [], "starts": 0}
    state.update({"looks": 0, "why": "", "watchdog": 0})
    state["flash"] = {"slot": ["ota_0", "ota_1"], "rom": len(NEW_ROM), "tries": 0}
    switch.save(state)


def ask_back():
    state = switch.load()
    if state["phase"] == "trial":
        switch.back(state, "by the test")
    switch.main()


def keep():
    # (As main.py and alertnode/trial.py do.)
    switch.main()
    state = switch.load()
    if state["phase"] == "trial":
        switch_flash.hold(state)
        state["phase"] = "kept"
        switch.save(state)


def stands(chip):
    """Return (phase, file, ROMFS, slot) of a chip that has started once more in peace."""
    found = []

    def look():
        switch.main()
        state = switch.load()
        with open("/config", "rb") as file:
            found.append((state["phase"], file.read(), bytes(chip.rom[:7]) == NEW_ROM[:7], chip.running))
        whole = NEW_ROM if found[-1][2] else OLD_ROM
        if bytes(chip.rom[: len(whole)]) != whole:
            found.append(("the ROMFS is neither",))

    life(chip, look)
    return found[-1]


# (phase, file, the new ROMFS, slot) that are whole.
OLD_WHOLE = ("undone", b"old", False, 0)
NEW_WHOLE = ("trial", b"new", True, 1)
KEPT = ("kept", b"new", True, 1)


def cut_all(name, before, act, good, every):
    steps = life(before.copy(), act)
    tried = wrong = 0
    for tear in (False, True):
        # (At the last one nothing is cut.)
        for cut in range(tried % every, steps + 1, every):
            chip = before.copy()
            life(chip, act, cut, tear)
            if cut % 3 == 0:
                life(chip, switch.main, cut // 2, tear)
            found = stands(chip)
            tried += 1
            if found not in good:
                wrong += 1
                print("# %s: %s at step %d of %d: %s" % (name, "torn" if tear else "cut", cut, steps, found))
    return tried, wrong


def main(every, fault):
    for module in (switch, switch_flash):
        module.open = remembered
    if fault == "back_without_the_romfs":
        switch_flash.exists = lambda path: False
    if fault == "never_marked":
        switch_flash.hold = lambda state: None
    vfs.umount("/")
    image = bytearray(64 * SIZE)
    vfs.VfsLfs2.mkfs(Flash(image, SIZE, Power()))
    rom = OLD_ROM + b"\xff" * (16 * SIZE - len(OLD_ROM))
    laid = Chip(image, rom, [[1, VALID], [0, ABORTED]])
    life(laid, ready)
    taken = laid.copy()
    life(taken, switch.main)
    if stands(taken.copy()) != NEW_WHOLE:
        raise SystemExit("the update was not taken: %r" % (stands(taken.copy()),))
    tried = wrong = 0
    for name, before, act, good in (
        # (One that is cut again and again is taken back after three starts.)
        ("taking", laid, switch.main, (NEW_WHOLE, OLD_WHOLE)),
        ("taking back", taken, ask_back, (OLD_WHOLE, NEW_WHOLE)),
        ("keeping", laid, keep, (KEPT, NEW_WHOLE, OLD_WHOLE)),
    ):
        counts = cut_all(name, before, act, good, every)
        tried += counts[0]
        wrong += counts[1]
    print(json.dumps({"tried": tried, "wrong": wrong}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
