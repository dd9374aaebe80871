"""What an ESP32's ROM and frozen code do before the REPL: mount the flash, then run boot.py and main.py."""

import gc
import io
import sys

import board_link
import micropython


def _run(path, scope):
    """Run a file if it exists; whether it ended without an exception. SystemExit is a soft reset, and goes through."""
    if not _exists(path):
        return True
    try:
        micropython.kbd_intr(3)
        execfile(path, scope)
        micropython.kbd_intr(-1)
    except SystemExit:
        board_link.tell("power.soft_reset")
        board_link.halt()
    except BaseException as error:
        micropython.kbd_intr(-1)
        _report(error)
        return False
    return True


def _report(error):
    """Print a traceback without the frames of this file."""
    text = io.StringIO()
    sys.print_exception(error, text)
    for line in text.getvalue().split("\n"):
        if line and "board_start.py" not in line:
            print(line)


def _exists(path):
    import os

    try:
        return os.stat(path)[0] & 0x8000
    except OSError:
        return False


# Name of each module for programs, where it is, and its name there if it is not a module of its own.
_MODULES = (
    ("os", "board_sys", "os"),
    ("sys", "board_sys", "sys"),
    ("time", "board_time", None),
    ("utime", "board_time", None),
    ("machine", "board_machine", None),
    ("socket", "board_socket", None),
    ("tls", "board_tls", "module"),
    ("network", "board_network", None),
    ("ntptime", "board_ntptime", None),
    ("esp", "board_esp", None),
    ("esp32", "board_esp32", None),
    ("onewire", "board_sensors", "onewire"),
    ("ds18x20", "board_sensors", "ds18x20"),
    ("dht", "board_sensors", "dht"),
)


def _install():
    """Put the board's modules in place of the host's."""
    found = []
    for name, place, attribute in _MODULES:
        if name.startswith("esp") and board_link.platform != "esp32":
            continue
        module = __import__(place)
        found.append((name, getattr(module, attribute) if attribute else module))
        gc.collect()  # the compiler's litter goes at once: what stays must not lie scattered over the heap
    for name, module in found:
        sys.modules[name] = module


def start():
    """Start, up to the REPL."""
    micropython.kbd_intr(-1)
    sys.path[:] = ["", ".frozen"]  # so that tracebacks show no path of the host
    import asyncio  # its queue, in C, has the ticks of 64-bit words, and so must it: before `time` is the board's

    asyncio.core
    import board_flash

    rom = []
    if sys.argv[7] != "0":  # first of all: it is large, and lies at one end of the heap so
        import board_rom

        sys.modules["vfs"] = board_rom.vfs
        rom = board_rom.path()
    _install()
    board_flash.mount()
    sys.path[:] = ["", ".frozen"] + rom + ["/lib"]
    for name in list(sys.modules):
        if name.startswith("board_"):
            del sys.modules[name]
    sys.argv[:] = []
    gc.collect()
    scope = __import__("__main__").__dict__
    raw = board_link.call("power.booted", sys.implementation._machine)
    # As on an ESP32, a boot.py that failed keeps main.py from running, and so does a soft reset from the raw REPL.
    if _run("boot.py", scope) and not raw:
        _run("main.py", scope)
    board_link.call("power.repl")
