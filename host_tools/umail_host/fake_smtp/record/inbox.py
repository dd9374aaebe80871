"""Where accepted mail lands: a Maildir, with the envelope of each message kept beside its content."""

from __future__ import annotations

import base64
import email
import email.policy
import functools
import itertools
import mailbox
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.utils import formatdate
from pathlib import Path

from umail_host.fake_smtp.core.events import Envelope
from umail_host.fake_smtp.record import reading

_KEPT = 1 << 26
# Two inboxes of one process never give the same name.
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Delivery:
    """One accepted message.

    Args:
        time: seconds since 1970.
        connection: number of the session.
        envelope: MAIL FROM and RCPT TO with their parameters, and the content exactly as it was meant.
        file: the path of its file in the Maildir.
    """

    time: float
    connection: int
    envelope: Envelope
    file: str

    @property
    def path(self) -> Path:
        """Its file in the Maildir."""
        return Path(self.file)

    @property
    def sender(self) -> str:
        """The address of MAIL FROM."""
        return self.envelope.sender

    @property
    def recipients(self) -> list[str]:
        """The addresses of RCPT TO that were accepted."""
        return [recipient.address for recipient in self.envelope.recipients]

    @property
    def content(self) -> bytes:
        """The message's bytes: dots unstuffed, chunks joined, nothing added."""
        return self.envelope.content

    @functools.cached_property
    def message(self) -> EmailMessage:
        """The content, parsed when first asked for."""
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @functools.cached_property
    def parsed(self) -> Message:
        """The content as `reading.parsed` reads it, once for all who are told of it, and forgotten then."""
        return reading.parsed(self.content)

    @functools.cached_property
    def headers(self) -> EmailMessage:
        """Its headers alone, which takes less time."""
        return email.message_from_bytes(self.content.partition(b"\r\n\r\n")[0], policy=email.policy.default)


@functools.lru_cache(maxsize=8)
def _date(seconds: int) -> str:
    return formatdate(seconds)


def _in_lines(content: bytes) -> bytes:
    """Return a message with its binary parts in base64 (RFC 3030, 3)."""
    # This policy writes headers as they came, whatever they hold.
    policy = email.policy.compat32.clone(linesep="\r\n", mangle_from_=False)
    message = email.message_from_bytes(content, policy=policy)
    for part in message.walk():
        if str(part.get("Content-Transfer-Encoding", "")).lower() == "binary" and not part.is_multipart():
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            part.set_payload(base64.encodebytes(data).decode())
            del part["Content-Transfer-Encoding"]
            part["Content-Transfer-Encoding"] = "base64"
        elif part.is_multipart():
            del part["Content-Transfer-Encoding"]
    return message.as_bytes()


class Inbox:
    """A Maildir and the deliveries of this run.

    Args:
        path: the folder; made if it is missing. ``wire`` beside it takes BINARYMIME messages as they came.
        on_delivery: called with each delivery, in the server's thread.
        keep: so many deliveries are remembered, the newest, with 64 MB of content at the most; None: all. The Maildir
            keeps every mail.
    """

    def __init__(
        self, path: Path, on_delivery: Callable[[Delivery], None] | None = None, keep: int | None = None
    ) -> None:
        self.path, self.wire = path, path.with_name(path.name + ".wire")
        # A folder that is there, but empty, becomes one as well.
        for part in ("tmp", "new", "cur"):
            (path / part).mkdir(parents=True, exist_ok=True)
        # As texts: a path of pathlib for each mail takes as long as writing it.
        self._before, self._after = os.path.join(path, "tmp", ""), os.path.join(path, "new", "")
        self._maildir = mailbox.Maildir(str(path))
        self._told = [on_delivery] if on_delivery else []
        self._arrived = threading.Condition()
        self._deliveries: deque[Delivery] = deque()
        self._keep, self._size = keep, 0
        self._count = 0
        # As `mailbox.Maildir` names its files; that one writes each to the disk before it goes on (fsync), which takes
        # longer than all the rest of a mail, and a fake server's mails need not outlive the machine.
        self._name = f"P{os.getpid()}Q{{}}.{socket.gethostname().replace('/', '_').replace(':', '_')}"

    def watch(self, told: Callable[[Delivery], None]) -> None:
        """Call ``told`` with each delivery from now on, too, in the server's thread."""
        self._told.append(told)

    @property
    def deliveries(self) -> list[Delivery]:
        """All deliveries so far, oldest first."""
        with self._arrived:
            return list(self._deliveries)

    def __iter__(self) -> Iterator[EmailMessage]:
        return iter([delivery.message for delivery in self.deliveries])

    def __len__(self) -> int:
        return self._count

    def deliver(self, envelope: Envelope, connection: int, now: float) -> Delivery:
        """Store a message: Return-Path, Delivered-To and Received before the content, as a mail server does.

        A BINARYMIME message is stored as a gateway would pass it on, its binary parts in base64, for a Maildir is read
        line by line; its bytes as they came lie beside the Maildir, in ``wire``. Line ends become those of a Maildir.
        """
        received = f"Received: by fake-smtp (session {connection}); {_date(int(now))}\n"
        lines = [f"Return-Path: <{envelope.sender}>\n"]
        lines += [f"Delivered-To: {recipient.address}\n" for recipient in envelope.recipients]
        content = envelope.content
        if envelope.body == "BINARYMIME":
            content = _in_lines(content)
        key = self._key()
        if envelope.body == "BINARYMIME":
            self.wire.mkdir(exist_ok=True)
            (self.wire / key).write_bytes(envelope.content)
        self._write(key, "".join([*lines, received]).encode() + content.replace(b"\r\n", b"\n"))
        delivery = Delivery(now, connection, envelope, self._after + key)
        with self._arrived:
            self._deliveries.append(delivery)
            self._count += 1
            self._size += len(envelope.content)
            while self._keep is not None and (len(self._deliveries) > self._keep or self._size > _KEPT):
                self._size -= len(self._deliveries.popleft().content)
            self._arrived.notify_all()
        for told in self._told:
            told(delivery)
        vars(delivery).pop("parsed", None)
        return delivery

    def _key(self) -> str:
        now = time.time_ns() // 1000
        return f"{now // 1_000_000}.M{now % 1_000_000:06}{self._name.format(next(_NUMBERS))}"

    def _write(self, key: str, octets: bytes) -> None:
        """Write a mail beside the others first, so that none is ever seen in part."""
        before = f"{self._before}{key}"
        with open(before, "wb") as file:
            file.write(octets)
        os.rename(before, f"{self._after}{key}")

    def wait(self, count: int = 1, timeout: float = 10.0) -> list[EmailMessage]:
        """Return the messages, as soon as there are ``count`` of them.

        Raises:
            TimeoutError: there were fewer after ``timeout`` seconds; the text tells how many.
        """
        due = time.monotonic() + timeout
        with self._arrived:
            while self._count < count:
                left = due - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{self._count} of {count} messages arrived within {timeout} s")
                self._arrived.wait(left)
            return [delivery.message for delivery in self._deliveries]

    def clear(self) -> None:
        """Forget the deliveries and empty the Maildir."""
        with self._arrived:
            self._deliveries.clear()
            self._count = self._size = 0
            self._maildir.clear()
