"""Fuzzes the library's core for some minutes, guided by what each entry reaches: `make fuzz`. See docs/fuzzing.md."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import re
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests")]

from fuzz import cover, entries, one  # noqa: E402 - the paths come first
from fuzz.world import World  # noqa: E402

WORK = ROOT / "build" / "fuzz"
# Parts of the time.
SHARES = {"dialogue": 60, "tokens": 12, "messages": 12, "names": 8, "replies": 6, "files": 2}
_STATUS = re.compile(r"#(\d+)\s+[A-Z]\w+\s+cov: (\d+) ft: \d+ corp: (\d+)/\S+.*exec/s: (\d+)")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="make fuzz", description=__doc__, epilog='for example: make fuzz ARGS="--minutes 1 --target dialogue"'
    )
    parser.add_argument("--minutes", type=float, default=10, help="for all targets together (10)")
    parser.add_argument("--target", choices=SHARES, action="append", help="this one only; may be given again")
    parser.add_argument("--seed", type=int, default=0, help="of libFuzzer's chance; 0: another in each run")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run the entries of a file, and show what happens")
    parser.add_argument("--keep", action="store_true", help="put what reached something new into tests/fuzz/corpus")
    return parser.parse_args()


class Child:
    """A run of one target by atheris, and what libFuzzer says of it."""

    def __init__(self, target: str, seconds: float, seed: int) -> None:
        self.target = target
        folder = WORK / target
        folder.mkdir(parents=True, exist_ok=True)
        for entry in entries.load(target):
            (folder / hashlib.sha1(entry).hexdigest()).write_bytes(entry)
        self.status = ("0", "0", "0", "0")
        self.said: list[str] = []
        options = [
            f"-max_total_time={max(1, round(seconds))}",
            f"-artifact_prefix={WORK}/{target}-",
            f"-seed={seed}",
            "-timeout=30",
            "-rss_limit_mb=1024",
        ]
        command = [sys.executable, str(Path(__file__).with_name("guided.py")), target, str(folder), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if found := _STATUS.search(line):
                self.status = (found[1], found[2], found[3], found[4])
            else:
                self.said = [*self.said[-60:], line]

    def watch(self) -> bool:
        """Show its progress until it ends; whether no defect was found."""
        began = time.monotonic()
        while self.process.poll() is None:
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                pass
            runs, edges, kept, speed = self.status
            seconds = round(time.monotonic() - began)
            print(
                f"{self.target:9} {seconds:4} s {runs:>8} runs {speed:>6}/s {edges:>5} edges {kept:>5} kept", flush=True
            )
        self.reader.join()
        if self.process.returncode == 0:
            return True
        self._defect()
        return False

    def _defect(self) -> None:
        text = "".join(self.said)
        print(text)
        written = re.search(r"Test unit written to (\S+)", text)
        if not written:
            print(f"{self.target}: atheris stopped with status {self.process.returncode}, see above")
            return
        entry = Path(written[1]).read_bytes()
        path = WORK / f"defect-{self.target}-{hashlib.sha1(entry).hexdigest()[:10]}.txt"
        path.write_text(entries.written(entry) + "\n", encoding="ascii")
        shown = path.relative_to(ROOT)
        print(f'{self.target}: a defect, saved as {shown}; again: make fuzz ARGS="--replay {shown}"')


def replay(path: Path) -> bool:
    """Run all entries of a file, and print their traces; whether no defect was found."""
    target = next((name for name in one.TARGETS if name in path.stem.split("-")), None)
    if not target:
        sys.exit(f"{path}: its name says none of the targets {', '.join(one.TARGETS)}: name it TARGET.txt")
    if not path.exists():
        sys.exit(f"{path} is not there: defects are in {WORK.relative_to(ROOT)}, saved entries in tests/fuzz/corpus")
    good = True
    with World() as world:
        for line in path.read_text(encoding="ascii").splitlines():
            if line.startswith("#"):
                continue
            print(f"== {line}")
            try:
                one.run(world, target, entries.read(line), lambda octets: print(f"   {entries.written(octets)}"))
            except Exception:
                traceback.print_exc()
                good = False
    return good


def conclude(targets: list[str], keep: bool) -> None:
    """Print what the entries reach of the library, and with ``keep`` save those that reach more than the saved ones."""
    with World() as world:
        for target in targets:
            saved = entries.load(target)
            found = {path.read_bytes() for path in (WORK / target).iterdir()}.difference(saved)
            kept, reached = cover.fewest(world, target, saved, found)
            print(f"{target}: of {len(found)} entries beside the {len(saved)} saved, {len(kept)} reach more than these")
            for module in entries.MODULES[target].split():
                code = cover.lines(module)
                hit = {line for name, _, line in reached if name == module} & code
                missed = " ".join(map(str, sorted(code - hit)))
                print(f"  {module:12} {100 * len(hit) // len(code):3} % of {len(code)} lines; not {missed or 'one'}")
            if keep:
                entries.save(target, saved + kept)


def main() -> int:
    """The command; its exit status."""
    given = arguments()
    if given.replay:
        return 0 if replay(given.replay) else 1
    if not importlib.util.find_spec("atheris"):
        print("atheris is not here: it has wheels for Linux, and elsewhere needs clang: pip install atheris")
        return 2
    targets = given.target or list(SHARES)
    whole = sum(SHARES[target] for target in targets)
    good = True
    for target in targets:
        child = Child(target, 60 * given.minutes * SHARES[target] / whole, given.seed)
        try:
            good &= child.watch()
        except KeyboardInterrupt:
            # libFuzzer has got it as well; what it found is kept.
            print("stopped")
            return 130
    if good:
        conclude(targets, given.keep)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
