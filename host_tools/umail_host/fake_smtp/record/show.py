"""Prints the dialogue and the mail as they come, TLS state visible, for `umail serve` and the demo."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from umail_host import terminal
from umail_host.fake_smtp.record.inbox import Delivery
from umail_host.fake_smtp.record.masking import Masker
from umail_host.fake_smtp.record.transcript import CLIENT, NOTE, Entry

_LONGEST = 160
_HEADERS = ("From", "To", "Cc", "Subject", "Date", "Message-ID")


class Show:
    """Prints entries and deliveries.

    Args:
        console: where to.
        content_lines: lines of a message's content shown; the rest is counted.

    Attributes:
        masker: hides the server's secrets in mail, too, once it is set.
    """

    def __init__(self, console: Console, content_lines: int = 12) -> None:
        self.masker = Masker()
        self._console = console
        self._content_lines = content_lines
        self._in_content: dict[int, int] = {}
        self._start: float | None = None

    def entry(self, entry: Entry) -> None:
        """Show one line of the dialogue: time, connection, a lock if TLS is on, who spoke."""
        if self._start is None:
            self._start = entry.time
        if entry.direction == CLIENT and not self._wanted(entry):
            return
        if entry.direction != CLIENT:
            self._tell_hidden(entry.connection)
        text = entry.text
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}… ({len(text)} characters)"
        lock = ("TLS  ", "green") if entry.tls else ("clear", "yellow")
        arrow = {CLIENT: ("→", "cyan"), NOTE: ("·", "magenta")}.get(entry.direction, ("←", "blue"))
        style = "magenta" if entry.direction == NOTE else "red" if text[:1] in "45" and arrow[0] == "←" else ""
        line = Text.assemble(
            (f"{entry.time - self._start:8.3f} ", "dim"), (f"#{entry.connection} ", "dim"), lock, " ", arrow, " "
        )
        line.append(terminal.printable(text), style=style)
        self._console.print(line, soft_wrap=True)

    def _wanted(self, entry: Entry) -> bool:
        """Count lines of content, which come without an answer in between; show the first ones only."""
        count = self._in_content[entry.connection] = self._in_content.get(entry.connection, 0) + 1
        return count <= self._content_lines

    def _tell_hidden(self, connection: int) -> None:
        hidden = self._in_content.pop(connection, 0) - self._content_lines
        if hidden > 0:
            self._console.print(Text(f"{'':17}… {hidden} more lines", style="dim"))

    def delivery(self, delivery: Delivery) -> None:
        """Show a message that arrived, decoded."""
        message = delivery.message
        self._say(f"── mail from {delivery.sender} to {', '.join(delivery.recipients)}", "bold")
        lines = [f"   {name}: {message[name]}" for name in _HEADERS if message[name]]
        body = message.get_body(("plain", "html"))
        if body is not None:
            text = self._masked(str(body.get_content()))
            lines += [f"   │ {line}" for line in text.splitlines()[: self._content_lines]]
        for part in message.iter_attachments():
            size = len(part.get_payload(decode=True) or b"")
            lines.append(f"   + {part.get_filename() or part.get_content_type()} ({size} bytes)")
        for line in lines:
            self._say(line)

    def _say(self, line: str, style: str = "") -> None:
        """Print one line that may come from outside."""
        self._console.print(Text(terminal.printable(self._masked(line)), style=style), soft_wrap=True)

    def _masked(self, text: str) -> str:
        return self.masker.mask(text.encode("utf-8", "replace")).decode("utf-8", "replace")
