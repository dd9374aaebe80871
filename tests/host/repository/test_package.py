"""Ways onto a board and a computer: mip's package.json, manifests that freeze, a complete wheel and sdist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from mpremote import mip

import umail
from tools import make_package
from umail_host import __version__, paths
from umail_host.deploy import image
from umail_host.device import boards

ROOT = paths.library().parent.parent
PACKAGE = ROOT / "lib" / "package.json"


def test_package_json_lists_every_module():
    assert PACKAGE.read_text(encoding="utf-8") == make_package.render(paths.library()), (
        "lib/package.json is not up to date: python -m tools.make_package"
    )


def test_check_of_package_json_fails_if_a_module_is_missing_in_it(tmp_path, monkeypatch, capsys):
    library = tmp_path / "umail"
    library.mkdir()
    (library / "errors.py").touch()
    monkeypatch.setattr(paths, "library", lambda: library)
    monkeypatch.setattr(sys, "argv", ["make_package"])
    assert make_package.main() == 0
    monkeypatch.setattr(sys, "argv", ["make_package", "--check"])
    assert make_package.main() == 0
    (library / "added.py").touch()
    assert make_package.main() == 1
    assert "lib/package.json is out of date" in capsys.readouterr().err


class FakeTransport:
    """As much of mpremote's transport as mip uses: a board in memory."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.directories: set[str] = set()

    def fs_exists(self, path):
        return path in self.directories

    def fs_mkdir(self, path):
        assert not path.rpartition("/")[0] or path.rpartition("/")[0] in self.directories
        self.directories.add(path)

    def fs_writefile(self, path, data, progress_callback=None):
        assert path.rpartition("/")[0] in self.directories
        self.files[path] = data


def test_mip_installs_the_library_from_it(capsys):
    board = FakeTransport()
    mip._install_package(board, str(PACKAGE), "", "/lib", None, True)
    modules = set(paths.library().rglob("*.py")) - set(paths.library().rglob(image.NOT_FOR_BOARDS))
    assert board.files == {f"/{path.relative_to(ROOT).as_posix()}": path.read_bytes() for path in modules}


def test_all_places_say_the_same_version():
    assert json.loads(PACKAGE.read_text(encoding="utf-8"))["version"] == __version__ == umail.__version__


def frozen_by(manifest: Path) -> list[str]:
    """Modules that a manifest freezes, read as MicroPython's build reads it, upstream's own manifests left out."""
    found: list[str] = []

    def run(file: Path) -> None:
        def include(name, **options):
            if not name.startswith("$("):
                run(file.parent / name)

        def package(name, base_path=".", **options):
            folder = file.parent / base_path
            modules = sorted((folder / name).rglob("*.py"))
            assert modules, f"{file}: no package {name}"
            found.extend(module.relative_to(folder).as_posix() for module in modules)

        def module(name, base_path=".", **options):
            assert (file.parent / base_path / name).is_file(), f"{file}: no module {name}"
            found.append(name)

        exec(file.read_text(encoding="utf-8"), {"include": include, "package": package, "module": module})

    run(manifest)
    return found


def test_the_manifests_freeze_library_and_firmware():
    frozen = frozen_by(paths.library().parent / "manifest.py") + frozen_by(paths.firmware() / "manifest.py")
    assert "umail/__init__.py" in frozen
    assert "umail/certs/digicert_global_root_g2.py" in frozen
    assert "alertnode/__init__.py" in frozen
    assert "main.py" in frozen
    assert len(frozen) == len(set(frozen))


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """The folder with a wheel and an sdist, built without network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(distributions):
    return next(distributions.glob("*.whl"))


def expected_data() -> set[str]:
    """What a wheel must hold besides the host tools' modules."""
    library = {path.relative_to(ROOT / "lib").as_posix() for path in paths.library().rglob("*.py")}
    stubs = {
        path.relative_to(ROOT / "lib" / "typings").as_posix() for path in (ROOT / "lib" / "typings").rglob("*.pyi")
    }
    data = {
        f"umail_host/_data/{path.relative_to(ROOT).as_posix()}"
        for folder in ("firmware", "boards")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return library | stubs | data | {"umail/py.typed"}


def test_the_wheel_holds_library_stubs_firmware_and_boards(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert expected_data() <= names
    assert {"umail_host/deploy/on_board.py", "umail_host/doctor/examine.py"} <= names
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]


def test_the_sdist_holds_sources_tests_and_docs(distributions):
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "Makefile",
        "lib/package.json",
        "tests/host/repository/test_package.py",
    ):
        assert name in names


