"""The lines for a person at a desk, of docs/when-mail-does-not-arrive.md, show what the page says."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from umail_host.fake_smtp import FakeServer

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "when-mail-does-not-arrive.md").read_text(encoding="utf-8")
LINES = re.findall(r"^openssl s_client .*$", PAGE, re.MULTILINE)
SHOWN = dict(re.findall(r"^\| (`.*?`.*?) \| (.*?) \|$", PAGE.partition("openssl s_client")[2], re.MULTILINE))


def look(line: str, server: FakeServer, *more: str) -> str:
    """What a person reads who types the line, at a server of ours, and QUIT."""
    words = shlex.split(re.sub(r"-connect \S+", f"-connect localhost:{server.port}", line))
    done = subprocess.run([*words, *more], input="QUIT\r\n", text=True, capture_output=True, timeout=30, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("line", LINES)
def test_an_open_way_and_a_stranger_in_between_and_a_missing_starttls_look_as_the_page_says(
    line: str, tmp_path: Path
) -> None:
    good, stranger, *_ = SHOWN
    with FakeServer("m365-submission") as server:
        root = tmp_path / "root.pem"
        root.write_bytes(server.ca_pem if isinstance(server.ca_pem, bytes) else server.ca_pem.encode())
        text = look(line, server, "-CAfile", str(root))
        for word in re.findall("`(.*?)`", good):
            assert word in text
        assert re.findall("`(.*?)`", stranger)[0] in look(line, server)
    with FakeServer("generic", starttls=False) as server:
        missing = next(word for word in SHOWN if "STARTTLS" in word)
        assert missing.strip("`") in look(line, server)


def test_the_page_has_a_line_for_each_port() -> None:
    assert [re.findall(r":(\d+) ", line) for line in LINES] == [["587"], ["25"]]
