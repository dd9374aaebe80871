"""`umail deploy --freeze`: a folder that MicroPython's build takes as it is, compiled and measured before."""

from __future__ import annotations

import os
import re
import stat
import subprocess

import pytest

from host.firmware_files import esp_firmware
from host.test_deploy_serial import run
from host.test_package import frozen_by
from umail_host import boards, freeze, image, paths
from umail_host.errors import UserError

ESP32 = boards.load("ESP32_GENERIC")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """No firmware downloaded yet; compiled once for all tests."""
    monkeypatch.setenv("UMAIL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "firmware"


@pytest.fixture(scope="module", autouse=True)
def compiled_once():
    """One module's octets stand for those of each: compiling them all takes its time."""
    with pytest.MonkeyPatch.context() as patch:
        compile_module = image.compile_module
        patch.setattr(image, "compile_module", lambda source, name, *options: b"x" * 1800)
        yield compile_module


def test_the_manifest_freezes_what_the_boards_own_does_but_for_boot_py_and_what_only_cpython_imports(tmp_path):
    freeze.write(tmp_path / "build", ESP32)
    manifest = tmp_path / "build" / "manifest.py"
    assert manifest.read_text().splitlines()[2:] == [
        'include("$(PORT_DIR)/boards/manifest.py")',
        'package("umail", base_path="modules", opt=3)',
        'package("alertnode", base_path="modules")',
        'module("main.py", base_path="modules")',
    ]
    own = frozen_by(paths.boards() / "ESP32_GENERIC" / "manifest.py")
    wanted = {name for name in own if not re.search(r"_cpython\.py$|^boot\.py$", name)}
    assert set(frozen_by(manifest)) == wanted
    for name in ("umail/session.py", "alertnode/app.py", "main.py"):
        source = paths.library().parent if name.startswith("umail") else paths.firmware()
        assert (tmp_path / "build" / "modules" / name).read_bytes() == (source / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "first", "target", "product"),
    [
        ("ESP32_GENERIC_C3", "$(PORT_DIR)/boards/manifest.py", "BOARD=ESP32_GENERIC_C3", "firmware.bin"),
        ("RPI_PICO_W", "$(MPY_DIR)/ports/rp2/boards/RPI_PICO_W/manifest.py", "BOARD=RPI_PICO_W", "firmware.uf2"),
        ("virtual", "$(PORT_DIR)/variants/manifest.py", "VARIANT=standard", "micropython"),
    ],
)
def test_the_script_builds_each_port_as_it_is_built(tmp_path, name, first, target, product):
    board = boards.load(name)
    made = freeze.write(tmp_path / "it's here", board)
    assert f'include("{first}")' in (tmp_path / "it's here" / "manifest.py").read_text()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    output = f"ports/{board.port}/build-{target.partition('=')[2]}"
    for tool in ("make", "git"):
        # The build's product appears with the last command.
        (bin_folder / tool).write_text(
            f'#!/bin/sh\necho "{tool} $@" >> "{tmp_path}/log"\n'
            + (f'mkdir -p "{tmp_path}/mp/{output}"; echo built > "{tmp_path}/mp/{output}/{product}"\n')
        )
        (bin_folder / tool).chmod(stat.S_IRWXU)
    (tmp_path / "mp").mkdir()
    environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    command = ["sh", str(made.script), str(tmp_path / "mp")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text().splitlines() == [
        f"make -C {tmp_path}/mp/mpy-cross",
        f"make -C {tmp_path}/mp/ports/{board.port} {target} submodules",
        f"make -C {tmp_path}/mp/ports/{board.port} {target} FROZEN_MANIFEST={tmp_path}/it's here/manifest.py",
    ]
    assert made.firmware.read_text() == "built\n"
    assert made.firmware.name.startswith(f"{name}-UMAIL-v{made.version}")


def test_a_second_time_replaces_the_first_and_a_folder_of_the_users_is_left_alone(tmp_path):
    freeze.write(tmp_path, ESP32)
    (tmp_path / "modules" / "umail" / "gone.py").write_text("")
    freeze.write(tmp_path, ESP32)
    assert not (tmp_path / "modules" / "umail" / "gone.py").exists()
    (tmp_path / "manifest.py").write_text("# mine\n")
    with pytest.raises(UserError, match="name an empty folder"):
        freeze.write(tmp_path, ESP32)


def test_a_module_that_does_not_compile_is_told_before_anything_is_written(tmp_path, monkeypatch, compiled_once):
    def compile_module(source, name, *options):
        assert options[0] == "-march=xtensawin"
        return compiled_once(b"x = (\n", name, *options)

    monkeypatch.setattr(image, "compile_module", compile_module)
    with pytest.raises(UserError, match=r"main\.py, line 2, does not compile"):
        freeze.write(tmp_path / "build", ESP32)
    assert not (tmp_path / "build").exists()


def test_what_it_takes_is_told_beside_a_release_that_was_downloaded_and_refused_where_it_does_not_fit(tmp_path, cache):
    assert re.fullmatch(r"about \d+ KiB of the 1984 KiB that .*", freeze.write(tmp_path / "build", ESP32).room)
    cache.mkdir(parents=True)
    (cache / "ESP32_GENERIC-20251209-v1.27.0.bin").write_bytes(esp_firmware(size=1_700_000))
    assert re.search(r"beside MicroPython's 1660 KiB, of 1984 KiB", freeze.write(tmp_path / "build", ESP32).room)
    (cache / "ESP32_GENERIC-20260406-v1.28.0.bin").write_bytes(esp_firmware(size=1_900_000))
    with pytest.raises(UserError, match=r"beside MicroPython's \d+ KiB, and ESP32_GENERIC has 1984 KiB"):
        freeze.write(tmp_path / "build", ESP32)


def test_the_command_says_how_to_build_and_to_flash(tmp_path):
    output = run("--freeze", tmp_path / "build", "--board", "ESP32_GENERIC")
    assert f"sh {tmp_path}/build/build.sh" in output
    assert f"umail flash {tmp_path}/build/ESP32_GENERIC-UMAIL-v1." in output
