"""Keeps what a deployment may break, and tells whether the new firmware runs."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping

from umail_host import languages
from umail_host.deploy import changes, romfs
from umail_host.device.board import Board, BoardError

# The alert node's first line once it is put together; after it so many seconds without a crash.
_HEALTHY = re.compile(rb": alertnode \d")
_SIGNS = ("alertnode: not started, fix the configuration:", "crashed; restarting in %d s")
_CALM = 2.0
_AGAIN = 0.3  # seconds between two attempts at a port that went away with a reset


def keep(link: Board, image: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files that made up the board before: what earlier deployments put there, and what ``image`` replaces.

    What lies in its ROMFS is among them: a deployment of the answer, with ``rom=False``, brings that back, too.
    Only what is different from ``image`` is read from the board. Empty if nothing was deployed before.
    """
    found = changes.survey(link, image)
    in_rom = found.rom is not None and bool(found.rom.names & romfs.OURS)
    if not found.listed and not in_rom:
        return {}
    there = {
        path: digest for path, (digest, _) in found.files.items() if path in found.listed | found.older or path in image
    }
    if in_rom:
        there |= {path: entry.sha256 for path, entry in link.tree("/rom").items() if not entry.is_folder}
    kept = {}
    for path, digest in there.items():
        new = image.get(path.removeprefix("/rom"), b"")
        kept[path] = new if hashlib.sha256(new).hexdigest() == digest else link.get(path)
    return kept


def _broken() -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return how a board that does not run says so, in whatever language: the beginning of it, and the whole."""
    words = (re.escape(re.split("[,;]", text)[0]) for sign in _SIGNS for text in languages.in_all(sign))
    signs = "|".join(words).encode()
    # What went wrong is the last line of a traceback, and a slow board prints it later than the first.
    whole = b"(" + signs + rb").*\n|Traceback.*\n( .*\n)*[^ \r\n].*\n"
    return re.compile(signs + b"|Traceback"), re.compile(whole)


def wait_healthy(link: Board, seconds: float) -> str:
    """Watch a board that restarts; "" once the alert node runs, else what it printed instead (its last lines).

    ``link`` has been open since the reset, as opening it again drops what came until then. It is closed at the end.
    """
    deadline = time.monotonic() + seconds
    seen, since, broken = b"", None, None
    begins, whole = _broken()
    board: Board | None = link
    try:
        while time.monotonic() < deadline:
            try:
                board = board or Board(link.port)
                seen = (seen + board.read_console(0.2))[-4000:]
            except BoardError:
                # A chip with USB of its own takes its port away while it resets.
                if board is not None:
                    board.close()
                board = None
                time.sleep(_AGAIN)
            if begins.search(seen):
                broken = broken or time.monotonic()
                if whole.search(seen) or time.monotonic() - broken >= _CALM:
                    break
                continue
            if _HEALTHY.search(seen):
                since = since or time.monotonic()
                if time.monotonic() - since >= _CALM:
                    return ""
    finally:
        if board is not None:
            board.close()
    lines = seen.decode(errors="replace").strip().splitlines()[-6:]
    return "\n".join(lines) or "nothing"
