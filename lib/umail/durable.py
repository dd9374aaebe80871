"""Files that a power cut leaves old or new, never half, and values in them with a version and a checksum.

A file is written beside its name as ``PATH.new``, synced, and renamed. If a rename is not one step (on FAT the old
file is removed first), a cut between the two leaves only ``PATH.new``: ``load`` takes it if its checksum holds.

A value is one line, ``VERSION CHECKSUM JSON``. The version is the lowest that can read it: what a later one adds stands
behind what is known today and is passed over. It imports nothing of umail.
"""

import json
import os
from binascii import crc32

VERSION = 2
_rename = getattr(os, "replace", os.rename)


def seal(value):
    """Return ``value`` as a line (bytes)."""
    data = json.dumps(value).encode()
    return b"%d %08x %s\n" % (VERSION, crc32(data), data)


def unseal(line):
    """Return the value of a line (bytes): None if it is damaged, ``()`` if only a later version can read it."""
    version, _, rest = line.partition(b" ")
    try:
        if int(version) > VERSION:
            return ()
        if int(rest[:8], 16) == crc32(rest[9:-1]):
            return json.loads(rest[9:-1])
    except ValueError:
        pass
    return None


def sync(file):
    """Wait until what was written to ``file`` is on flash."""
    file.flush()
    if hasattr(os, "fsync"):
        os.fsync(file.fileno())


def settle(path):
    """Wait until the directory of ``path`` is on flash, if directories are synced separately."""
    if hasattr(os, "fsync") and os.name == "posix":
        directory = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def remove(path):
    """Remove the file ``path`` if there is one; OSError if it is still there."""
    try:
        os.remove(path)
    except OSError as error:
        # ENOENT
        if error.args[0] != 2:
            raise


def write(path, data):
    """Write ``data`` (bytes) to ``path``; OSError if the flash is full or broken: the old content is there then."""
    new = path + ".new"
    try:
        with open(new, "wb") as file:
            file.write(data)
            sync(file)
    except OSError:
        # Half a file would keep the last blocks of a full flash.
        try:
            os.remove(new)
        except OSError:
            pass
        raise
    _rename(new, path)
    settle(path)


def save(path, value):
    """Write ``value``, fit for JSON, to ``path`` with version and checksum; OSError as of ``write``."""
    write(path, seal(value))


def for_a_person(error):
    """Return True if reading fails in this way until a person acts; anything else (EIO, ENODEV, ENOMEM …) may pass."""
    # ENOENT, EACCES, ENOTDIR, EISDIR, EINVAL and ENAMETOOLONG (of a path)
    return bool(error.args) and error.args[0] in (2, 13, 20, 21, 22, 36)


def read(path):
    """Return the bytes of a file, None if there is none; OSError if it cannot be read, not even when asked again."""
    left = 3
    while True:
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            if for_a_person(error):
                return None
            left -= 1
            if not left:
                raise


def load(path):
    """Return what ``save`` wrote last; None if there is nothing whole, or only what a later version wrote.

    OSError if it cannot be read.
    """
    for name in (path, path + ".new"):
        data = read(name)
        value = None if data is None else unseal(data)
        if value is not None:
            if name != path:
                # At once: the next ``write`` begins by emptying it.
                try:
                    _rename(name, path)
                except OSError:
                    pass
            return value or None
    return None
