"""What tests of the watch need: a fleet, its mailbox and two providers, made-up time, and a process that dies."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import umail
from host.fleet.said import DAY, T, deliver, mail, maildir
from host.fleet.test_fleet_command import FLEET
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.pytest_plugin import PASSWORD, USER
from umail_host.fleet import scan, watch
from umail_host.fleet.store import Store
from umail_host.provision.fleet import Fleet

# At noon, in any zone it is a time of the day.
NOON = T


class Killed(BaseException):
    """The process ends here."""


class World:
    """A file of two boards, their mailbox, and a watch that can be killed and started again; time is made up."""

    def __init__(self, folder: Path, servers: tuple[FakeServer, FakeServer]) -> None:
        self.folder, self.now = folder, float(NOON)
        self.box = maildir(folder / "mails")
        (folder / "fleet.toml").write_text(FLEET)
        self.fleet = Fleet(folder / "fleet.toml")
        self.servers = servers
        self.lines: list[str] = []
        self.morning: datetime.time | None = None
        self._before = [len(server.inbox.wait(0, 0)) for server in servers]
        self._count = 0
        self.steps, self.left = 0, -1

    def said(self, board: str, **more: object) -> None:
        """A mail of a board arrives that it wrote now."""
        self._count += 1
        now = int(self.now)
        more = {"t": now, "due": now + DAY, "n": now + self._count} | more
        deliver(self.box, mail(id=board, message_id=f"{self._count}@boards", **more), f"{now}.M{self._count}.host")

    def start(self) -> tuple[watch.Watch, Callable[[], None]]:
        """The watch as a new process has it, and what ends it."""
        routes = [
            umail.Route("localhost", server.port, username=USER, password=PASSWORD, trust=server.ca_der)
            for server in self.servers
        ]
        first, second = watch.outboxes(self.folder / "outboxes", routes)
        store = Store(self.folder / "fleet.sqlite")
        for thing, names in (
            (store, ("take", "tell", "owed", "paid")),
            (first, ("put", "flush")),
            (second, ("put", "flush")),
        ):
            for name in names:
                setattr(thing, name, self._step(getattr(thing, name)))
        plan = watch.Plan(("it@contoso.com",), USER, morning=self.morning)
        made = watch.Watch(
            plan, self.fleet, store, [scan.mailbox(str(self.box))], first, second, self.lines.append, lambda: self.now
        )

        def end() -> None:
            store.__exit__()
            first.close()
            second.close()

        return made, end

    def _step(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **more: Any) -> Any:
            self._die()
            result = real(*arguments, **more)
            self._die()
            return result

        return step

    def _die(self) -> None:
        self.steps += 1
        if self.left >= 0:
            self.left -= 1
            if self.left < 0:
                raise Killed

    def look(self) -> None:
        """One round of a process of its own."""
        made, end = self.start()
        try:
            made.round()
        finally:
            end()

    def survive(self) -> None:
        """The same, and once more if it is killed."""
        try:
            self.look()
        except Killed:
            self.look()

    def mails(self, which: int = 0) -> list[str]:
        """The subjects that came to a provider since this world began."""
        return [str(found["Subject"]) for found in self.servers[which].inbox.wait(0, 0)][self._before[which] :]

    def text(self, which: int = 0) -> str:
        """The text of the last mail."""
        return str(self.servers[which].inbox.wait(0, 0)[-1].get_content())
