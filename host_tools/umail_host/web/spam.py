"""What SpamAssassin says of a mail, if it is installed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from typing import Any

from umail_host.fake_smtp.record.reading import clean

_FILTERING = 30.0  # seconds
_LARGEST = 1 << 19  # bytes of a mail that SpamAssassin reads: its own limit by default
_SCORE = re.compile(r"Content analysis details:\s+\((-?[\d.]+) points, (-?[\d.]+) required\)")
_RULE = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s+([A-Z][A-Z0-9_]+)\s+(.*)$")
# One at a time, and few that wait for it: each takes a core for seconds.
_filtering, _waiting = threading.Lock(), threading.BoundedSemaphore(3)
_BUSY = "SpamAssassin is busy with other mails: ask again"


def spamassassin(content: bytes) -> dict[str, Any] | None:
    """Return SpamAssassin's points for a mail and the rules that gave them; None if it is not installed.

    It runs without network (``-L``), one at a time and for half a minute at the most; ``error`` says what went wrong.
    """
    program = shutil.which("spamassassin")
    if program is None:
        return None
    if not _waiting.acquire(blocking=False):
        return {"error": _BUSY}
    try:
        with _filtering:
            return _report(_run(program, content[:_LARGEST]))
    except subprocess.TimeoutExpired:
        return {"error": f"SpamAssassin took more than {_FILTERING:.0f} s"}
    except OSError as error:
        return {"error": f"SpamAssassin can't be run: {error.strerror}"}
    finally:
        _waiting.release()


def _run(program: str, content: bytes) -> str:
    with tempfile.TemporaryDirectory(prefix="umail-spam-") as home:
        environment = {"HOME": home, "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        process = subprocess.Popen(
            [program, "-L", "-t", "-x"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        try:
            return process.communicate(content, timeout=_FILTERING)[0].decode("utf-8", "replace")
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _report(text: str) -> dict[str, Any]:
    # It comes after the mail, which may hold one of its own.
    scores = list(_SCORE.finditer(text))
    if not scores:
        return {"error": "SpamAssassin said nothing"}
    rules = [found for line in text[scores[-1].end() :].splitlines() if (found := _RULE.match(line))]
    return {
        "points": float(scores[-1][1]),
        "required": float(scores[-1][2]),
        "rules": [{"points": float(one[1]), "name": one[2], "text": clean(one[3])} for one in rules[:100]],
    }
