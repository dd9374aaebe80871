"""What happens to the files of the board behind its back: room taken, damage, state of another version."""

import os

from sim_chip import HOOKS, _open

_FILLER = "/filler.bin"


def calmly(function):
    """Return a hook that runs ``function`` on the mounted flash, now or when the chip starts next, without faults."""

    def hook(chip, begins):
        if not chip.running:
            chip.late.append(lambda chip, _: hook(chip, begins))
            return
        world = chip.world
        kept = world.cut, world.faults
        world.cut, world.faults = 0, {}
        try:
            function(chip, begins, kept[1])
        except OSError as error:
            world.log("files", "%s: %r" % (function.__name__, error))
        finally:
            world.cut, world.faults = kept

    return hook


def flash_full(chip, begins, faults):
    """Take all room but a few blocks; give it back."""
    if not begins:
        os.remove(_FILLER)
        return
    found = os.statvfs("/")
    left = max(found[3] - faults["flash_full"]["left"], 0)
    with _open(_FILLER, "wb") as file:
        for _ in range(left):
            file.write(b"\x55" * 4000)


def rot(chip, event, faults):
    """Damage a byte of a mail that waits."""
    for name in sorted(os.listdir("/outbox")):
        if name[-5:] == ".mail" and "-" in name:
            with _open("/outbox/" + name, "r+b") as file:
                size = file.seek(0, 2)
                at = event["at"] % 997 % size
                file.seek(at)
                octet = file.read(1)
                file.seek(at)
                file.write(bytes((octet[0] ^ 0x10,)))
            chip.world.log("files", "rot %s at %d" % (name, at))
            return


_STRANGE = (
    ("/outbox/state", b'9 00000000 {"now": "later"}\n'),
    ("/state.json", b'{"version": 7, "rules": []}\n00000000'),
    ("/outbox/state", b"\xff" * 300),
    ("/clock", b"99999999999999999999"),
    ("/outbox/000001-5", b"hello\nnot a mail of any version\n"),
)


def versions(chip, event, faults):
    """Leave a file as a later or an earlier version would have, or as nobody would."""
    name, data = _STRANGE[event["sort"]]
    with _open(name, "wb") as file:
        file.write(data)
    chip.world.log("files", "strange " + name)


HOOKS["flash_full"] = calmly(flash_full)
HOOKS["rot"] = calmly(rot)
HOOKS["versions"] = calmly(versions)
