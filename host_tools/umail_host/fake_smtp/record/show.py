"""Prints the dialogue and the mail as they come, TLS state visible, for `umail serve` and the demo."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from umail_host import terminal
from umail_host.fake_smtp.record import reading
from umail_host.fake_smtp.record.inbox import Delivery
from umail_host.fake_smtp.record.masking import Masker
from umail_host.fake_smtp.record.transcript import CLIENT, NOTE, SERVER, Entry

_LONGEST = 160
_HEADERS = ("From", "To", "Cc", "Subject", "Date", "Message-ID")
_LARGE, _BEGINNING = 1 << 20, 1 << 16
_ARROWS = {CLIENT: ("→", "cyan"), NOTE: ("·", "magenta")}


class Show:
    """Prints entries and deliveries.

    Args:
        console: where to.
        content_lines: lines of a message's content shown; the rest is counted.
        broken: called if nothing can be written any more: nobody reads it.

    Attributes:
        masker: hides the server's secrets in mail, too, once it is set.
    """

    def __init__(self, console: Console, content_lines: int = 12, broken: Callable[[], None] = lambda: None) -> None:
        self.masker = Masker()
        self._console, self._broken = console, broken
        self._lines: list[str] = []
        self._content_lines = content_lines
        self._in_content: dict[int, int] = {}
        self._start: float | None = None
        # Rich works out once how a style is written: for each line it would take longer than the rest of the mail.
        self._style = functools.cache(self._painting)
        self._signs = functools.cache(self._lead)

    def entry(self, entry: Entry) -> None:
        """Show one line of the dialogue: time, connection, a lock if TLS is on, who spoke."""
        if self._start is None:
            self._start = entry.time
        if entry.direction == CLIENT and not self._wanted(entry):
            return
        hidden = "" if entry.direction == CLIENT else self._hidden(entry.connection)
        text = entry.text
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}… ({len(text)} characters)"
        refused = entry.direction == SERVER and text[:1] in "45"
        when, sign, (before, after) = self._signs(entry.direction, entry.tls, refused)
        since = f"{entry.time - self._start:8.3f} #{entry.connection} "
        self._write(f"{hidden}{when[0]}{since}{when[1]}{sign}{before}{_printable(text)}{after}\n")

    def _lead(self, direction: str, tls: bool, refused: bool) -> tuple[tuple[str, str], str, tuple[str, str]]:
        """Return what stands around the time, between it and the text, and around the text."""
        lock = self._paint("TLS  ", "green") if tls else self._paint("clear", "yellow")
        arrow, colour = _ARROWS.get(direction, ("←", "blue"))
        style = "magenta" if direction == NOTE else "red" if refused else ""
        return self._style("dim"), f"{lock} {self._paint(arrow, colour)} ", self._style(style)

    def _wanted(self, entry: Entry) -> bool:
        """Count lines of content, which come without an answer in between; show the first ones only."""
        count = self._in_content[entry.connection] = self._in_content.get(entry.connection, 0) + 1
        return count <= self._content_lines

    def _hidden(self, connection: int) -> str:
        hidden = self._in_content.pop(connection, 0) - self._content_lines
        return self._paint(f"{'':17}… {hidden} more lines", "dim") + "\n" if hidden > 0 else ""

    def delivery(self, delivery: Delivery) -> None:
        """Show a message that arrived, decoded."""
        content = delivery.content
        message = delivery.parsed if len(content) <= _LARGE else reading.parsed(content[:_BEGINNING])
        parts = [part for _, part in reading.leaves(message)]
        title = f"── mail from {delivery.sender} to {', '.join(delivery.recipients)}"
        headers = [(name, reading.header(message, name)) for name in _HEADERS]
        lines = [f"   {name}: {reading.decoded(value)}" for name, value in headers if value]
        body = reading.first(message, "text/plain") or reading.first(message, "text/html")
        if body is not None:
            text = self._masked(reading.text_of(body))
            lines += [f"   │ {line}" for line in text.splitlines()[: self._content_lines]]
        for part in filter(reading.is_attachment, parts):
            name = reading.file_name(part) or reading.clean(part.get_content_type())
            lines.append(f"   + {name} ({len(reading.octets_of(part))} bytes)")
        shown = [self._paint(self._safe(title), "bold"), *map(self._safe, lines)]
        self._write("".join(f"{line}\n" for line in shown))

    def _safe(self, line: str) -> str:
        return _printable(self._masked(line))

    def _masked(self, text: str) -> str:
        return self.masker.mask(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def _paint(self, text: str, style: str) -> str:
        before, after = self._style(style)
        return f"{before}{text}{after}"

    def _painting(self, style: str) -> tuple[str, str]:
        if self._console.legacy_windows or not style:
            return "", ""
        with self._console.capture() as capture:
            self._console.print(Text("|", style=style), end="")
        before, _, after = capture.get().partition("|")
        return before, after

    def _write(self, lines: str) -> None:
        """Write lines; in a loop, with all others of its present step: each by itself would cost more than the rest."""
        self._lines.append(lines)
        if len(self._lines) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self._flush)
        except RuntimeError:
            self._flush()

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        file = self._console.file
        try:
            file.write("".join(lines))
            file.flush()
        except OSError:
            self._broken()


def _printable(text: str) -> str:
    return text if text.isprintable() else terminal.printable(text)
