"""Deploying onto MicroPython on LittleFS: only what changed, verified, nothing of the user's lost, repeatable."""

from __future__ import annotations

from random import Random

import pytest

from host.deploy.flash_board import FlashBoard, PowerCut
from umail_host.deploy import changes, image, wire
from umail_host.deploy.changes import LIST
from umail_host.deploy.image import compile_module
from umail_host.deploy.transfer import deploy
from umail_host.device import boards
from umail_host.errors import UserError

ONE = b"x = 1\n"
INIT = compile_module(b"", "umail/__init__.py")
SECRETS = (
    b"kept = {}\ndef put(name, value):\n if name == 'broken': raise ValueError(value)\n kept[name] = value\n"
    b"def get(name):\n return kept.get(name)\n"
)
IMAGE = {
    "/lib/umail/__init__.mpy": INIT,
    "/lib/umail/big.mpy": bytes(range(256)) * 20,
    "/lib/alertnode/__init__.py": b"",
    "/lib/alertnode/secrets.py": SECRETS,
    "/main.py": b"import alertnode\n",
    "/trace.csv": b"1,2\n",
}


@pytest.fixture
def board(tmp_path, micropython):
    with FlashBoard(micropython, tmp_path) as board:
        yield board


def code_on(board):
    return {path: octets for path, octets in board.files().items() if path != LIST}


def test_a_new_board_gets_everything(board):
    seen = []
    report = deploy(board, IMAGE, progress=lambda *step: seen.append(step))
    assert code_on(board) == IMAGE
    assert set(report.written) == set(IMAGE)
    assert report.written[-1] == "/main.py"
    total = sum(len(octets) for octets in IMAGE.values())
    assert report.octets == total
    assert seen[-1] == ("/main.py", total, total)
    assert [step[1] for step in seen] == sorted(step[1] for step in seen)
    assert not report.warnings


def test_a_second_run_writes_nothing(board):
    deploy(board, IMAGE)
    before = len(board.commands)
    report = deploy(board, IMAGE)
    assert (report.written, report.removed, report.octets) == ([], [], 0)
    assert len(board.commands) - before <= 5


def test_only_the_changed_file_is_sent(board):
    deploy(board, IMAGE)
    report = deploy(board, {**IMAGE, "/lib/alertnode/__init__.py": b"# new\n"})
    assert report.written == ["/lib/alertnode/__init__.py"]
    assert len(report.unchanged) == len(IMAGE) - 1


def test_code_gone_from_the_image_goes_and_data_and_what_is_the_users_stays(board):
    board.put("/lib/mine.py", b"mine")
    board.put("/lib/umail/mine.py", b"mine too")
    board.put("/notes.txt", b"notes")
    deploy(board, {**IMAGE, "/lib/umail/old/deep.mpy": b"old"})
    report = deploy(board, {path: octets for path, octets in IMAGE.items() if path != "/trace.csv"})
    assert report.removed == ["/lib/umail/old/deep.mpy"]
    users = {"/lib/mine.py": b"mine", "/lib/umail/mine.py": b"mine too", "/notes.txt": b"notes"}
    assert code_on(board) == {**IMAGE, **users}
    assert "old" not in board.exec("import os\nprint(os.listdir('/lib/umail'))")


@pytest.mark.parametrize(("kind", "other"), [("mpy", "py"), ("py", "mpy")])
def test_the_other_form_of_a_module_is_removed(board, kind, other):
    board.put(f"/lib/umail/big.{other}", b"stale")
    octets = ONE if kind == "py" else compile_module(ONE, "umail/big.py")
    report = deploy(board, {f"/lib/umail/big.{kind}": octets})
    assert report.removed == [f"/lib/umail/big.{other}"]
    assert set(code_on(board)) == {f"/lib/umail/big.{kind}"}


def test_a_main_of_the_users_is_kept_aside_once(board):
    board.put("/main.py", b"print('mine')\n")
    report = deploy(board, IMAGE)
    assert report.warnings == ["/main.py was not ours: it lies on the board as /main.py.old now"]
    assert not deploy(board, {**IMAGE, "/main.py": b"import alertnode  # 2\n"}).warnings
    assert board.files()["/main.py.old"] == b"print('mine')\n"


