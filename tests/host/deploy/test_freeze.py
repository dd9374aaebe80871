"""`umail deploy --freeze`: a folder that MicroPython's build takes as it is, compiled and measured before."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess

import pytest

from host.deploy.test_deploy_serial import run
from host.flash.firmware_files import esp_firmware
from host.repository.test_package import frozen_by
from umail_host import paths
from umail_host.deploy import freeze, image
from umail_host.device import boards
from umail_host.errors import UserError

ESP32 = boards.load("ESP32_GENERIC")
GOOD = {
    "board_name": "freezer-3",
    "wifi": {"ssid": "lab"},
    "mail": {"route": "m365.submission", "username": "a@b.c", "to": "ops@b.c"},
    "sensor": {"type": "ds18b20", "pin": 4},
    "rules": [{"name": "temperature", "when": "above", "limit": -15}],
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """No firmware downloaded yet; compiled once for all tests."""
    monkeypatch.setenv("UMAIL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "firmware"


@pytest.fixture(scope="module", autouse=True)
def compiled_once():
    """So many bytes stand for each module's, which take 1,434 on average: compiling them all takes its time."""
    with pytest.MonkeyPatch.context() as patch:
        compile_module = image.compile_module
        patch.setattr(image, "compile_module", lambda source, name, *options: b"x" * 1435)
        yield compile_module


def test_the_manifest_freezes_what_the_boards_own_does_but_for_boot_py_and_what_only_cpython_imports(tmp_path):
    freeze.write(tmp_path / "build", ESP32, updates=True)
    manifest = tmp_path / "build" / "manifest.py"
    assert manifest.read_text().splitlines()[2:] == [
        'include("$(PORT_DIR)/boards/manifest.py")',
        'package("umail", base_path="modules", opt=3)',
        'package("alertnode", base_path="modules")',
        'module("main.py", base_path="modules")',
    ]
    own = frozen_by(paths.library().parent / "manifest.py") + frozen_by(paths.firmware() / "manifest.py")
    # Nor advice in a language that it does not speak.
    wanted = {name for name in own if not re.search(r"_cpython\.py$|^boot\.py$|/advice_de\.py$", name)}
    assert set(frozen_by(manifest)) == wanted
    for name in ("umail/smtp/session.py", "alertnode/app.py", "main.py"):
        source = paths.library().parent if name.startswith("umail") else paths.firmware()
        assert (tmp_path / "build" / "modules" / name).read_bytes() == (source / name).read_bytes()


def test_the_words_are_those_of_the_configurations_language(tmp_path):
    config = tmp_path / "freezer.json"
    config.write_text(json.dumps(GOOD | {"language": "de"}))
    told = run("--freeze", str(tmp_path / "build"), "--board", "ESP32_GENERIC", "--config", str(config))
    assert "modules frozen in" in told
    modules = tmp_path / "build" / "modules"
    assert "LANGUAGE = 'language de'" in (modules / "alertnode" / "__init__.py").read_text()
    assert "Kennwort" in (modules / "umail" / "tables" / "advice_en.py").read_bytes().decode("unicode_escape")


