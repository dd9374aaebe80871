"""What `umail deploy` runs on the board: says what lies there; writes, verifies, renames and removes files."""

import io
import os
import sys
from binascii import hexlify
from hashlib import sha256

TEMPORARY = "/.umail-new"
# The temporary file while it is open: the host sends it over several commands.
opened: list[io.BufferedWriter] = []
# The bytes that came, and the stream that they stand for; how far that is; whether writing has failed.
feed: list = []  # type: ignore[type-arg]
state: dict = {}  # type: ignore[type-arg]
failed: list[bool] = []


def digest(path: str) -> str:
    """Return SHA-256 in hex of what the flash gives back for ``path``."""
    state = sha256()
    view = memoryview(bytearray(1024))
    with open(path, "rb") as file:
        while count := file.readinto(view):
            state.update(view[:count])
    return hexlify(state.digest()).decode()


def survey(paths: list[str]) -> None:
    """Print size and SHA-256 of each of ``paths`` that is there, then the room and the interpreter."""
    for path in paths:
        try:
            status = os.stat(path)
            print("file", "directory" if status[0] & 0x4000 else digest(path), status[6], path)
        except OSError:
            pass
    room = os.statvfs("/")
    print("room", room[0], room[4])
    print("python", getattr(sys.implementation, "_mpy", 0), *sys.implementation.version[:3])
    frozen()
    rom()
    mails("/outbox")


def frozen() -> None:
    """Print which of the packages the firmware itself holds: they come before any in /lib, and /rom."""
    for name in ("umail", "alertnode"):
        try:
            path = __import__(name).__file__ or ""
        except Exception:
            continue  # it is not there, or does not import: told when it should
        del sys.modules[name]
        try:
            os.stat(path)
        except OSError:
            print("frozen", name)


def rom() -> None:
    """Print size and block of the ROMFS partition, if there is one, and what lies in it, two folders deep."""
    try:
        device = __import__("vfs").rom_ioctl(2, 0)
        block = device.ioctl(5, 0)
    except (ImportError, AttributeError):
        return  # no such module, no such function, or an error's number
    print("rom", device.ioctl(4, 0) * block, block)
    try:
        for name in os.listdir("/rom"):
            folder = os.stat("/rom/" + name)[0] & 0x4000
            for inner in os.listdir("/rom/" + name) if folder else [""]:
                print("holds", name + "/" + inner)
    except OSError:
        pass


def show(path: str) -> None:
    """Print the text file ``path``; nothing if there is none."""
    try:
        with open(path) as file:
            print(file.read())
    except OSError:
        pass


def mails(folder: str) -> None:
    """Print the format of each mail in the outbox ``folder`` that has a version, which follows its content."""
    try:
        for name in os.listdir(folder):
            stem, _, ending = name.partition(".")
            if ending == "mail":
                with open(folder + "/" + name, "rb") as file:
                    file.seek(int(stem.partition("-")[2], 16))
                    print("mail", int(file.read(4).split(b" ")[0]))
    except (OSError, ValueError):
        pass


def code(listing: str, folders: list[str]) -> None:
    """Print the file ``listing``, then the modules that lie in each of ``folders`` themselves."""
    show(listing)
    for folder in folders:
        try:
            for name in os.listdir(folder):
                print("there", folder + "/" + name)
        except OSError:
            pass


def start(window: int) -> None:
    """Begin to take files: deflated with a ``window`` of this many bits, or with 0 as they are."""
    abandon()
    stream = io.BytesIO()
    feed[:] = [stream, stream]
    if window:
        deflate = __import__("deflate")  # MicroPython's
        feed[1] = deflate.DeflateIO(stream, deflate.RAW, window)
    state.update(have=0, header=b"", path="", left=0)


def more(data: bytes, count: int) -> None:
    """Take ``data``, which stands for ``count`` bytes: of each file a line ``SIZE DIGEST PATH``, then what it holds."""
    stream = feed[0]
    # The end of a deflated piece is read with the beginning of the next.
    data = stream.read(state["have"] - stream.tell()) + data
    state["have"] = len(data)
    stream.seek(0)
    stream.write(data)
    stream.seek(0)
    try:
        while count and not failed:
            part = take(min(count, state["left"] or 1, 512))
            count -= len(part)
            if not part:
                fail("damaged")
            elif state["path"]:
                opened[0].write(part)
                state["left"] -= len(part)
                if not state["left"]:
                    finish()
            elif part != b"\n":
                state["header"] += part
            else:
                begin(*state["header"].decode().split(" ", 2))
    except OSError as error:
        fail(error.errno)


def take(most: int) -> bytes:
    """Return at most this many of the next bytes; none if they were damaged on their way."""
    try:
        part: bytes = feed[1].read(most)
        return part
    except (OSError, EOFError):
        return b""
    except MemoryError:
        fail("memory")
        return b""


def fail(how: object) -> None:
    """Say how writing failed, once."""
    if not failed:
        print("failed", how)
        failed.append(True)


def begin(size: str, expected: str, path: str) -> None:
    """Open the temporary file for the next file."""
    state.update(header=b"", path=path, left=int(size), expected=expected)
    opened.append(open(TEMPORARY, "wb"))  # noqa: SIM115 (finish() or abandon() closes it)
    if not state["left"]:
        finish()


def finish() -> None:
    """Give the temporary file its name once the flash holds what was sent: a power cut leaves old or new, no part."""
    path, expected = state["path"], state["expected"]
    opened.pop().close()
    if digest(TEMPORARY)[: len(expected)] != expected:
        fail("damaged")
        return
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
        at = path.find("/", at + 1)
    os.rename(TEMPORARY, path)
    state["path"] = ""
    print("wrote", path)


def abandon() -> None:
    """Close and remove the temporary file, if there is one, and let go of what came."""
    for known in (failed, feed, state):
        known.clear()
    try:
        if opened:
            opened.pop().close()
        os.remove(TEMPORARY)
    except OSError:
        pass


def remove(path: str) -> None:
    """Remove ``path`` and the directories that it leaves empty."""
    os.remove(path)
    while path := path[: path.rfind("/")]:
        try:
            os.rmdir(path)
        except OSError:
            return


def imported(names: list[str]) -> None:
    """Print where each package comes from when the firmware imports it."""
    for name in names:
        try:
            print("import", name, getattr(__import__(name), "__file__", "?"))
        except Exception as error:
            print("broken", name, type(error).__name__, error)
