"""One target under atheris: ``guided.py TARGET FOLDER [libFuzzer's options]``; run.py starts it.

libFuzzer keeps in the folder what reaches something new in the library, and stops at the first defect.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests")]
LONGEST = 4096

with atheris.instrument_imports(include=["umail"]):
    from fuzz import one
    from fuzz.mutate import change
    from fuzz.world import World

    WORLD = World().__enter__()


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Half of all changes are ours, which know words and marks, half libFuzzer's."""
    chance = random.Random(seed)
    if chance.random() < 0.5:
        return bytes(atheris.Mutate(data, most))
    entry = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        change(entry, chance, [data])
    return bytes(entry[:most])


def main() -> None:
    """Fuzz until libFuzzer's limits, or a defect."""
    target, folder, *options = sys.argv[1:]
    atheris.Setup(
        [sys.argv[0], folder, f"-max_len={LONGEST}", *options],
        lambda data: one.run(WORLD, target, data),
        custom_mutator=mutate,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
