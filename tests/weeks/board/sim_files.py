"""What happens to the files of the board behind its back: room taken, damage, state of another version."""

import json
import os
from binascii import crc32

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


def upgrade(chip, event, faults):
    """Leave all files as another version of the firmware would have: the first one, or a later one."""
    from umail.durable import seal, unseal

    for name in sorted(os.listdir("/outbox")):
        if name[-5:] != ".mail":
            continue
        with _open("/outbox/" + name, "rb") as file:
            octets = file.read()
        length = name[:-5].partition("-")[2]
        length = int(length, 16)
        lines = octets[length:].split(b"\n")[:3]
        head, states = unseal(lines[0] + b"\n"), [unseal(line.rstrip() + b"\n") for line in lines[1:]]
        state = max([one for one in states if one], key=lambda one: one[0])
        if state[9] or state[3] == "sending":
            # Some recipients have it.
            continue
        if event["to"] == "first":
            old = [head[:1] + head[2:], state[1:8] + [None, [], state[10]]]
            name, data = name[:-5], b"".join([_old(one) for one in old])
            os.remove("/outbox/%s.mail" % name)
        else:
            slot = head[1]
            line = seal(state + ["of a later version", 7])
            line = line[:-1] + b" " * (slot - len(line)) + b"\n"
            data = seal(head + [{"of": "a later version"}]) + line + b" " * (slot - 1) + b"\n"
            if len(line) != slot:
                continue
        with _open("/outbox/" + name, "wb") as file:
            file.write(octets[:length] + data)
    if event["to"] == "first":
        _bare()
    chip.world.log("files", "as of the %s version" % event["to"])


def _old(value):
    data = json.dumps(value).encode()
    return b"\n%08x %s" % (crc32(data), data)


def _bare():
    """Files of the firmware without their checksums; the first version kept no more."""
    for name in ("/clock", "/secrets.json", "/state.json"):
        try:
            with _open(name, "rb") as file:
                data = file.read()
        except OSError:
            continue
        if data[-9:-8] == b"\n":
            data = data[:-9]
        if name == "/state.json":
            kept = json.loads(data)["rules"]
            rules = {}
            for rule in kept:
                rules[rule] = [kept[rule][key] for key in ("active", "since", "peak", "row")]
            data = json.dumps({"rules": rules}).encode()
        with _open(name, "wb") as file:
            file.write(data)


HOOKS["upgrade"] = calmly(upgrade)
HOOKS["flash_full"] = calmly(flash_full)
HOOKS["rot"] = calmly(rot)
HOOKS["versions"] = calmly(versions)
