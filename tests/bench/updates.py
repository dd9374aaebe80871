"""Measures updates of very many boards: publishing for them, and how they fall upon the server that hands them out.

Publishing: a file, a record and keys of all boards; published is for a part of them (`--sample 100000`: for all), and
beside it the very same files are written plainly, a folder for each of at most 1,000. Bundles are removed once in
place, so that the disk holds those of the last seconds only; memory is told as it goes. Falling upon the server: each
board is a simpy process that waits as alertnode/update.py says. `make bench ARGS=--updates` runs it.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/support", "host_tools", "lib")]

import simpy  # noqa: E402

from good_fleet import UPDATED  # noqa: E402
from umail_host import firmware_rules  # noqa: E402
from umail_host.fleet import keys  # noqa: E402
from umail_host.provision.fleet import Fleet  # noqa: E402
from umail_host.update import publish, record  # noqa: E402

DAY = 86400
# So wide are the intervals in which a server's answers are counted, in seconds.
WIDTH = 900
# What befalls all boards: the server is away, or the power, from and to (days); None: nothing does.
SCENES: Mapping[str, tuple[str, float, float] | None] = {
    "nothing happens": None,
    "power away for 1 h": ("power", 1.0, 1 + 1 / 24),
    "power away for 2 days": ("power", 1.0, 3.0),
    "server away for 6 h": ("server", 1.0, 1.25),
    "server away for 2 days": ("server", 1.0, 3.0),
}


def board(
    env: simpy.Environment, scene: tuple[str, float, float] | None, every: int, heard: list[float], again: Any = None
) -> Generator[simpy.Event, None, None]:
    """Ask as a board does; ``heard`` gets when it is answered; ``again`` replaces its wait after a failure."""
    rhythm = firmware_rules.module("update")
    begins, ends = (scene[1] * DAY, scene[2] * DAY) if scene else (0.0, 0.0)
    # Its last question, when the simulation begins: some time within the last ``every``, as after a day or more.
    at = env.now - random.random() * every
    wait = rhythm.first(every, False, int(at + every - env.now))
    while True:
        if scene and scene[0] == "power" and env.now < begins <= env.now + wait:
            yield env.timeout(ends - env.now)
            wait = rhythm.first(every, False, int(at + every - env.now))
            continue
        yield env.timeout(wait)
        if scene and scene[0] == "server" and begins <= env.now < ends:
            wait = (again or rhythm.after_failure)(every)
            continue
        at, wait = env.now, every
        heard.append(env.now)


def peak(
    boards: int, scene: tuple[str, float, float] | None, every: int = DAY, again: Any = None, width: int = WIDTH
) -> float:
    """Return the peak of the answers in ``width`` seconds, as a multiple of the mean: all boards once in ``every``."""
    random.seed(17)
    env = simpy.Environment()
    heard: list[float] = []
    for _ in range(boards):
        env.process(board(env, scene, every, heard, again))
    env.run(until=6 * DAY)
    return max(Counter(int(at) // width for at in heard).values()) / (boards * width / every)


def identity(number: int) -> str:
    """Return the id of a board."""
    return f"{number:012x}"


def made(folder: Path, boards: int) -> Path:
    """Make a fleet's file, its boards' keys and the record of what was published for them before."""
    file = folder / "fleet.toml"
    entries = (f'[[board]]\nboard_name = "freezer-{n}"\nid = "{identity(n)}"\n' for n in range(boards))
    file.write_text(UPDATED + "".join(entries), encoding="utf-8")
    os.environ[keys.VARIABLE] = str(folder / "keys.json")
    keys._save({identity(n): f"{n:064x}" for n in range(boards)})
    before = record.Published("freezer", 1, "0" * 64, 1, "0" * 24 + ".umail")
    record.save(file, {identity(n): before for n in range(boards)})
    return file


# So many boards' files are written plainly at most.
PLAIN = 1000


class Taken:
    """Counts what is published into ``out``, removes what is in place, and tells how it goes."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.boards: list[str] = []
        self.count = self.size = 0
        self._begun = time.perf_counter()

    def __call__(self, outcome: publish.Outcome) -> None:
        if outcome.what != "published":
            return
        self.count += 1
        self.size += outcome.size
        if len(self.boards) < PLAIN:
            self.boards.append(outcome.identity)
        if self.count % 1000 == 0:
            for file in self.out.glob("*.umail"):
                file.unlink()
            each = (time.perf_counter() - self._begun) / self.count * 1000
            print(f"{self.count:,} published, {each:.1f} ms each, {memory():.0f} MB of memory", flush=True)


def memory() -> float:
    """Return the most memory that this process took, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plain(order: publish.Order, taken: Taken, folder: Path) -> tuple[float, int]:
    """Write the same files plainly, a folder for each board; return seconds and bytes."""
    making = publish._Publishing(order, time.time)
    entries = [order.fleet.find(taken.boards[0]) or {}]
    content = making._content(entries[0], "freezer").files
    begun, size = time.perf_counter(), 0
    for name in taken.boards:
        for path, octets in content.items():
            place = folder / name / path[1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(octets)
            size += len(octets)
    return time.perf_counter() - begun, size


def timed(order: publish.Order, taken: Taken) -> float:
    """Publish, and return how many seconds that took."""
    begun = time.perf_counter()
    publish.publish(order, taken)
    return time.perf_counter() - begun


def publishing(boards: int, sample: int) -> None:
    """Publish for ``sample`` of ``boards``, and print a table."""
    folder = Path(tempfile.mkdtemp(prefix="umail-updates-"))
    try:
        file = made(folder, boards)
        begun = time.perf_counter()
        fleet = Fleet(file)
        read = time.perf_counter() - begun
        # What is done once, however many boards there are: reading the record and the keys, compiling.
        one = folder / "one"
        once = read + timed(publish.Order(fleet, one, "ESP32_GENERIC", ("freezer-0",)), Taken(one))
        order = publish.Order(fleet, folder / "out", "ESP32_GENERIC", stage=min(1.0, sample / boards))
        taken = Taken(order.folder)
        whole = timed(order, taken)
        each = (whole + read - once) / taken.count
        most = memory()
        seconds, size = plain(order, taken, folder / "plain")
        print(f"{boards:,} boards in the file, published for {taken.count:,} of them in {whole:.0f} s")
        print(f"what is done once took {once:.1f} s; {most:.0f} MB of memory")
        print("\n| | publish | plain files | ratio |\n|---|---:|---:|---:|")
        a, b = (each + once / boards) * 1000, seconds * 1000 / len(taken.boards)
        print(f"| time per board | {a:.2f} ms | {b:.2f} ms | {a / b:.2f} |")
        a, b = taken.size / taken.count, size / len(taken.boards)
        print(f"| bytes per board | {a:,.0f} | {b:,.0f} | {a / b:.3f} |")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=1_000, help="published is for so many of them")
    parser.add_argument("--no-peaks", action="store_true", help="publishing only")
    given = parser.parse_args()
    publishing(given.boards, given.sample)
    if given.no_peaks:
        return
    print(f"\n{given.boards:,} boards, asking once a day, answers in {WIDTH // 60} minutes\n")
    print("| what befalls all of them | peak of the server's answers, to the mean |\n|---|---:|")
    for name, scene in SCENES.items():
        print(f"| {name} | {peak(given.boards, scene):.2f} |", flush=True)


if __name__ == "__main__":
    main()
