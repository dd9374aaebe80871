"""Provisions every board that is connected, several at once: a line for each, and an account of all of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from umail_host import files, terminal
from umail_host.doctor.check import FAILED as RED
from umail_host.errors import UserError
from umail_host.provision.fleet import Fleet
from umail_host.provision.job import NamedError, Run

# What became of a board.
READY, BEFORE, FAILED, FOREIGN, TWICE, ABSENT = (
    "provisioned",
    "done before",
    "failed",
    "not in the file",
    "on two ports",
    "not connected",
)
# An exit status below is for what keeps all boards from being provisioned; above, it is how many failed.
_FIRST_STATUS, _MOST_FAILED = 10, 100
_REFUSED = 4  # exit status
_COLUMNS = ("name", "id", "port", "state", "error", "files", "secrets", "readings", "seconds")


@dataclass
class Outcome:
    """What became of one board: its port, and what is known of it.

    Attributes:
        files, secrets: how many it got; readings: one of each value, as text; missing: one of them is.
        seconds: that it took.
    """

    port: str
    name: str = ""
    identity: str = ""
    state: str = ABSENT
    error: str = ""
    files: int = 0
    secrets: int = 0
    readings: list[str] = field(default_factory=list)
    missing: bool = False
    seconds: int = 0

    @property
    def label(self) -> str:
        """Return what a line about it begins with."""
        return f"{self.name} ({self.port})" if self.name else self.port

    @property
    def line(self) -> str:
        """Return what is said of it."""
        if self.state == FOREIGN:
            return f"{self.port}: its id {self.identity} is not in the file"
        if self.state in (FAILED, TWICE):
            return f"{self.label}: {self.error}"
        if self.state == BEFORE:
            return f"{self.label}: done before"
        stored = f"{terminal.count(self.secrets - 1, 'secret')} and the fleet_key stored"
        count = f"{terminal.count(self.files, 'file')} written, {stored}"
        word = "provisioned, but a reading is missing" if self.missing else "ready"
        return f"{self.label}: " + ", ".join([word, *self.readings, count, f"{self.seconds} s"])

    def as_json(self) -> dict[str, Any]:
        """Return it as ``--json`` has it."""
        told = {**vars(self), "id": self.identity}
        return {key: told[key] for key in _COLUMNS}


@dataclass(frozen=True)
class Account:
    """What became of all boards: those that were connected, then those of the file that were not."""

    boards: Sequence[Outcome]

    @property
    def failed(self) -> list[Outcome]:
        """Return those that failed."""
        return [one for one in self.boards if one.state == FAILED]

    @property
    def absent(self) -> list[str]:
        """Return the names of those that are in the file and not connected."""
        return [one.name for one in self.boards if one.state == ABSENT]

    @property
    def exit_status(self) -> int:
        """Return 0, or 10 and as many as failed; a hundred count for all that are more."""
        return _FIRST_STATUS + min(len(self.failed), _MOST_FAILED) if self.failed else 0

    def counts(self) -> dict[str, int]:
        """Return how many boards are in which state."""
        found = Counter(one.state for one in self.boards)
        return {state: found[state] for state in (READY, BEFORE, FAILED, FOREIGN, TWICE, ABSENT) if found[state]}

    def as_json(self) -> dict[str, Any]:
        """Return it as ``--json`` has it."""
        return {"boards": [one.as_json() for one in self.boards], "counts": self.counts()}

    def write(self, path: Path) -> None:
        """Write it as JSON, or as CSV if the file's name ends so.

        Raises:
            UserError: it can't be written.
        """
        if path.suffix.lower() == ".json":
            files.write(path, json.dumps(self.as_json(), indent=1, ensure_ascii=False) + "\n")
            return
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(_COLUMNS)
        for one in self.boards:
            row = one.as_json() | {"readings": "; ".join(one.readings)}
            table.writerow([_cell(row[key]) for key in _COLUMNS])
        files.write(path, text.getvalue())


def _cell(value: object) -> object:
    """Return a value for CSV: no text of a board may be a formula in a spreadsheet."""
    text = terminal.printable(value) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text[:1] in ("=", "+", "-", "@", "\t") else text


def check_report(path: Path) -> None:
    """Check that an account can be written there, before any board is touched.

    Raises:
        UserError: it can't, or it is not known in which format.
    """
    if path.suffix.lower() not in (".json", ".csv"):
        raise UserError(f"--report {path}: its name says the format: end it in .json or .csv")
    Account(()).write(path)


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        fleet: the file; devices: the ports of its boards.
        files: further ones for each board, path there → bytes.
        jobs: how many boards at once.
        again: those too that are done.
    """

    fleet: Fleet
    devices: Sequence[str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    jobs: int = 1
    again: bool = False


def provision(run: Run, order: Order, told: Callable[[Outcome], None]) -> Account:
    """Provision boards, several at once; one that fails does not stop the others.

    Args:
        run: what all share.
        told: told of each as it ends.
    """
    with _Shown(len(order.devices)) as shown:
        work = _Work(run, order, shown)
        pool = ThreadPoolExecutor(order.jobs, "provision")
        outcomes: list[Outcome] = []
        try:
            for done in as_completed([pool.submit(work.one, device) for device in order.devices]):
                outcomes.append(done.result())
                shown.count(len(outcomes))
                told(outcomes[-1])
        except BaseException:
            # (Ctrl-C: what has begun is not left half-way.)
            pool.shutdown(wait=False, cancel_futures=True)
            if work.busy:
                terminal.echo("finishing the boards that are under way …", err=True)
            raise
        pool.shutdown()
    seen = {one.identity for one in outcomes if one.identity}
    absent = [Outcome("", name, identity) for name, identity in order.fleet.missing(seen)]
    return Account([*sorted(outcomes, key=lambda one: (one.name, one.port)), *absent])


class _Work:
    """What is done to each board, in a thread of its own."""

    def __init__(self, run: Run, order: Order, shown: _Shown) -> None:
        self._run, self._order, self._shown = run, order, shown
        self._ports: dict[str, str] = {}
        self._lock = threading.Lock()
        self.busy = 0

    def one(self, device: str) -> Outcome:
        outcome, began = Outcome(device, state=FAILED), time.monotonic()
        with self._lock:
            self.busy += 1
        try:
            self._provision(outcome)
        except NamedError as error:
            outcome.name, outcome.identity, outcome.error = error.name, error.identity, str(error)
        except UserError as error:
            outcome.error = str(error)
        except Exception as error:
            # The others go on. Alone it would say more; here its words might quote a secret.
            outcome.error = f"umail itself failed ({type(error).__name__}): try this board without --all"
        finally:
            with self._lock:
                self.busy -= 1
        outcome.seconds = round(time.monotonic() - began)
        return outcome

    def _provision(self, outcome: Outcome) -> None:
        with self._shown.board(outcome) as board:
            run = self._run.for_board(board.bar, board.step, board.warn, self._shown.asking())
            found = run.look(self._order.fleet, outcome.port, self._order.files, self._order.again)
            outcome.name, outcome.identity = found.name, found.identity
            with self._lock:
                # One with USB of its own and a chip for it has two ports.
                other = self._ports.setdefault(found.identity, outcome.port)
            if found.job is None:
                outcome.state = FOREIGN
            elif other != outcome.port:
                outcome.state, outcome.error = TWICE, f"the same board as at {other}"
            elif found.done:
                outcome.state = BEFORE
            else:
                result = run.carry_out(outcome.port, found.job)
                outcome.files, outcome.secrets = result.files, result.secrets
                outcome.readings = [reading.line for reading in result.readings]
                outcome.missing = not all(reading.text for reading in result.readings)
                if not result.good:
                    raise UserError(_why(result.checks), _REFUSED)
                outcome.state = READY


def _why(checks: Iterable[Any]) -> str:
    red = [check for check in checks if check.state == RED]
    told = "; ".join(f"{check.name}: {check.text}" for check in red)
    remedy = next((f" → {check.remedy}" for check in red if check.remedy), "; see umail doctor")
    return f"the test alert was not delivered: {told}{remedy}"


class _Shown:
    """How far the boards are: a bar for each on a terminal, else nothing; for a ``with``."""

    def __init__(self, boards: int) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._boards = boards
        self._asks = threading.Lock()

    def __enter__(self) -> _Shown:
        self._bars.start()
        self._all = self._bars.add_task("boards", total=self._boards)
        self.count(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def count(self, done: int) -> None:
        """Show how many boards are done."""
        self._bars.update(self._all, description=f"{done} of {terminal.count(self._boards, 'board')}", completed=done)

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Keep the bars away while a person may be asked; one question at a time."""
        with self._asks:
            self._bars.stop()
            try:
                yield
            finally:
                self._bars.start()

    @contextlib.contextmanager
    def board(self, outcome: Outcome) -> Iterator[_Bar]:
        """Give the bar of one board."""
        task = self._bars.add_task("", total=None)
        try:
            yield _Bar(self._bars, task, outcome)
        finally:
            self._bars.remove_task(task)


class _Bar:
    """How far one board is, and what a person must be told at once."""

    def __init__(self, bars: Progress, task: TaskID, outcome: Outcome) -> None:
        self._bars, self._task, self._outcome = bars, task, outcome
        self.step("looking")

    @contextlib.contextmanager
    def bar(self, text: str) -> Iterator[Callable[[str, int, int], None]]:
        """Show a bar, as ``terminal.bar`` does."""
        self.step(text)
        yield self._show

    def step(self, text: str) -> None:
        """Show what is done."""
        self._show(text, 0, 0)

    def warn(self, text: str) -> None:
        """Tell a line of this board; some name it themselves."""
        name, label = self._outcome.name, self._outcome.label
        terminal.echo(text if name and text.startswith(f"{name}:") else f"{label}: {text}", err=True)

    def _show(self, what: str, done: int, total: int) -> None:
        text = terminal.printable(f"{self._outcome.label} {what}")
        self._bars.update(self._task, description=text, completed=done, total=total or None)