class Checkout:
    """A folder of MicroPython whose builds are noted: ``make`` makes each product there is."""

    def __init__(self, folder):
        self.folder, self.log = folder / "mp", folder / "log"
        for port, board in (("esp32", "ESP32_GENERIC_C3"), ("rp2", "RPI_PICO_W"), ("unix", "")):
            description = self.folder / "ports" / port / "boards" / board / "mpconfigboard.cmake"
            description.parent.mkdir(parents=True)
            description.write_text("include(boards/common.cmake)")  # no newline at its end, as upstream's
        make = folder / "bin" / "make"
        make.parent.mkdir()
        make.write_text(
            f"""#!/bin/sh
echo "$CMAKE_ARGS make $@" >> "{self.log}"
for argument in "$@"; do case "$argument" in BUILD=*) out="$2/${{argument#BUILD=}}"; mkdir -p "$out"
for product in firmware.bin firmware.uf2 micropython; do echo built > "$out/$product"; done;; esac; done
"""
        )
        make.chmod(stat.S_IRWXU)
        self.environment = {**os.environ, "PATH": f"{make.parent}:{os.environ['PATH']}"}

    def build(self, made):
        command = ["sh", str(made.script), str(self.folder)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert made.firmware.read_text() == "built\n"
        return [line.replace(str(self.folder), "MP").strip() for line in self.log.read_text().splitlines()]


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


@pytest.mark.parametrize(
    ("name", "first", "target"),
    [
        ("ESP32_GENERIC_C3", "$(PORT_DIR)/boards/manifest.py", "BOARD=ESP32_GENERIC_C3"),
        ("RPI_PICO_W", "$(MPY_DIR)/ports/rp2/boards/RPI_PICO_W/manifest.py", "BOARD=RPI_PICO_W"),
        ("virtual", "$(PORT_DIR)/variants/manifest.py", "VARIANT=standard"),
    ],
)
def test_the_script_builds_each_port_as_it_is_built(tmp_path, checkout, name, first, target):
    board = boards.load(name)
    made = freeze.write(tmp_path / "build", board)
    assert f'include("{first}")' in (tmp_path / "build" / "manifest.py").read_text()
    build = f"BUILD=build-{target.partition('=')[2]}-UMAIL"
    assert checkout.build(made) == [
        "make -C MP/mpy-cross",
        f"make -C MP/ports/{board.port} {target} submodules",
        f"make -C MP/ports/{board.port} {target} {build} FROZEN_MANIFEST={tmp_path}/build/manifest.py",
    ]
    assert made.firmware.name.startswith(f"{name}-UMAIL-v{made.version}")


def test_a_build_with_a_romfs_partition_is_the_boards_own_with_rom_switched_on_and_room_for_it(tmp_path, checkout):
    made = freeze.write_romfs(tmp_path / "build", boards.load("ESP32_GENERIC_C3"))
    board = tmp_path / "build" / "board" / "ESP32_GENERIC_C3"
    assert checkout.build(made)[1:] == [
        f"make -C MP/ports/esp32 BOARD_DIR={board} submodules",
        f"make -C MP/ports/esp32 BOARD_DIR={board} BUILD=build-ESP32_GENERIC_C3-ROMFS",
    ]
    assert (board / "mpconfigboard.cmake").read_text().splitlines() == [
        "include(boards/common.cmake)",
        f'list(APPEND SDKCONFIG_DEFAULTS "{board}/sdkconfig.romfs")',
        "list(APPEND MICROPY_DEF_BOARD MICROPY_VFS_ROM=1)",
    ]
    table = tmp_path / "build" / "partitions.csv"
    assert (board / "sdkconfig.romfs").read_text() == f'CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="{table}"\n'
    rows = [row.split(", ") for row in table.read_text().splitlines()[1:]]
    assert rows[-1] == ["romfs", "data", "0x8f", "0x200000", "0x40000,"]
    assert [row[0] for row in rows] == ["nvs", "phy_init", "factory", "romfs"]
    assert checkout.build(made)  # a second time, over what the first one left


def test_a_pico_w_gets_its_romfs_below_the_file_system(tmp_path, checkout):
    made = freeze.write_romfs(tmp_path / "build", boards.load("RPI_PICO_W"))
    wanted = "-DMICROPY_HW_ROMFS_BYTES=262144 make -C MP/ports/rp2 BOARD=RPI_PICO_W BUILD=build-RPI_PICO_W-ROMFS"
    assert checkout.build(made)[-1] == wanted
    with pytest.raises(UserError, match="umail board --romfs 256"):
        freeze.write_romfs(tmp_path / "other", boards.load("virtual"))


def test_a_second_time_replaces_the_first_and_a_folder_of_the_users_is_left_alone(tmp_path):
    freeze.write(tmp_path / "build", ESP32)
    (tmp_path / "build" / "modules" / "umail" / "gone.py").write_text("")
    freeze.write(tmp_path / "build", ESP32)
    assert not (tmp_path / "build" / "modules" / "umail" / "gone.py").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "manifest.py").write_text("# mine\n")
    for write in (freeze.write, freeze.write_romfs):
        with pytest.raises(UserError, match="name an empty folder"):
            write(tmp_path / "mine", ESP32)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["manifest.py"]


def test_a_module_that_does_not_compile_is_told_before_anything_is_written(tmp_path, monkeypatch, compiled_once):
    def compile_module(source, name, *options):
        assert options[0] == "-march=xtensawin"
        return compiled_once(b"x = (\n", name, *options)

    monkeypatch.setattr(image, "compile_module", compile_module)
    with pytest.raises(UserError, match=r"main\.py, line 2, does not compile"):
        freeze.write(tmp_path / "build", ESP32)
    assert not (tmp_path / "build").exists()


def test_what_it_takes_is_told_beside_a_release_that_was_downloaded_and_refused_where_it_does_not_fit(tmp_path, cache):
    assert re.search(r"about \d+ KiB of the 1984 KiB that", freeze.write(tmp_path / "build", ESP32).holds)
    cache.mkdir(parents=True)
    (cache / "ESP32_GENERIC-20251209-v1.27.0.bin").write_bytes(esp_firmware(size=1_690_000))
    assert re.search(r"beside MicroPython's 1650 KiB, of 1984 KiB", freeze.write(tmp_path / "build", ESP32).holds)
    (cache / "ESP32_GENERIC-20260406-v1.28.0.bin").write_bytes(esp_firmware(size=1_900_000))
    with pytest.raises(UserError, match=r"beside MicroPython's \d+ KiB, and ESP32_GENERIC has 1984 KiB"):
        freeze.write(tmp_path / "build", ESP32)


def test_the_command_says_how_to_build_and_to_flash(tmp_path):
    output = run("--freeze", tmp_path / "build", "--board", "ESP32_GENERIC")
    assert f"sh {tmp_path}/build/build.sh" in output
    assert f"umail flash {tmp_path}/build/ESP32_GENERIC-UMAIL-v1." in output
    output = run("--freeze", tmp_path / "rom", "--romfs", "--board", "ESP32_GENERIC")
    assert re.search(r"umail flash \S+/ESP32_GENERIC-ROMFS-v1\.\S+\.bin --erase\n  umail deploy --romfs", output)


def test_without_a_board_it_asks_for_which_one_it_is(tmp_path):
    with pytest.raises(UserError, match=r"; or say for which it is with --board \(ESP32_GENERIC, ") as told:
        run("--freeze", tmp_path / "build", "--port", tmp_path / "none")
    assert told.value.exit_code == 3
    assert not (tmp_path / "build").exists()


def test_what_asks_for_updates_is_frozen_in_only_if_the_configuration_says_so(tmp_path):
    freeze.write(tmp_path / "build", ESP32)
    places = [tmp_path / "build" / freeze.MODULES / name for name in ("alertnode/update.py", "umail/net/http_get.py")]
    assert not any(place.exists() for place in places)
    freeze.write(tmp_path / "build", ESP32, updates=True)
    assert all(place.exists() for place in places)
