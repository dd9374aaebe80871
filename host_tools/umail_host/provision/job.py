"""Provisions boards: each configuration completed and its secrets gathered, put on its board, and tried from there."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from umail_host import secret_source, terminal
from umail_host.deploy import image, material, run, transfer
from umail_host.device import identity, maintenance
from umail_host.device.board import Board
from umail_host.doctor import diagnosis, powershell
from umail_host.doctor.check import Check
from umail_host.doctor.domain import Dns
from umail_host.doctor.report import Report
from umail_host.errors import UserError
from umail_host.fleet import keys
from umail_host.provision import mx, record, sign_in
from umail_host.provision.fleet import Fleet
from umail_host.sensing import look
from umail_host.sensing.look import Reading
from umail_host.settings import Route, Settings
from umail_host.update import record as updates

_SENSORS = 4  # exit status
# Exchange takes three connections at a time for one mailbox.
_TESTS_AT_ONCE = 3
# Shows how far it is: called with a text, gives what is called with a text, the bytes done, and those in all.
Bar = Callable[[str], AbstractContextManager[Callable[[str, int, int], None]]]


@dataclass(frozen=True)
class Job:
    """What is to be done to one board.

    Attributes:
        settings: its configuration.
        files: further ones, path on the board → bytes.
        secrets: name → value, but for those that a person's sign-in brings.
        published: the number of the update that was published last for a board, by its id.
    """

    settings: Settings
    files: Mapping[str, bytes]
    secrets: Mapping[str, str] = field(repr=False)
    published: Mapping[str, int] = field(default_factory=dict)

    @property
    def sign_ins(self) -> dict[str, Route]:
        """Return the name of the secret that each sign-in brings, and its route."""
        return {route.secret(): route for route in self.settings.routes if route.sign_in}

    @property
    def digest(self) -> str:
        """Return the digest of what the board is provisioned with, but for the secrets."""
        return record.digest(self.settings, self.files)


@dataclass(frozen=True)
class Found:
    """Which board is at a port: its id, its name in the file ("": it has none), and what is to be done."""

    identity: str
    name: str = ""
    job: Job | None = None
    done: bool = False


@dataclass(frozen=True)
class Result:
    """What was done to a board: how many files and secrets it got, what its sensors read, how its test alert went."""

    files: int
    secrets: int
    readings: tuple[Reading, ...]
    good: bool
    checks: tuple[Check, ...]


class NamedError(UserError):
    """A failure of a board whose name in the file is known."""

    def __init__(self, name: str, identity: str, error: UserError) -> None:
        super().__init__(str(error), error.exit_code)
        self.name, self.identity = name, identity


class Run:
    """One run, for one board or several.

    Args:
        token: the login is by a ready token; test: a test alert is sent; dns: servers, none: this computer's.
        several: it is for several boards.
        say, warn: told a line for the user.
        right: asks a question that is answered by yes or no; None: nobody is there to be asked.
    """

    def __init__(
        self,
        token: bool,
        test: bool,
        dns: list[str],
        several: bool,
        say: Callable[[str], None],
        warn: Callable[[str], None],
        right: Callable[[str], bool] | None = None,
    ) -> None:
        self._token, self._test, self._dns, self._several = token, test, dns, several
        self._say, self._warn, self._right = say, warn, right
        self._bar: Bar = terminal.bar
        self._step: Callable[[str], None] = lambda text: None
        self._quiet = False
        self._answers: dict[str, str] = {}
        self._scripts: dict[str, None] = {}
        self._asking: AbstractContextManager[object] = threading.Lock()
        # For all boards once.
        self._compiled = image.once()
        self._testing = threading.Semaphore(_TESTS_AT_ONCE)

    def for_board(
        self,
        bar: Bar,
        step: Callable[[str], None],
        warn: Callable[[str], None],
        asking: AbstractContextManager[object],
    ) -> Run:
        """Return a run for one board of several that are worked on at once; what was answered is known to all.

        Args:
            bar: shows how far it is; step: told what is done after that. Nothing else is shown.
            warn: told a line that a person must read at once.
            asking: held while a secret may be asked for.
        """
        one = copy.copy(self)
        one._bar, one._step, one._warn, one._asking = bar, step, warn, asking
        one._say, one._quiet = lambda text: None, True
        return one

    def prepare(
        self,
        config: object,
        files: Mapping[str, bytes],
        fleet: Fleet | None = None,
        checked: Callable[[Settings], None] = lambda settings: None,
    ) -> Job:
        """Check a configuration, complete it, and gather its secrets; no board is touched.

        Args:
            config: as written.
            files: that go along, path on the board → bytes.
            fleet: its file, next to which parts of one's own may lie, and what was published for it is noted.
            checked: told of the configuration as soon as it is checked, and when it is complete.

        Raises:
            UserError: it must be fixed, or a secret is missing.
        """
        # Before any secret is asked for.
        folder = fleet.path.parent if fleet else Path()
        settings = Settings.of(config, sign_in=True, fresh=True, folder=folder)
        checked(settings)
        settings, told = mx.pin(settings, Dns(self._dns))
        checked(settings)
        for text in told:
            self._say(text)
        if warning := not_warned_of(settings):
            self._warn(f"warning: {warning}")
        files = material.checked(settings, files)
        needed = settings.secrets(self._token)
        with self._asking:
            found = {name: secret_source.read(name, settings.board_name, self._answers) for name in needed}
        published = updates.load(fleet.path) if fleet else {}
        return Job(settings, files, found, {identity: one.version for identity, one in published.items()})

    def look(self, fleet: Fleet, device: str, files: Mapping[str, bytes], again: bool) -> Found:
        """Find out which board of a file is at a port, and what is to be done to it.

        Raises:
            NamedError: its configuration must be fixed, or a secret is missing.
            UserError: it does not answer.
        """
        with maintenance.held(device) as link:
            unique = identity.unique_id(link)
            board = fleet.find(unique)
            if board is None:
                return Found(unique)
            name = fleet.name(board)
            try:
                job = self.prepare(fleet.config(board), {**files, **fleet.files(board)}, fleet)
                key = keys.get(unique)
                kept = {name: value or None for name, value in job.secrets.items()}
                held = {**kept, keys.SECRET: key.hex() if key else ""}
                done = not again and record.is_done(link, job.digest, held, job.sign_ins.keys())
            except UserError as error:
                raise NamedError(name, unique, error) from None
            return Found(unique, name, job, done)

    def carry_out(self, device: str, job: Job) -> Result:
        """Provision the board at ``device``; return what was done, and whether its test alert, if any, got through.

        Raises:
            UserError: a sign-in failed, or the board does not answer.
        """
        name = job.settings.board_name
        signed = {secret: self._sign_in(job, route) for secret, route in job.sign_ins.items()}
        secrets = {**job.secrets, **signed}
        plan = run.Plan(
            device,
            settings=job.settings,
            files=job.files,
            secrets=secrets,
            reset=False,
            keyed=True,
            published=job.published,
            compiled=self._compiled,
        )
        report = transfer.Report()
        with self._bar("comparing") as show:
            _, link = run.carry_out(plan, report, show, self._warn)
        link.close()
        for warning in report.warnings:
            self._warn(f"warning: {warning}")
        # An open network has no password to be stored.
        stored = [secret for secret, value in secrets.items() if value]
        written, count = terminal.count(len(report.written), "file"), terminal.count(len(stored) + 1, "secret")
        self._say(
            f"{name}: {written} written, {count} stored: {', '.join([*stored, keys.SECRET])} (made for this board)"
        )
        told = Report(self._quiet)
        with maintenance.held(device) as link:
            self._step("reading its sensors")
            readings = self._look(link, name)
            if self._test:
                # Until it is known to work.
                record.record(link, "")
                with self._testing:
                    self._step("sending a test alert")
                    self._try(link, job, told)
            if told.good:
                record.record(link, job.digest)
        names = powershell.Names("boards" if self._several else name, told.address, token=self._token)
        self._scripts[powershell.scripts(job.settings.routes, names)] = None
        return Result(len(report.written), len(stored) + 1, readings, told.good, tuple(told.checks))

    @property
    def for_administrator(self) -> str:
        """Return what Microsoft 365 needs for the boards so far, once if it is the same for several."""
        return "\n".join(text for text in self._scripts if text)

    def _sign_in(self, job: Job, route: Route) -> str:
        def show(address: str, code: str) -> None:
            self._warn(
                f"{job.settings.board_name}: open {address} in any browser, enter the code {code}, and sign in as "
                f"{route.username}; waiting for that, Ctrl-C gives up …"
            )

        return sign_in.refresh_token(route, _roots(route, job.files), show)

    def _look(self, link: Board, name: str) -> tuple[Reading, ...]:
        """Show one reading of each sensor and what answers on the buses, ask whether that is right; return readings."""
        seen = look.sensors(link)
        if seen.problem:
            self._warn(f"{name}: {seen.problem}")
        for line in [reading.line for reading in seen.readings] + [bus.line for bus in seen.buses]:
            self._say(f"  {line}")
        self._judge(name, seen.readings)
        return seen.readings

    def _judge(self, name: str, readings: tuple[Reading, ...]) -> None:
        """Ask whether what was read is right, if there is somebody; what was not read is reported."""
        if self._right is None:
            return
        if missing := ", ".join(reading.of or "the sensor" for reading in readings if not reading.text):
            self._warn(f"{name}: no reading of {missing}: check wires, supply and pin; the rest goes on without it")
        there = ", ".join(reading.line for reading in readings if reading.text)
        if there and not self._right(f"Is that what the sensor should read now: {there}"):
            raise UserError(
                "the sensors do not read what they should: check wires and pins, and run umail provision again; it "
                "begins with what the board has",
                _SENSORS,
            )

    def _try(self, link: Board, job: Job, told: Report) -> None:
        told.begin("board")
        try:
            subject = f"{job.settings.board_name}: test alert, the board is ready"
            options = diagnosis.Options(self._dns, ports=(), send=True, subject=subject)
            diagnosis.from_board(link, job.settings, options, told.add, sensors=False)
        finally:
            told.pause()


def not_warned_of(settings: Settings) -> str:
    """Return a sentence if a client secret has no date in the configuration; else empty."""
    secret = any(route.oauth is not None and route.oauth.flow == "client_credentials" for route in settings.routes)
    if not secret or settings.expires:
        return ""
    return 'the board can\'t warn before the client secret ends: add expires = { "client secret" = "2027-03-01" }'


def _roots(route: Route, files: Mapping[str, bytes]) -> list[bytes] | str | None:
    """Return the roots of a route, as they are known here."""
    if "insecure" in route.trust:
        return "insecure"
    for path in route.trust:
        if path not in files:
            raise UserError(f"the root {path} is needed here for the sign-in: give it with --file HERE:{path}")
    return [files[path] for path in route.trust] or None
