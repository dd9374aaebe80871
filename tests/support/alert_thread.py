"""The mails of an alert that is repeated and ends, through a reset and a put that failed, and one of another alert."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from umail import Outbox, Route
from umail.message import Message
from umail.queue.spool import Spool
from umail_host.fake_smtp import FakeServer


def mail(subject: str) -> Message:
    return Message("esp32@contoso.com", "ops@contoso.com", subject, "9 °C")


def full(*whatever: object) -> None:
    raise OSError(errno.ENOSPC, "full")


def alert_thread(folder: Path) -> list[Path]:
    """Send them through an outbox, and return the files in ``folder`` in which they arrived: two threads."""
    now = [0]

    def opened() -> Outbox:
        route = Route("127.0.0.1", server.port, security="plain")
        return Outbox(str(folder / "outbox"), route, uptime=lambda: now[0], date=lambda: 1_800_000_000 + now[0])

    with FakeServer("generic") as server:
        box = opened()
        for minute in range(0, 60, 5):
            now[0] = 60 * minute
            box.put(mail(f"too warm, {minute} min"), key="door")
            box.flush()
        box.close()
        box = opened()  # after a reset
        recovery = mail("normal again")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Spool, "write", full)
            with pytest.raises(OSError, match="full"):
                box.put(recovery, key="door", recovery=True)
        box.put(recovery, key="door", recovery=True)
        box.put(mail("another board"), key="window")
        while box.pending():
            box.flush()
            now[0] += max(1, box.wait() or 1)
        paths = [folder / f"{number}.eml" for number, _ in enumerate(server.inbox.deliveries)]
        for path, delivery in zip(paths, server.inbox.deliveries, strict=True):
            path.write_bytes(delivery.content)
    box.close()
    return paths