def test_the_sdist_builds_the_same_wheel(distributions, wheel, tmp_path):
    source = next(distributions.glob("*.tar.gz"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "-w", str(tmp_path), str(source)], check=True, capture_output=True)

    def hashes(file: Path) -> dict[str, int]:
        return {entry.filename: entry.CRC for entry in zipfile.ZipFile(file).infolist()}

    assert hashes(tmp_path / wheel.name) == hashes(wheel)


NO_NETWORK = ("NewConnectionError", "Temporary failure in name resolution", "Network is unreachable")


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An empty environment with the wheel in it and what it depends on from the registry, as a user gets it."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-compile", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode and any(sign in done.stderr for sign in NO_NETWORK):
        pytest.skip("no package registry is in reach: connect this computer, or name a mirror in PIP_INDEX_URL")
    assert done.returncode == 0, done.stderr
    yield python
    shutil.rmtree(folder)


def run_installed(python: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [str(python), *arguments], capture_output=True, text=True, cwd=cwd, timeout=60, check=False, env={"PATH": ""}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def umail_command(python: Path) -> str:
    return str(python.with_name("umail.exe" if os.name == "nt" else "umail"))


def test_the_installed_command_runs(installed, tmp_path):
    command = umail_command(installed)
    assert run_installed(installed, command, "--version", cwd=tmp_path) == f"umail {__version__}\n"
    assert "--config" in run_installed(installed, command, "deploy", "--help", cwd=tmp_path)


def test_the_installed_demo_runs_with_nothing_else_on_the_computer(installed, tmp_path):
    shown = run_installed(installed, umail_command(installed), "demo", cwd=tmp_path)
    assert "1 alert and 1 recovery arrived" in shown
    assert "board │ " in shown


def test_an_image_is_built_from_the_installed_wheel_alone(installed, tmp_path):
    code = (
        "import json, umail_host\n"
        "from umail_host import paths\nfrom umail_host.deploy import image\nfrom umail_host.device import boards\n"
        "built = image.build(boards.load('RPI_PICO_W'))\n"
        "print(json.dumps([umail_host.__file__, str(paths.library()), boards.names(), sorted(built)]))"
    )
    module, library, names, built = json.loads(run_installed(installed, "-c", code, cwd=tmp_path))
    assert str(installed.parent.parent) in module
    assert str(installed.parent.parent) in library
    assert names == boards.names()
    assert "/lib/umail/smtp/session.mpy" in built
    assert "/lib/alertnode/__init__.mpy" in built


def test_the_page_is_served_from_the_installed_wheel_once_its_extra_is_there(installed, wheel, tmp_path):
    serve = [umail_command(installed), "serve", "--web", "--no-open", "--profile", "generic"]
    refused = subprocess.run(serve, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert refused.returncode != 0
    assert "make install EXTRAS=web" in " ".join((refused.stdout + refused.stderr).split())
    command = [sys.executable, "-m", "pip", "--python", str(installed), "install", "--quiet", "--no-compile"]
    done = subprocess.run([*command, f"{wheel}[web]"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    environment = {"PATH": "", "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        url = next(line.partition("page: ")[2].strip() for line in lines if line.startswith("page: "))
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                page = answer.read().decode()
            assert "prefers-color-scheme: dark" in page  # its style stands in it
            (folder,) = set(re.findall(r"/static/\w+/", page))
            for one in ("main.js", "mails.js", "icon.svg"):
                with urllib.request.urlopen(url.rstrip("/") + folder + one, timeout=20) as answer:
                    assert answer.headers["Content-Type"].partition(";")[0] in ("text/javascript", "image/svg+xml")
                    assert answer.read()
        finally:
            process.terminate()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_make_install_puts_the_command_where_it_says_and_keeps_the_extras_of_before(tmp_path):
    # (Bytecode of what is used for a second takes a quarter of the time; PIP_NO_COMPILE=1 would make it, too.)
    environment = {**os.environ, "HOME": str(tmp_path), "PIP_COMPILE": "0"}
    line = ["make", "-s", "install", f"PYTHON={sys.executable}"]
    for more in (["EXTRAS=web"], []):
        done = subprocess.run(
            [*line, *more], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
    command = tmp_path / ".local" / "bin" / "umail"
    assert f"umail {__version__} is {command}; to remove it: rm -r " in done.stdout
    assert f'export PATH="{command.parent}:$PATH"' in done.stdout
    told = subprocess.run([command, "--help"], env=environment, capture_output=True, text=True, check=True)
    assert "deploy" in told.stdout
    where = [command.resolve().parent / "python", "-c", "import starlette, umail_host; print(umail_host.__file__)"]
    found = subprocess.run(where, env=environment, capture_output=True, text=True, check=True).stdout
    assert str(tmp_path / ".local" / "share" / "umail") in found
