"""Lays an update's ROMFS ready as a file, and a copy of the one of now for the way back; the switch writes it.

Loaded only if a bundle brings one.
"""

from alertnode import bundle

_MAGIC = b"\xd2\xcd\x31"


def lay(stage, body, size):
    """Take the next ``size`` bytes of ``body``, an image; return ``size``, 0 if the partition holds them already.

    ``stage`` is the Stage of alertnode/stage.py. Raises Refused if the board has no ROMFS, or too small a one; OSError
    if the file system is full.
    """
    device = _device()
    block, count = device.ioctl(5, 0), device.ioctl(4, 0)
    if size > block * count:
        raise bundle.Refused("its ROMFS has room for %d kB, and not for %d" % (block * count // 1000, size // 1000))
    begin = body.at
    new, old = stage.switch.FOLDER + "/new/rom", stage.switch.FOLDER + "/old/rom"
    stage.write(body, new, size)
    body.at = begin
    if not stage.equals(body, new, size):
        raise bundle.Refused("the flash gave the ROMFS back wrong")
    buffer = memoryview(bytearray(block))
    device.readblocks(0, buffer)
    left = _size(buffer)
    if left > block * count:
        raise bundle.Refused("its ROMFS is damaged")
    # (An image may be filled up to whole words.)
    same = 0 <= size - left < 4
    with open(new, "rb") as given, open(old, "wb") as kept:
        number = 0
        while left > 0:
            stage.feed()
            device.readblocks(number, buffer)
            part = bytes(buffer[: min(block, left)])
            kept.write(part)
            same = same and given.read(len(part)) == part
            left -= len(part)
            number += 1
    return 0 if same else size


def _device():
    try:
        import vfs

        found = vfs.rom_ioctl(2, 0)
    except (ImportError, AttributeError, OSError):
        found = None
    if not hasattr(found, "ioctl"):
        raise bundle.Refused("this board has no ROMFS")
    return found


def _size(head):
    """Return the bytes of the image that begins with ``head``: a number in groups of 7 bits follows its magic."""
    if bytes(head[:3]) != _MAGIC:
        raise bundle.Refused("its ROMFS is damaged")
    size, at = 0, 3
    while at < 8:
        size = size << 7 | head[at] & 0x7F
        at += 1
        if head[at - 1] < 0x80:
            break
    return at + size
