"""A summary as six mail readers of other code see it: subject, texts, pictures and readings, each as it was sent."""

from __future__ import annotations

import struct
import zlib
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from real_servers.base import Missing

from mail_readers import READERS
from summary_mail import SUBJECT, octets

NAMES = ["climate.humidity.png", "freezer-3-minutes.csv", "freezer.png"]


def unpacked(picture: bytes) -> tuple[int, int, int]:
    """Width, height and bytes of a PNG's rows, by a decompressor of other code."""
    width, height = struct.unpack(">II", picture[16:24])
    begin = picture.index(b"IDAT") + 4
    (size,) = struct.unpack(">I", picture[begin - 8 : begin - 4])
    return width, height, len(zlib.decompress(picture[begin : begin + size]))


@pytest.mark.parametrize("reader", READERS)
def test_each_reader_finds_the_pictures_and_the_readings(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "summary.eml"
    path.write_bytes(octets(tmp_path / "history"))
    (tmp_path / "reader").mkdir()
    try:
        (found,) = READERS[reader](reader, [path], tmp_path / "reader")
    except Missing as missing:
        pytest.skip(str(missing))
    assert found.subject == SUBJECT
    files = dict(found.files)
    assert sorted(files) == NAMES
    for name in ("freezer.png", "climate.humidity.png"):
        assert unpacked(files[name]) == (480, 96, 121 * 96)
    lines = files["freezer-3-minutes.csv"].decode().splitlines()
    assert lines[0] == "time,UTC,climate.humidity,freezer"
    assert len(lines) == 1441
    if found.texts:
        assert any("freezer\nLowest:    -19.1 °C\n" in text.replace("\r\n", "\n") for text in found.texts)


def test_the_mail_is_as_small_as_its_pictures_and_readings_are(tmp_path: Path) -> None:
    content = octets(tmp_path / "history")
    mail = message_from_bytes(content, policy=default)
    assert mail["Subject"] == SUBJECT
    assert [part.get_content_type() for part in mail.iter_parts()] == ["multipart/alternative", "text/csv"]
    assert len(content) < 120_000
