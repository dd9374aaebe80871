"""Runs entries on MicroPython and prints what happens, line by line: ``micropython traces.py FILE``.

The file holds a target and an entry in hexadecimal digits on each line; each trace ends with a dot.
"""

import sys
from binascii import hexlify, unhexlify

from fuzz import targets
from fuzz.world import World


def trace(world, target, entry, note):
    """Run one entry; whatever is raised stands at the trace's end by its name."""
    world.restart()
    try:
        targets.TARGETS[target](entry, note)
    except Exception as error:
        note(("raised " + type(error).__name__).encode())


def main():
    def note(line):
        print(str(hexlify(line), "ascii") or "-")

    with World() as world, open(sys.argv[1]) as file:
        for line in file:
            target, entry = line.rstrip("\n").split(" ")
            trace(world, target, unhexlify(entry), note)
            print(".")


if __name__ == "__main__":
    main()
