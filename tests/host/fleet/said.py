"""Status headers and mails as boards with a key write them, for tests of whoever reads them."""

from __future__ import annotations

import hmac
from pathlib import Path

from umail_host.fleet import keys, status

KEY = bytes(range(32))
BOARD = "240ac4000001"
T = 1_790_000_000
DAY = 86400


def header(key: bytes = KEY, **changes: object) -> str:
    """A header as a board writes it; a field of None is left out."""
    fields: dict[str, object] = {"v": 1, "id": BOARD, "t": T, "name": "freezer-3", "fw": "0.1.0", "n": 7} | changes
    text = "; ".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    code = hmac.digest(keys.derived(key, "status"), text.replace(" ", "").encode(), "sha256")[:16].hex()
    return f"{text}; mac={code}"


def mail(value: str | None = None, message_id: str = "", **changes: object) -> bytes:
    """A mail with a header, folded; without one if ``value`` is empty."""
    value = header(**changes) if value is None else value  # type: ignore[arg-type]
    name = message_id or f"{changes.get('id', BOARD)}.{changes.get('n', 7)}@boards.example"
    folded = value.replace("; ", ";\r\n ")
    said = f"{status.HEADER}: {folded}\r\n" if value else ""
    return (
        f"From: esp32@contoso.com\r\nTo: ops@contoso.com\r\nSubject: At work\r\nMessage-ID: <{name}>\r\n{said}"
        "MIME-Version: 1.0\r\n\r\nAll is well.\r\n"
    ).encode()


def maildir(path: Path) -> Path:
    """An empty Maildir."""
    for part in ("tmp", "new", "cur"):
        (path / part).mkdir(parents=True, exist_ok=True)
    return path


def deliver(path: Path, octets: bytes, name: str) -> Path:
    """Put a mail into a Maildir as a server does."""
    made = path / "new" / name
    made.write_bytes(octets)
    return made