def test_the_boot_file_of_a_new_board_is_simply_replaced(board):
    board.put("/boot.py", b"# This file is executed on every boot\n#import esp\n\n")
    assert not deploy(board, {**IMAGE, "/boot.py": b"pass\n"}).warnings
    assert "/boot.py.old" not in board.files()


def test_a_package_that_shadows_ours_is_a_warning(board):
    board.put("/umail.py", b"class SMTP: pass\n")
    report = deploy(board, IMAGE)
    assert len(report.warnings) == 1
    assert "imports umail from umail.py, not from /lib/umail" in report.warnings[0].replace("/umail.py", "umail.py")


def test_an_image_that_does_not_import_is_an_error(board):
    with pytest.raises(UserError, match="alertnode does not import on the board: ValueError 7"):
        deploy(board, {**IMAGE, "/lib/alertnode/__init__.py": b"raise ValueError(7)\n"})


def test_a_directory_in_the_way_is_named(board):
    board.exec("import os\nos.mkdir('/trace.csv')")
    with pytest.raises(UserError, match=r"/trace\.csv on the board is a directory"):
        deploy(board, IMAGE)


def test_a_full_flash_is_told_before_anything_is_written(tmp_path, micropython):
    with FlashBoard(micropython, tmp_path, blocks=12) as board:
        with pytest.raises(UserError, match=r"no room: \d+ KiB are needed, \d+ KiB are free"):
            deploy(board, {**IMAGE, "/lib/umail/huge.mpy": bytes(40_000)})
        assert board.files() == {}


def test_a_flash_that_fills_all_the_same_is_told_and_left_clean(tmp_path, micropython, monkeypatch):
    monkeypatch.setattr(changes, "check_room", lambda *ignored: None)
    with FlashBoard(micropython, tmp_path, blocks=16) as board:
        deploy(board, {"/main.py": b"old"})
        with pytest.raises(UserError, match=r"it ran full while /lib/umail/huge\.mpy was written"):
            deploy(board, {"/lib/umail/huge.mpy": bytes(range(256)) * 400, "/main.py": b"new"})
        assert code_on(board) == {"/main.py": b"old"}


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"", lambda data: b"\xff" * len(data)])
@pytest.mark.parametrize("packed", [True, False])
def test_octets_damaged_on_the_way_never_replace_a_file(board, monkeypatch, damage, packed):
    monkeypatch.setattr(wire, "attempt", wire.attempt if packed else lambda text: b"print(0)")
    deploy(board, IMAGE)
    plain = wire._more
    new = {**IMAGE, "/lib/umail/big.mpy": Random(1).randbytes(100)}
    with monkeypatch.context() as patch:
        patch.setattr(wire, "_more", lambda octets, count: plain(damage(octets), count))
        with pytest.raises(UserError, match=r"/lib/umail/big\.mpy could not be written: .* gave it back wrong"):
            deploy(board, new)
    assert code_on(board) == IMAGE
    deploy(board, new)
    assert code_on(board) == new


def test_a_board_without_memory_for_a_large_window_gets_a_small_one_or_none(board, monkeypatch):
    for most in (14, 11):
        text = changes._DEVICE.read_text(encoding="utf-8")
        text = text.replace(
            "        return feed[1].read(most)",
            f"        if {most} < state['window']: raise MemoryError\n        return feed[1].read(most)",
        )
        text = text.replace("state.update(have=0,", "state.update(window=window, have=0,")
        small = board.image.with_name(f"{most}.py")
        small.write_text(text, encoding="utf-8")
        monkeypatch.setattr(changes, "_DEVICE", small)
        new = {**IMAGE, "/lib/umail/new.mpy": bytes([most]) * 900}
        deploy(board, new)
        assert code_on(board) == new


