"""Library and firmware in a ROMFS partition: written so that no half of one is mounted, run from there, taken back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from host.deploy.test_deploy_serial import CONFIG, compiled_once, run  # noqa: F401  # a fixture
from host.firmware.firmware_rig import PASSWORD, ROOT, WIFI_PASSWORD, rig, settings
from made_once import made_once
from umail_host.cli import app
from umail_host.deploy import image, romfs
from umail_host.deploy.romfs import Partition
from umail_host.deploy.transfer import deploy
from umail_host.device import boards, maintenance
from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

pytest_plugins = ["pytester"]
SIZE = 256 * 1024
EMPTY = Partition(SIZE, 4096, frozenset())
HEAP = "import gc\ngc.collect()\nprint(gc.mem_free())"


class PowerCut(Exception):
    """The board went off."""


class Chip(bytearray):
    """A partition as `vfs.rom_ioctl` gives it; ``left`` operations until the power goes."""

    left = -1

    def _operate(self):
        if self.left == 0:
            raise PowerCut
        self.left -= 1

    def ioctl(self, operation, argument):
        if operation == 6:
            self._operate()
            self[argument * 4096 : argument * 4096 + 4096] = b"\xff" * 4096
        return 4096

    def readblocks(self, block, buffer):
        buffer[:] = self[block * 4096 : block * 4096 + len(buffer)]

    def writeblocks(self, block, buffer, offset):
        self._operate()
        start = block * 4096 + offset
        self[start : start + len(buffer)] = bytes(a & b for a, b in zip(self[start:], buffer, strict=False))


class ChipLink:
    """Runs the board's half here, on a Chip."""

    def __init__(self, chip, monkeypatch):
        self.names, self.lines, self.resets = {"print": lambda text: self.lines.append(text)}, [], 0
        monkeypatch.setitem(sys.modules, "vfs", SimpleNamespace(rom_ioctl=lambda *_: chip, umount=lambda _: None))

    def exec(self, code, timeout=10):
        self.lines.clear()
        exec(code, self.names)
        return "\n".join(self.lines)

    def soft_reset(self):
        self.resets += 1


def test_cut_off_after_any_step_there_is_the_old_rom_or_none_or_the_new(monkeypatch):
    old = romfs.build({"/rom/lib/a.mpy": b"old" * 5000})
    new = romfs.build({"/rom/lib/a.mpy": bytes(range(256)) * 47})
    steps = 0
    while True:
        chip = Chip(old.ljust(SIZE, b"\xff"))
        chip.left = steps
        try:
            romfs.write(ChipLink(chip, monkeypatch), new, 4096, lambda count: None)
            break
        except PowerCut:
            assert chip[:3] == b"\xff\xff\xff" if steps else chip.startswith(old)
        chip.left = -1
        assert romfs.write(ChipLink(chip, monkeypatch), new, 4096, lambda count: None)
        assert chip.startswith(new)
        steps += 1
    assert steps == 3 + 6  # blocks erased, chunks written


def test_it_is_written_once_and_what_the_flash_damages_is_told_and_never_mounted(monkeypatch):
    made, seen = romfs.build({"/rom/lib/a.mpy": b"a" * 9000}), []
    chip = Chip(SIZE)
    link = ChipLink(chip, monkeypatch)
    assert romfs.write(link, made, 4096, seen.append)
    assert seen[-1] == len(made)
    assert link.resets == 1
    assert not romfs.write(link, made, 4096, seen.append)
    assert link.resets == 1
    monkeypatch.setattr(Chip, "readblocks", lambda self, block, buffer: buffer.__setitem__(0, block))
    with pytest.raises(UserError, match="the ROMFS reads back differently"):
        romfs.write(link, made, 4096, seen.append)
    assert chip[:3] == b"\xff\xff\xff"


@pytest.mark.parametrize(
    ("partition", "path", "words"),
    [
        (None, "/rom/lib/a.mpy", "has no ROMFS partition, .*: deploy without --romfs, or flash a build that has one"),
        (Partition(4096, 4096, frozenset()), "/rom/lib/a.mpy", "takes 9 KiB, the board's partition has 4 KiB"),
        (Partition(SIZE, 4096, frozenset({"logo.bin"})), "/rom/lib/a.mpy", "holds logo.bin, which would be lost"),
        (EMPTY, "/rom/löwe.bin", "its names are ASCII"),
    ],
)
def test_what_can_not_be_written_is_told_with_what_to_do(partition, path, words):
    with pytest.raises(UserError, match=words):
        romfs.check(partition, {path: bytes(9000)})


