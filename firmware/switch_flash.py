"""Takes, and takes back, what an update changes beside files: MicroPython and the ROMFS; switch.py loads it for that.

The ``flash`` of the switch's state has

- ``slot``: labels of the partitions of MicroPython (esp32.Partition) before and after, or nothing;
- ``rom``: bytes of the new ROMFS, in FOLDER/new/rom, or 0; the old one is in FOLDER/old/rom;
- ``tries``: how often the way back to the old slot was tried.

A ROMFS is one partition, which no single step replaces. But all of both is kept on the file system until the update is
over, and so is this program: what a power cut left half written is written again at the next start.

No update replaces this file, and it imports nothing that one can replace.
"""

import os

# Starts in which the way back to the old slot is tried.
_TRIES = 6
# How often a ROMFS is written that the flash gives back wrong.
_WRITES = 3


def take(state, folder):
    """Bring what is new to its place, as the files were; OSError if the flash or the boot loader refuses it."""
    flash = state["flash"]
    changed = flash["rom"] and _write(folder + "/new/rom")
    return enter(state) or changed


def enter(state):
    """Make the new MicroPython the one that starts next, unless it runs; return True if it does not run."""
    if not is_elsewhere(state):
        return False
    _partition(state["flash"]["slot"][1]).set_boot()
    return True


def is_elsewhere(state):
    """Return True if another MicroPython runs than the new one: the boot loader has taken it back, or a cut came."""
    slot = state["flash"]["slot"]
    return bool(slot) and _running() != slot[1]


def hold(state):
    """Tell the boot loader that the MicroPython that runs is the one to stay."""
    if state["flash"]["slot"]:
        from esp32 import Partition

        try:
            Partition.mark_app_valid_cancel_rollback()
        except OSError:
            # It keeps no such mark.
            pass


def give_back(state, folder, save):
    """Bring what was there before to its place; return True if the board must start over for that.

    ``save`` keeps the state. What runs then is the old MicroPython, or the new one if the old one cannot be started.
    """
    flash = state["flash"]
    changed = flash["rom"] and exists(folder + "/old/rom") and _write(folder + "/old/rom")
    slot = flash["slot"]
    if slot and _running() != slot[0]:
        if flash["tries"] < _TRIES:
            flash["tries"] += 1
            save(state)
            # A start is enough for one that was not told to stay: then the boot loader takes it back by itself, and the
            # mark of the old one stays as it was.
            if flash["tries"] > 1:
                try:
                    _partition(slot[0]).set_boot()
                except OSError:
                    pass
            return True
    else:
        hold(state)
    return bool(changed)


def exists(path):
    """Return True if there is a file ``path``."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _partition(label):
    from esp32 import Partition

    return Partition.find(Partition.TYPE_APP, label=label)[0]


def _running():
    from esp32 import Partition

    return Partition(Partition.RUNNING).info()[4]


def _write(path):
    """Make the ROMFS partition hold the image in the file ``path``; return True if it did not."""
    import vfs

    device = vfs.rom_ioctl(2, 0)
    if not hasattr(device, "readblocks"):
        raise OSError(19)
    if _holds(device, path):
        return False
    try:
        vfs.umount("/rom")
    except OSError:
        pass
    block = device.ioctl(5, 0)
    count = -(-os.stat(path)[6] // block)
    for _ in range(_WRITES):
        # The first block, without which nothing is mounted, is erased first and written last.
        for number in range(count):
            device.ioctl(6, number)
        with open(path, "rb") as file:
            for number in range(count - 1, -1, -1):
                file.seek(number * block)
                data = file.read(block)
                device.writeblocks(number, data + b"\xff" * (block - len(data)), 0)
        if _holds(device, path):
            return True
    raise OSError(5)


def _holds(device, path):
    block = device.ioctl(5, 0)
    buffer = bytearray(block)
    number = 0
    with open(path, "rb") as file:
        while True:
            data = file.read(block)
            if not data:
                return True
            device.readblocks(number, buffer)
            if buffer[: len(data)] != data:
                return False
            number += 1