def test_a_board_that_cannot_unpack_is_sent_the_same_as_it_is(board, monkeypatch):
    monkeypatch.setattr(wire, "attempt", lambda text: b"print(0)")
    deploy(board, IMAGE)
    assert code_on(board) == IMAGE
    assert not [
        command
        for command in board.commands
        if b"import deflate,io" in (command if isinstance(command, bytes) else b"")
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_any_bytes_arrive_as_they_are_over_several_commands_and_many_files(board, packed, monkeypatch):
    monkeypatch.setattr(wire, "attempt", wire.attempt if packed else lambda text: b"print(0)")
    random = Random(15)
    files = {f"/data/{size}": random.randbytes(size) for size in (0, 1, 511, 512, 513, 8193)}
    files["/every"] = b"".join(bytes([byte, byte, ord("7")]) for byte in range(256))
    files["/pairs"] = b"".join(bytes([first, second]) for first in range(6) for second in range(256))
    files |= {f"/small/{number}": random.randbytes(20) for number in range(9)}
    deploy(board, files)
    assert code_on(board) == files


@pytest.mark.parametrize(("window", "packer"), [(15, wire.deflate_compress), (15, None), (12, None)])
@pytest.mark.parametrize("most", [1, 7, 100])
def test_wherever_the_deflated_stream_is_cut_each_command_brings_what_it_writes(
    board, window, packer, most, monkeypatch
):
    monkeypatch.setattr(wire, "WINDOWS", (window,))
    monkeypatch.setattr(wire, "deflate_compress", packer)
    monkeypatch.setattr(wire, "_PIECE", most)
    random = Random(most)
    words = [random.randbytes(random.randrange(1, 9)) for _ in range(20)]
    files = {f"/{name}": b"".join(random.choices(words, k=10 * most)) for name in ("a", "b/c")}
    files["/empty"] = b""
    deploy(board, files)
    assert code_on(board) == files


def test_the_code_for_the_board_is_sent_without_comments_and_docstrings_and_does_the_same():
    source = (
        '"""What."""\nx: list[int] = []\n\ndef add(a: int) -> None:\n    """Do it."""\n    # why\n    x.append(a)\n'
    )
    assert wire.bare(source) == "x = []\n\ndef add(a):\n    x.append(a)"


def test_an_old_micropython_is_refused_before_anything_is_written(board):
    plain = board.exec
    board.exec = lambda code, timeout=10: plain(code, timeout).replace("python 2822", "python 5")
    with pytest.raises(UserError, match="--no-mpy"):
        deploy(board, IMAGE)
    board.exec = plain
    assert board.files() == {}


def test_cut_off_after_any_command_no_file_is_torn_and_the_next_run_completes(tmp_path, micropython):
    old = {**IMAGE, "/lib/umail/gone.py": b"gone", "/notes.txt": b"notes"}
    new = {
        **IMAGE,
        "/lib/umail/big.mpy": b"new" * 1000,
        "/lib/umail/new.mpy": b"n",
        "/main.py": b"import alertnode #2\n",
    }
    with FlashBoard(micropython, tmp_path) as board:
        deploy(board, old)
        snapshot = board.image.read_bytes()
        start = len(board.commands)
        deploy(board, new)
        steps = len(board.commands) - start
    expected = {**new, "/notes.txt": b"notes"}
    for step in range(steps):
        board.image.write_bytes(snapshot)
        with FlashBoard(micropython, tmp_path) as board:
            board.cut_after = step
            with pytest.raises(PowerCut):
                deploy(board, new)
        with FlashBoard(micropython, tmp_path) as board:
            for path, octets in code_on(board).items():
                assert path == "/.umail-new" or octets in (old.get(path), new.get(path)), (step, path)
            deploy(board, new)
            assert code_on(board) == expected, step


def test_secrets_are_stored_and_named_but_never_shown(board):
    deploy(board, IMAGE, secrets={"mail_password": "hunter2 'ü"})
    assert board.exec("from alertnode import secrets\nprint(secrets.kept['mail_password'])") == "hunter2 'ü"
    with pytest.raises(UserError, match="could not keep the secret broken: ValueError") as caught:
        deploy(board, IMAGE, secrets={"broken": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_code_that_is_frozen_in_is_left_out_and_copies_of_it_go(board):
    board.put("/main.py", b"print('mine')\n")
    deploy(board, {path: octets for path, octets in IMAGE.items() if path != "/main.py"})
    plain = board.exec

    def with_frozen(code, timeout=10):
        answer = plain(code, timeout)
        return answer + "\nfrozen umail\nfrozen alertnode" if "room " in answer else answer

    board.exec = with_frozen
    report = deploy(board, {**IMAGE, "/config.json": b"{}"})
    assert report.frozen == ["alertnode", "umail"]
    assert report.written == ["/config.json"]
    assert "/lib/umail/big.mpy" in report.removed
    board.exec = plain
    assert code_on(board) == {"/config.json": b"{}", "/main.py": b"print('mine')\n", "/trace.csv": b"1,2\n"}


# The modules of umail 0.1 on a board, when they lay flat, and of its alert node.
UMAIL = (
    "__init__ advice advice_de advice_en aio attachment blocking codec compat delivery dns dns_tcp dots dsn envelopes "
    "errors extra flushing http link m365 message multipart mx oauth opening outbox policy quoted records replies "
    "replies_table reply root_names route routes sasl session sockets spool tls tls_failure token_table transaction "
    "trouble upload words"
)
ALERTNODE = (
    "__init__ app battery clock config ds3231 expiry hardware hints log mailer parts port routes rules secrets sensors "
    "start state tokens trace wifi words zone"
)


@pytest.mark.parametrize(("kind", "listed"), [("mpy", True), ("mpy", False), ("py", False)])
def test_the_flat_modules_of_an_older_umail_go_whoever_brought_them(tmp_path, micropython, kind, listed):
    old = {f"/lib/umail/{name}.{kind}" for name in UMAIL.split()}
    old |= {f"/lib/alertnode/{name}.{kind}" for name in ALERTNODE.split()} | {"/lib/umail/certs/isrg_x1.mpy"}
    with FlashBoard(micropython, tmp_path, blocks=256) as board:
        board.exec(
            "import os\nfor name in ('/lib', '/lib/umail', '/lib/alertnode', '/lib/umail/certs'):\n os.mkdir(name)"
        )
        board.exec(f"for path in {sorted(old)!r}:\n open(path, 'w').close()")
        board.put("/lib/umail/mine.py", b"mine")
        if listed:
            board.exec(f"with open({LIST!r}, 'w') as f:\n for path in {sorted(old)!r}:\n  f.write(path + chr(10))")
        new = image.build(boards.load("virtual"))
        deploy(board, new)
        walk = "import os\ndef walk(d):\n for e in os.ilistdir(d):\n  p = d + '/' + e[0]\n"
        walk += "  walk(p) if e[1] & 0x4000 else print(p)\nwalk('/lib')"
        roots = set() if listed else {"/lib/umail/certs/isrg_x1.mpy"}
        code = {path for path in new if path.startswith("/lib/")}
        assert set(board.exec(walk).split()) - {"/lib/umail/mine.py"} == code | roots
        assert "/lib/umail/mine.py" in board.exec(walk)


def test_an_older_umail_does_not_go_onto_a_board_whose_mails_it_could_not_read(board):
    newer = {**IMAGE, "/lib/umail/durable.mpy": compile_module(ONE, "umail/durable.py")}
    deploy(board, newer)
    board.exec("import os\nos.mkdir('/outbox')")
    board.put("/outbox/000001-5.mail", b"text\n2 12345678 []\n")
    board.put("/outbox/000002-0.mail", b"2 12345678 []\n")
    # What the first format left, and what is not a mail, is read by every umail.
    board.put("/outbox/000003-5", b"text\n")
    board.put("/outbox/state", b"2 12345678 {}\n")
    with pytest.raises(UserError, match=r"2 mails wait on the board that this older umail can't read"):
        deploy(board, IMAGE)
    assert "/lib/umail/durable.mpy" in code_on(board), "nothing was changed"
    deploy(board, {**newer, "/trace.csv": b"3,4\n"})
    board.exec("os.remove('/outbox/000001-5.mail')\nos.remove('/outbox/000002-0.mail')")
    assert "/lib/umail/durable.mpy" in deploy(board, IMAGE).removed
    board.put("/outbox/000004-0.mail", b"2 12345678 []\n")
    deploy(board, {"/notes.txt": b"no library, so none is too old"})