def test_what_an_earlier_deployment_put_there_and_what_comes_along_again_may_be_replaced():
    found = Partition(SIZE, 4096, frozenset({"lib/umail", "lib/alertnode", "logo.bin"}))
    assert romfs.check(found, {"/rom/lib/umail/a.mpy": b"", "/rom/logo.bin": b""}).startswith(b"\xd2\xcd\x31")
    assert not found.ours


def test_a_partition_is_for_mpy(tmp_path):
    with pytest.raises(UserError, match="remove --no-mpy"):
        run("--romfs", "--no-mpy")


def test_mpremote_itself_writes_to_the_virtual_boards_partition(tmp_path, micropython):
    (tmp_path / "source" / "lib").mkdir(parents=True)
    (tmp_path / "source" / "lib" / "hello.py").write_text("x = 'from flash'\n")
    with VirtualBoard(tmp_path / "flash", romfs=SIZE) as board:
        command = [sys.executable, "-m", "mpremote", "connect", board.port, "romfs", "deploy", tmp_path / "source"]
        done = subprocess.run([*command, "romfs", "query"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert "64 blocks of 4096 bytes" in done.stdout, done.stderr
        with Board(board.port) as link:
            link.enter(soft_reset=True)
            assert link.exec("import hello, sys\nprint(hello.x, sys.path)").strip() == (
                "from flash ['', '.frozen', '/rom', '/rom/lib', '/lib']"
            )


def test_the_pytest_plugin_puts_the_library_into_the_rom_of_its_virtual_board(pytester, micropython):
    pytester.makepyfile(
        "def test_it(board):\n    assert board.eval('__import__(\"umail\").__file__').startswith('/rom/lib/umail/')\n"
    )
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--deploy", "romfs", timeout=60
    )
    result.assert_outcomes(passed=1)


def in_rom(folder):
    """Fills a folder with the flash of a board that holds library and firmware in its ROMFS."""
    with VirtualBoard(folder, romfs=SIZE) as board, maintenance.held(board.port, reset=False) as link:
        # What one configuration needs: all of the firmware takes more than the partition.
        built = image.build(boards.load("virtual"), config=Settings.of(CONFIG))
        del built["/config.json"]
        deploy(link, built)
        report = deploy(link, built, rom=True)
        assert report.rom.endswith("kB written")
        assert len(report.removed) > 80
        assert sorted(link.listdir("/")) == [".umail-files", "boot.py", "main.py", "rom"]
        assert not report.warnings


@pytest.fixture(scope="session")
def flash(tmp_path_factory, micropython):
    return made_once(tmp_path_factory, "flash-with-rom", in_rom)


@pytest.fixture
def node(flash, tmp_path):
    with rig(flash, tmp_path / "board", romfs=SIZE) as made:
        made.celsius = 20
        yield made


def heap_after_mail(node, celsius, text):
    """Bytes of heap left once a mail has left and all that it needs is loaded; where the packages came from."""
    node.celsius = celsius
    node.wait_for(text)
    with Board(node.board.port) as link:
        link.enter()
        where = link.exec("import umail, alertnode\nprint(umail.__file__, alertnode.__file__)")
        return int(link.exec(HEAP)), where.split()


def test_an_alert_leaves_from_rom_and_the_heap_is_larger_by_the_code_than_from_lib(node):
    node.start(settings(node.server))
    node.wait_for(" 20 °C")
    from_rom, where = heap_after_mail(node, 35, "alert mailed to")
    assert len(node.subjects(1)) == 1
    assert where == ["/rom/lib/umail/__init__.mpy", "/rom/lib/alertnode/__init__.mpy"]
    # Where the code is now is where it stays, unless the user says so; what its configuration does not need goes.
    assert "kB written" in run("--port", node.board.port)
    output = run("--port", node.board.port)
    assert re.search(r"0 files written \(0\.0 kB\), 2 unchanged, 0 removed; ROMFS of .* unchanged", output)
    output = run("--port", node.board.port, "--no-romfs")
    assert "ROMFS emptied" in output
    assert "warning" not in output
    from_lib, where = heap_after_mail(node, 20, "recovery mailed to")
    assert where == ["/lib/umail/__init__.mpy", "/lib/alertnode/__init__.mpy"]
    print(f"heap left after a mail: {from_rom} from ROMFS, {from_lib} from /lib")
    assert from_rom - from_lib > 40_000


def test_without_a_configuration_what_fits_goes_into_the_rom_and_one_brings_the_rest(tmp_path, micropython):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG | {"sensor": {"type": "ds18b20", "pin": 4}}))
    with VirtualBoard(tmp_path / "flash", romfs=SIZE) as board:
        output = run("--port", board.port, "--romfs", "--no-reset")
        assert "no configuration is given, nor is one on the board" in output
        assert output.index("stay out of the ROMFS") < output.index("kB written")
        with maintenance.held(board.port, reset=False) as link:
            there = set(link.tree("/rom/lib/alertnode"))
            assert link.exec("import umail.aio, alertnode.start\nprint('loads')").split() == ["loads"]
        assert not [path for path in there if path.endswith(("ds18b20.mpy", "summary.mpy", "battery.mpy"))]
        output = run("--port", board.port, "--romfs", "--config", str(config), "--no-reset")
        assert "no configuration" not in output
        with maintenance.held(board.port, reset=False) as link:
            assert "/rom/lib/alertnode/sensors/ds18b20.mpy" in link.tree("/rom/lib/alertnode")


