"""Lays MicroPython's own image of an update ready in the slot that does not run (esp32.Partition); docs/updates.md.

The bundle, which was verified before, says where the image is, by which key it is encrypted, and its SHA-256. It goes
from the network into the slot block by block, since no file system holds it; what was written is read back, and only
the switch makes it the one that starts. Loaded only if a bundle brings an image.
"""

from binascii import hexlify, unhexlify
from hashlib import sha256

from alertnode import bundle

# Bytes of a block of flash, and those decrypted at a time.
_BLOCK = 4096
_PIECE = 512


def lay(wanted, get, feed):
    """Return the labels of the slots [that runs, that has the image], None if the one that runs has it already.

    Args:
        wanted: of the bundle: ``file``, ``key``, ``sha256`` (hexadecimal), ``size``, ``version``.
        get: gets a file of the server into what is added to: ``get(name, into, most)`` returns its status.
        feed: called from time to time.

    Raises Refused if this board cannot take it, an error of the network if it has not come.
    """
    running, other = slots()
    size, digest = wanted["size"], wanted["sha256"]
    if size > other.info()[3]:
        raise bundle.Refused(
            "MicroPython %s has %d kB, and a slot of this board %d kB"
            % (wanted["version"], size // 1000, other.info()[3] // 1000)
        )
    if read_back(running, size, feed) == digest:
        return None
    # A power cut may have come when it was there.
    if read_back(other, size, feed) != digest:
        slot = _Slot(other, size, unhexlify(wanted["key"]), feed)
        status = get(wanted["file"], slot, size)
        if status != 200:
            raise OSError("the server of updates answered %d for MicroPython" % status)
        slot.end()
        if slot.failed:
            raise bundle.Refused("the flash did not take MicroPython (%r)" % slot.failed)
        if len(slot) != size:
            raise OSError("MicroPython was cut off")
        if read_back(other, size, feed) != digest:
            raise bundle.Refused("MicroPython came otherwise than it was published, or the flash is worn")
    return [running.info()[4], other.info()[4]]


def slots():
    """Return the partition whose MicroPython runs and the one for the next; raises Refused if there are not both."""
    try:
        from esp32 import Partition

        running = Partition(Partition.RUNNING)
        other = running.get_next_update()
        # Without this the boot loader would take nothing back.
        if running.info()[2] != other.info()[2] and hasattr(Partition, "mark_app_valid_cancel_rollback"):
            return running, other
    except (ImportError, AttributeError, OSError):
        pass
    raise bundle.Refused(
        "this board has one slot for MicroPython, and an update needs a second one (the OTA images of MicroPython have "
        "it): flash it by cable (umail flash)"
    )


def read_back(partition, size, feed):
    """Return the SHA-256 in hexadecimal of the first ``size`` bytes of ``partition``."""
    made = sha256()
    buffer = memoryview(bytearray(_BLOCK))
    for number in range((size + _BLOCK - 1) // _BLOCK):
        feed()
        partition.readblocks(number, buffer)
        made.update(buffer[: min(_BLOCK, size - number * _BLOCK)])
    return hexlify(made.digest()).decode()


class _Slot:
    """Decrypts what is added to it into a partition; the flash's failure is kept in ``failed``."""

    def __init__(self, partition, size, key, feed):
        self._partition = partition
        self._most = size
        self._key = key
        self._feed = feed
        self._block = memoryview(bytearray(_BLOCK))
        self._size = 0
        self.failed = None

    def __len__(self):
        return self._size

    def __add__(self, data):
        at = 0
        while at < len(data) and self._size < self._most:
            filled = self._size % _BLOCK
            count = min(len(data) - at, _BLOCK - filled, self._most - self._size)
            self._block[filled : filled + count] = data[at : at + count]
            at += count
            self._size += count
            if filled + count == _BLOCK:
                self._write(_BLOCK)
        return self

    def end(self):
        """Write the last block, which is filled up."""
        if self._size % _BLOCK:
            self._write(self._size % _BLOCK)

    def _write(self, filled):
        if self.failed is not None:
            return
        self._feed()
        number = (self._size - 1) // _BLOCK
        block = self._block
        for at in range(0, filled, _PIECE):
            end = min(at + _PIECE, filled)
            block[at:end] = bundle.mixed(self._key, (number * _BLOCK + at) // 16, bytes(block[at:end]))
        for at in range(filled, _BLOCK):
            block[at] = 0xFF
        try:
            # Without an offset it is erased before.
            self._partition.writeblocks(number, block)
        except OSError as error:
            self.failed = error
