"""What waits in the outbox survives updates: from its first format, to a later one than today's, and back."""

from __future__ import annotations

import json
import time
from binascii import crc32
from pathlib import Path

import pytest

from host.firmware.firmware_rig import PASSWORD, USER, Rig
from host.firmware.test_firmware_outputs import until
from host.update.update_rig import Publisher, start, with_update
from umail import Message, Outbox, durable, m365
from umail_host import paths
from umail_host.deploy import image
from umail_host.device.board import Board

LATER = durable.VERSION + 1
TO = "ops@contoso.com"


def of_the_first(number: int, subject: str) -> dict[str, bytes]:
    """A mail as the first version of the outbox's format has it: content, and lines of a checksum and JSON."""
    text, now = b"what happened", int(time.time())
    people = [["", USER], [["", TO]], [], [], []]
    head = [number, 1, None, 0, 0, len(text), crc32(text), [len(text), None], [], f"<{subject}@example.org>"]
    lines = [[*head, people, subject, [], None, [], None], [0, now, "pending", 0, 0, 0, now, None, [], ""]]
    whole = [f"{crc32(line):08x} ".encode() + line for line in (json.dumps(line).encode() for line in lines)]
    return {f"/outbox/{number:06x}-{len(text):x}": b"\n".join([text, *whole])}


def of_a_later(folder: Path, number: int, subject: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A mail as a library of a later format than today's leaves it."""
    with monkeypatch.context() as patched:
        patched.setattr(durable, "VERSION", LATER)
        outbox = Outbox(str(folder), m365.submission(USER, password=PASSWORD))
        outbox.put(Message(USER, TO, subject, text="what happened"))
        outbox.close()
    (file,) = folder.glob("*.mail")
    return {f"/outbox/{number:06x}-{file.stem.partition('-')[2]}.mail": file.read_bytes()}


def library(version: int) -> bytes:
    """The module of the library that says which format it reads."""
    source = (paths.library() / "durable.py").read_bytes()
    old = f"VERSION = {durable.VERSION}\n".encode()
    assert source.count(old) == 1
    return image.compile_module(source.replace(old, f"VERSION = {version}\n".encode()), "umail/durable.py")


def waiting(node: Rig) -> set[str]:
    with Board(node.board.port) as link:
        link.enter()
        return {name for name in link.eval("__import__('os').listdir('/outbox')") if name.endswith(".mail")}


def test_mails_of_the_first_format_are_sent_and_of_a_later_one_stay_as_they_are_over_an_update(
    node: Rig, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = of_a_later(tmp_path / "later", 9, "from-the-later-one", monkeypatch)
    ((name, octets),) = later.items()
    with Board(node.board.port) as link:
        link.enter()
        link.make_folder("/outbox")
        for path, data in (of_the_first(3, "from-the-first") | later).items():
            link.put(path, data)
    start(node, with_update(node, publisher))
    # The first format's mail is taken up and sent; of a later one today's library keeps its hands off.
    node.wait_for("none for this board", 30)
    assert node.subjects(1, 30) == ["from-the-first"]
    # (A reset between the server's reply and this line would have it sent again.)
    until(lambda: f"mailed to {TO}" in node.board.console.text, 60)
    node.board.hard_reset()
    publisher.put(publisher.seal(7, {"/note.txt": b"one"}))
    node.wait_for("update 7 runs", 60)
    assert set(node.subjects(2, 30)) == {"from-the-first", "Update 7 runs (freezer-3)"}
    with Board(node.board.port) as link:
        link.enter()
        assert link.get(name) == octets


def test_a_mail_that_a_program_taken_back_left_in_a_later_format_waits_for_the_next_that_reads_it(
    node: Rig, publisher: Publisher
) -> None:
    start(node, with_update(node, publisher))
    node.wait_for("none for this board", 30)
    # The new program writes a mail in its format, and crashes before that is sent.
    source = (paths.firmware() / "alertnode" / "rulebook.py").read_bytes()
    source += (
        b"\n\ndef make(*_):\n    from umail import Message, Outbox, m365\n"
        b"    box = Outbox('/outbox', m365.submission('esp32@contoso.com', password='-'))\n"
        b"    box.put(Message('esp32@contoso.com', 'ops@contoso.com', 'of the trial', text='-'))\n"
        b"    box.close()\n    raise MemoryError('by the test')\n"
    )
    broken = image.compile_module(source, "rulebook.py")
    publisher.put(publisher.seal(7, {"/lib/umail/durable.mpy": library(LATER), "/lib/alertnode/rulebook.mpy": broken}))
    node.wait_for("update 7 was taken back", 90)
    assert node.subjects(1, 30) == ["Update 7 was taken back (freezer-3)"]
    # (To look what waits stops the node: between the server's reply and this line it would have the mail sent again.)
    until(lambda: node.board.console.text.count(f"mailed to {TO}") == 1, 60)
    assert waiting(node)
    node.board.hard_reset()
    publisher.put(publisher.seal(8, {"/lib/umail/durable.mpy": library(LATER)}))
    node.wait_for("update 8 runs", 60)
    # (Each of its three starts had left one.)
    assert "of the trial" in node.subjects(5, 60)
    # And back, with nothing that waits; what the later one kept beside mails counts as none.
    publisher.put(publisher.seal(9, {"/lib/umail/durable.mpy": library(durable.VERSION)}))
    node.wait_for("update 9 runs", 60)
    assert "Update 9 runs (freezer-3)" in node.subjects(6, 60)
    # (Each is said once its file is gone.)
    until(lambda: node.board.console.text.count(f"mailed to {TO}") == 6, 60)
    assert not waiting(node)
