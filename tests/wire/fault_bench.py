"""A row of the table of faults, tried by every kind of route with either driver, each with its server and process."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fault_table import LOGIN, Row
from wire_device import PASSWORD, USER
from wire_program import Program

import planted
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.clock import Clock
from umail_host.fake_smtp.server.tls import CERTIFICATES, Authority

TOKEN = planted.TOKEN
OPTIONS = {"timeout": 2, "deadline": 4}
FINAL = 3
SMUGGLED = (
    "\n.\r\nMAIL FROM:<evil@contoso.com>\r\nRCPT TO:<evil@contoso.com>\r\nDATA\r\nSubject: evil\r\n\r\nx\r\n.\r\n"
)


class Hasty(Clock):
    """The server's waits in a fiftieth of their time."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 50)


class Lane:
    """The library in one process, with one driver, by one kind of route, and the server it talks to."""

    def __init__(self, command: list[str], library: Path, driver: str, security: str, authority: Authority) -> None:
        self.driver, self.security = driver, security
        self.server = FakeServer(
            "generic",
            mailboxes={USER: PASSWORD},
            tokens={TOKEN: USER},
            authority=authority,
            clock=Hasty(),
            settle=0.002,
            implicit_tls=security == "tls",
        )
        self.server.start()
        self.program = Program(command, library, driver)

    def stop(self) -> None:
        """End both."""
        self.program.stop()
        self.server.stop()

    def route(self, row: Row, trust: str) -> dict[str, Any]:
        """The route that the row is tried by."""
        route = {"host": "localhost", "port": self.server.port, "security": self.security, "trust": trust}
        if self.security in LOGIN:
            route["username"] = USER
            if row.token:
                route["access_token"] = TOKEN
            else:
                route["password"] = PASSWORD
        return route

    def run(self, row: Row, trust: str) -> list[str]:
        """Try the row; what was not as expected, in sentences."""
        server, wrong = self.server, []
        server.inbox.clear()
        sessions = len(server.sessions)
        server.set_faults("" if row.plan == "connect-refused" else row.plan)
        if row.plan == "connect-refused":
            server.pause()
        job = {"route": self.route(row, trust), "options": {**OPTIONS, **row.options}, "final": row.final or FINAL}
        message = {"sender": USER, "to": ["a@contoso.com", "b@contoso.com"], "subject": "first", "text": "warm\n"}
        job["message"] = {**message, "text": "warm" + SMUGGLED if row.message == "commands" else "warm\n.\n"}
        more: dict[str, Any] = {"stream": row.size} if row.message == "stream" else {}
        if row.message == "attachment":
            more = {"attachment": str(Path(trust).with_name(f"{row.size}.bin"))}
        first = self.program.ask(do="send", way=row.way, **job, **more)
        expected, mails = row.expected(self.security)
        found = _outcome(first)
        if found not in expected.split("|"):
            wrong.append(f"{found!r} in the place of {expected!r}: {first}")
        if first["ms"] > 1000 * (job["options"]["deadline"] + job["final"]) + 500:
            wrong.append(f"it took {first['ms']} ms")
        if first["open"] and (row.way == "alert" or found.endswith(("closed", "desync", "timeout", "uncertain"))):
            wrong.append("the socket stays open")
        self._settle(sessions, mails)
        if first["open"]:
            # An end of the connection that was on its way has arrived before the next mail.
            time.sleep(0.05)
        if len(server.inbox) != mails:
            wrong.append(f"{len(server.inbox)} mails in the place of {mails}")
        if row.plan == "connect-refused":
            server.resume()
        server.set_faults("")
        job["message"] = {**message, "subject": "second"}
        second = self.program.ask(do="next" if row.way == "client" else "send", way=row.way, **job)
        if _outcome(second) != "delivered":
            wrong.append(f"the next mail: {second}")
        if self.program.ask(do="end")["open"]:
            wrong.append("the socket is open at the end")
        self._settle(sessions, mails + 1)
        return wrong + self._leaks(sessions, f"{first} {second}") + self._strays(mails)

    def _settle(self, sessions: int, mails: int) -> None:
        # The server may still be busy with what the client left behind.
        due = time.monotonic() + 0.3
        while time.monotonic() < due:
            if len(self.server.inbox) >= mails and all(s.ended for s in self.server.sessions[sessions:-1]):
                break
            time.sleep(0.005)

    def _leaks(self, sessions: int, results: str) -> list[str]:
        wrong = []
        for session in self.server.sessions[sessions:]:
            if planted.found(self.server.raw_capture.octets("C", session.number)):
                wrong.append("a credential in clear")
        if planted.found(self.program.output + results):
            wrong.append("a credential printed or told")
        return wrong

    def _strays(self, mails: int) -> list[str]:
        # Every mail is one of ours, and each came once.
        subjects = [str(mail["Subject"]) for mail in self.server.inbox]
        wrong = [] if subjects == ["first"] * mails + ["second"] else [f"the mails {subjects}"]
        for delivery in self.server.inbox.deliveries:
            if "evil" in delivery.sender or any("evil" in address for address in delivery.recipients):
                wrong.append("a command ran that was data")
        return wrong


def _outcome(result: dict[str, Any]) -> str:
    if "round_trips" in result:
        return "partly" if result["refused"] else "delivered"
    if "error" in result:
        return f"{result['stage']} {result['kind']} {result['key']}"
    return str(result)


class Bench:
    """All lanes of one interpreter; a row runs in them at the same time."""

    def __init__(
        self, command: list[str], library: Path, folder: Path, securities: tuple[str, ...], authority: Authority
    ) -> None:
        self.authority = authority
        authority.server()
        self.trust = str(folder / "root.der")
        Path(self.trust).write_bytes(authority.root_der)
        self.lanes = [
            Lane(command, library, driver, security, authority) for driver in ("", "aio") for security in securities
        ]
        self._pool = ThreadPoolExecutor(len(self.lanes))

    def run(self, row: Row) -> list[str]:
        """What was not as the row has it, in every lane."""
        if row.message == "attachment":
            Path(self.trust).with_name(f"{row.size}.bin").write_bytes(bytes(range(256)) * (row.size // 256))
        if (certificate := row.plan.removeprefix("certificate-")) in CERTIFICATES:
            # Its key takes longer to make than a client waits on a busy machine.
            self.authority.server(certificate)
        found = self._pool.map(lambda lane: lane.run(row, self.trust), self.lanes)
        return [
            f"{lane.driver or 'blocking'} {lane.security}: {wrong}"
            for lane, wrongs in zip(self.lanes, found, strict=True)
            for wrong in wrongs
        ]

    def stop(self) -> None:
        """End all."""
        for lane in self.lanes:
            lane.stop()
        self._pool.shutdown()