def test_the_outbox_of_a_board_that_runs_from_rom_is_read_before_it_has_one(node):
    done = CliRunner().invoke(app, ["outbox", "ls", "--port", node.board.port])
    assert "the outbox is empty" in done.output, done.exception


def test_a_power_cut_half_way_through_the_rom_leaves_none_and_the_next_run_completes(node, monkeypatch):
    build = image.build
    more = image.compile_module(b"x = 1\n", "more.py")

    def longer(*given, **named):
        built = build(*given, **{**named, "config": Settings.of(CONFIG)})
        del built["/config.json"]
        return {**built, "/lib/umail/more.mpy": more}

    monkeypatch.setattr(image, "build", longer)
    patient = Board.exec
    monkeypatch.setattr(Board, "exec", lambda board, code, timeout=10: patient(board, code, min(timeout, 3)))
    # The flag of maintenance takes some, each block to be erased and each chunk one.
    node.board.cut_power_at_write(60)
    with pytest.raises(UserError, match="goes on where this one stopped"):
        run("--port", node.board.port, "--romfs", "--wait", "2")
    node.board.power_on()
    node.wait_for("no module named 'alertnode'")
    assert re.search(r"0 files written .*; ROMFS of .* written", run("--port", node.board.port, "--romfs"))
    node.wait_for("alertnode: not started, fix the configuration")


def test_firmware_in_rom_that_crashes_is_replaced_by_the_rom_before(node, tmp_path, monkeypatch):
    with maintenance.held(node.board.port) as link:
        link.make_folder("/certs")
        link.put(ROOT, node.server.ca_der)
        link.put("/config.json", json.dumps(settings(node.server)).encode())
        link.exec(f"from alertnode import secrets\nsecrets.put('mail_password', {PASSWORD!r})")
        link.exec(f"secrets.put('wifi_password', {WIFI_PASSWORD!r})")
        before = {path: entry.sha256 for path, entry in link.tree("/rom").items()}
    build = image.build

    def broken(*arguments, **options):
        built = build(*arguments, **options)
        start = "/lib/alertnode/start.mpy"
        assert start in built
        built[start] = image.compile_module(b"def main(): raise RuntimeError('new')\n", "start.py")
        return built

    monkeypatch.setattr(image, "build", broken)
    with pytest.raises(UserError, match=r"(?s)did not run within .*RuntimeError: new.*from before is back"):
        run("--port", node.board.port, "--romfs", "--healthy", "20")
    node.wait_for("freezer-3: alertnode", 20)
    with maintenance.held(node.board.port, reset=False) as link:
        assert {path: entry.sha256 for path, entry in link.tree("/rom").items()} == before
