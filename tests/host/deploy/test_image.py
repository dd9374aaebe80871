"""The image: what belongs on a board, compiled, with its roots and a configuration free of secrets."""

from __future__ import annotations

import copy
import json
import subprocess

import pytest

import planted
from host.deploy.test_deploy_serial import CONFIG
from umail_host import paths
from umail_host.deploy import image
from umail_host.deploy.image import MicroPython
from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.settings import Settings

BOARD = boards.load("ESP32_GENERIC")


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "umail"
    (folder / "certs").mkdir(parents=True)
    (folder / "__init__.py").write_text('"""Doc."""\nx = 1\n')
    for name in ("__init__", "one", "two"):
        (folder / "certs" / f"{name}.py").write_text('DER = b"x"\n')
    return folder


@pytest.fixture
def firmware(tmp_path):
    folder = tmp_path / "firmware"
    (folder / "alertnode").mkdir(parents=True)
    (folder / "alertnode" / "__init__.py").write_text("")
    (folder / "main.py").write_text("import alertnode\n")
    (folder / "manifest.py").write_text('package("alertnode")\n')
    return folder


def test_the_real_image_holds_every_module_compiled():
    built = image.build(BOARD)
    for file in paths.library().rglob("*.py"):
        # (A package that says nothing is a folder.)
        if file.match(image.NOT_FOR_BOARDS) or (file.name == "__init__.py" and file.read_text().count("\n") == 1):
            continue
        path = "/lib/umail/" + file.relative_to(paths.library()).as_posix()
        assert built[path.removesuffix(".py") + ".mpy"][:2] == b"M\x06"
    assert not [path for path in built if "manifest" in path or path == "/config.json"]


def test_a_package_that_says_nothing_is_a_folder_and_imports(micropython, tmp_path):
    package = tmp_path / "source"
    (package / "inner").mkdir(parents=True)
    (package / "said").mkdir()
    for path, text in {
        "__init__.py": "",
        "inner/__init__.py": '"""Says what it is."""\n',
        "inner/one.py": "VALUE = 7\n",
        "said/__init__.py": '"""Says more."""\n\nVALUE = 8\n',
    }.items():
        (package / path).write_text(text)
    built = image.package(package, "/lib/outer")
    assert set(built) == {"/lib/outer/__init__.mpy", "/lib/outer/inner/one.mpy", "/lib/outer/said/__init__.mpy"}
    for path, octets in built.items():
        (tmp_path / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path[1:]).write_bytes(octets)
    code = "import outer.inner.one, outer.said; print(outer.inner.one.VALUE, outer.said.VALUE)"
    environment = {"MICROPYPATH": str(tmp_path / "lib")}
    done = subprocess.run([micropython, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "7 8\n"


def test_what_only_cpython_imports_stays_on_the_host(library, firmware):
    (library / "tls_cpython.py").write_text("import contextlib\n")
    built = image.build(BOARD, library=library, firmware=firmware)
    assert not [path for path in built if "cpython" in path]


def test_main_stays_text_and_only_the_roots_wanted_come_along(library, firmware):
    built = image.build(BOARD, library=library, firmware=firmware, roots=["two"])
    assert set(built) == {
        "/lib/umail/__init__.mpy",
        "/lib/umail/certs/__init__.mpy",
        "/lib/umail/certs/two.mpy",
        "/lib/alertnode/__init__.mpy",
        "/main.py",
    }
    assert built["/main.py"] == b"import alertnode\n"


def test_without_mpy_the_sources_are_copied(library, firmware):
    built = image.build(BOARD, library=library, firmware=firmware, mpy=False)
    assert built["/lib/umail/__init__.py"] == b'"""Doc."""\nx = 1\n'


def test_an_unknown_root_is_named(library, firmware):
    with pytest.raises(UserError, match="called three: known are one, two"):
        image.build(BOARD, library=library, firmware=firmware, roots=["one", "three"])


def test_a_module_that_does_not_compile_is_named_with_its_line(library, firmware):
    (library / "bad.py").write_text("x = 1\nif x\n")
    with pytest.raises(UserError, match=r"umail/bad\.py, line 2, does not compile .*SyntaxError"):
        image.build(BOARD, library=library, firmware=firmware)


def test_a_traceback_on_the_board_names_the_module_without_a_path_of_this_computer(library, firmware):
    built = image.build(BOARD, library=library, firmware=firmware)
    assert b"umail" in built["/lib/umail/__init__.mpy"]
    assert b".py" not in built["/lib/umail/__init__.mpy"]
    assert str(library.parent).encode() not in b"".join(built.values())


def test_a_configuration_may_name_pins_and_keeps_its_umlauts():
    config = copy.deepcopy(CONFIG) | {"sensor": {"type": "ds18b20", "pin": "one_wire", "unit": "°C"}}
    written = Settings.of(config).file(BOARD)
    assert json.loads(written) == config | {"sensor": {"type": "ds18b20", "pin": 4, "unit": "°C"}}
    assert "°C".encode() in written
    assert config["sensor"]["pin"] == "one_wire"


@pytest.mark.parametrize(
    ("section", "key", "secret"),
    [
        ("mail", "password", "mail_password"),
        ("mail", "token", "mail_token"),
        ("mail.fallback", "password", "mail_password_2"),
        ("mail.oauth", "client_secret", "oauth_secret"),
        ("mail.fallback.oauth", "refresh_token", "refresh_token_2"),
        ("wifi", "psk", "wifi_password"),
    ],
)
def test_a_secret_in_the_configuration_is_refused_without_showing_it_and_told_by_its_right_name(section, key, secret):
    value = {key: planted.MAIL_PASSWORD}
    for name in reversed(section.split(".")):
        value = {name: value}
    with pytest.raises(UserError, match=f"{section}.{key} must not lie .* --secret {secret}\\.\n") as caught:
        Settings.of(value)
    assert not planted.found(str(caught.value))


@pytest.mark.parametrize("path", ["trace.csv", "/certs/", "//x", "/a/../b"])
def test_a_path_that_is_none_on_a_board_is_refused(library, firmware, path):
    with pytest.raises(UserError, match="not a path on a board"):
        image.build(BOARD, library=library, firmware=firmware, extra_files={path: b""})


def test_an_interpreter_that_can_not_run_it_is_told_how_to_mend_that():
    image.check_version(MicroPython((1, 22, 0), 6 | 2 << 8), mpy=True)
    image.check_version(MicroPython((1, 29, 0), 2822), mpy=True)
    with pytest.raises(UserError, match=r"runs MicroPython 1\.21\.0, umail needs 1\.22 or newer"):
        image.check_version(MicroPython((1, 21, 0), 6), mpy=False)
    with pytest.raises(UserError, match=r"reads \.mpy version 5.*--no-mpy"):
        image.check_version(MicroPython((1, 22, 0), 5), mpy=True)
    with pytest.raises(UserError, match=r"loads no \.mpy at all"):
        image.check_version(MicroPython((1, 22, 0), 0), mpy=True)
    image.check_version(MicroPython((1, 22, 0), 0), mpy=False)
