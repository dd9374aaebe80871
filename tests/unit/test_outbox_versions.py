"""What another version left on flash, or damage: mails of the first are read, a state that is odd counts as none."""

import json
import os
import random

import old_spool
from check import equal, inside
from outbox_world import QUIET, World, cleaned, field
from umail import durable
from umail.queue import spool


def lay(world):
    """Put the files of the first version into the world's directory, at their time."""
    try:
        os.mkdir(world.path)
    except OSError:
        pass
    for name in old_spool.FILES:
        with open(world.path + "/" + name, "wb") as file:
            file.write(old_spool.FILES[name])
    world.time = 1100


def known(box):
    return [(entry.number, entry.state, entry.attempts, entry.more, entry.left) for entry in box.entries]


LEFT = [
    (1, "pending", 0, 0, None),
    (2, "deferred", 32, 0, ["ops@example.org"]),
    (3, "deferred", 2, 0, ["soft@example.org"]),
    (4, "dead", 1, 0, None),
    (5, "uncertain", 0, 0, None),
    (6, "pending", 0, 1, None),
]


@cleaned
def test_a_spool_of_the_first_version_is_read_whole_and_becomes_one_of_today(world):
    lay(world)
    box = world.start()
    for _ in range(2):
        equal(known(box), LEFT)
        equal([list(pair) for pair in box.entries[2].gone], [["hard@example.org", "550 5.1.1 no such user"]])
        equal((box.now(), box.notes.buried, sorted(box.policy.keys), box.beat), (100, 1, ["door"], 635040))
        equal(box.entries[1].size < 1500, True)
        equal([name[-5:] for name in world.files()], [".mail"] * 6)
        box = world.start()
    message = box.read(box.entries[0])
    equal((message.subject, message.text, message.html), ("Tür offen", "text ü", "<p>h</p>"))
    equal(message.recipients, ["ops@example.org", "night@example.org", "cc@example.org"])
    world.server.calm = True
    world.time += 3600
    world.drain()
    equal(sorted(world.subjects()[1:]), ["held", "later", "leaving", "partial"])
    equal([people for mid, people, _ in world.server.taken if mid == "<partial@example.org>"], [["soft@example.org"]])
    equal(field(world.server.taken[0][2], "Message-ID"), "<whole@example.org>")
    inside(b"AAFiaW5hcnkAAWJpbmFyeQ", world.server.taken[0][2].replace(b"\r\n", b""))


@cleaned
def test_a_mail_of_the_first_version_that_was_copied_before_the_power_went_is_there_once(world):
    lay(world)
    world.start()
    name = "000001-5f"
    with open(world.path + "/" + name, "wb") as file:
        file.write(old_spool.FILES[name])
    equal(known(world.start()), LEFT)
    equal(len(world.files()), 6)


@cleaned
def test_mails_of_the_first_version_go_out_though_there_is_no_room_to_copy_them(world):
    lay(world)

    def full(*_):
        raise OSError(28)

    adopt = spool.Spool.adopt
    spool.Spool.adopt = full
    try:
        box = world.start()
        equal(known(box), LEFT)
        world.server.calm = True
        world.time += 3600
        world.drain()
    finally:
        spool.Spool.adopt = adopt
    equal(len(world.server.taken), 5)
    equal(world.files(), ["000003-d", "000004-d"])


@cleaned
def test_what_a_later_version_adds_is_passed_over(world):
    policy = dict(QUIET, window=900)
    world.start(policy=policy)
    world.put("later", key="door")
    world.flush()
    path = world.path + "/state"
    state = durable.load(path)
    state["more"] = {"of": 3}
    state["notes"] += [1, 2]
    state["policy"]["keys"]["door"] += ["new"]
    durable.save(path, state)
    entry = world.box.entries[0]
    path = world.path + "/" + entry.name
    with open(path, "rb") as file:
        octets = file.read()
    content, lines = octets[: entry.length], octets[entry.length :].split(b"\n")
    whole = []
    for line in lines[:-1]:
        whole.append(durable.seal(durable.unseal(line.rstrip() + b"\n") + ["new", {"x": 1}]))
    with open(path, "wb") as file:
        file.write(content + b"".join(whole))
    box = world.start(policy=policy)
    equal((box.entries[0].state, box.entries[0].attempts, list(box.policy.keys)), ("deferred", 1, ["door"]))
    world.server.calm = True
    world.drain()
    equal(world.subjects(), ["later"])


@cleaned
def test_a_state_that_only_a_later_version_can_read_counts_as_none_and_its_mails_stay_as_they_are(world):
    world.start()
    world.put("alert")
    name = world.box.entries[0].name
    for path, at in ((world.path + "/state", 0), (world.path + "/" + name, world.box.entries[0].length)):
        with open(path, "rb") as file:
            octets = file.read()
        equal(octets[at : at + 2], b"2 ")
        with open(path, "wb") as file:
            file.write(octets[:at] + b"3" + octets[at + 1 :])
    box = world.start()
    equal((box.entries, box.notes.dump(), world.files()), ([], [0, 0, 0, "", "", 0], [name]))
    # And its number is not used again.
    equal(world.put("next").number, 2)


ODD = (None, 0, 1 << 70, -5, 1.5, "x", [], {}, [[]], {"a": []}, True)


@cleaned
def test_no_state_whatever_its_fields_hold_keeps_an_outbox_from_starting_or_sending(world):
    world.start()
    world.put("alert", key="door")
    path = world.path + "/state"
    good = json.dumps(durable.load(path))
    seen = 0
    for place in (None, "policy", "keys"):
        for name in {None: json.loads(good), "policy": json.loads(good)["policy"], "keys": {"door": 0}}[place]:
            for odd in ODD:
                state = json.loads(good)
                inner = state if place is None else state["policy"] if place == "policy" else state["policy"]["keys"]
                inner[name] = odd
                durable.save(path, state)
                box = world.start()
                world.put("%s %s %r" % (place, name, odd), key="other")
                equal(len(box.pending()), 2)
                box.wait()
                box.purge(box.pending()[1])
                seen += 1
    equal(seen, 11 * (8 + 9 + 1))
    for odd in ODD:
        durable.save(path, odd)
        equal(len(world.start().pending()), 1)
    world.box.retry()
    world.drain()
    equal(world.subjects(), ["alert"])


def test_no_damage_to_any_file_keeps_an_outbox_from_starting_and_a_mail_that_is_not_damaged_from_leaving():
    chance = random
    chance.seed(8)
    for _ in range(40):
        world = World()
        try:
            world.start()
            world.put("good")
            world.put("victim", ["ops@example.org", "soft@example.org"])
            world.box.save()
            name = chance.choice(["state", world.box.entries[1].name])
            with open(world.path + "/" + name, "rb") as file:
                octets = bytearray(file.read())
            for _ in range(chance.randint(1, 5)):
                at = chance.randint(0, len(octets) - 1)
                what = chance.randint(0, 3)
                if what == 0:
                    octets = octets[:at] + bytearray(b"\0")
                elif what == 1:
                    octets[at] ^= 1 << chance.randint(0, 7)
                else:
                    octets = octets[:at] + octets[chance.randint(0, len(octets) - 1) :]
                if not octets:
                    break
            with open(world.path + "/" + name, "wb") as file:
                file.write(octets)
            world.start()
            world.time += 3 * 86400
            world.server.calm = True
            world.drain()
            equal("good" in world.subjects(), True)
            told = any(b"could not be sent: 1." in octets for _, _, octets in world.server.taken)
            if "victim" not in world.subjects() and not told:
                world.put("next")
                world.drain()
                inside(b"could not be sent: 1.", world.server.taken[-1][2])
        finally:
            world.remove()


@cleaned
def test_no_mail_whatever_its_fields_hold_keeps_an_outbox_from_starting_or_sending(world):
    odd = (None, -5, 1 << 70, 1.5, "x" * 500, "x", [], [[]], {"a": 1})
    policy = dict(QUIET, per_day=0)
    for line in range(2):
        for place in range(14):
            world.start(policy=policy)
            world.put("victim", ["ops@example.org", "odd@example.org"])
            entry = world.box.entries[-1]
            with open(world.path + "/" + entry.name, "rb") as file:
                octets = file.read()
            head = octets[: entry.length]
            lines = octets[entry.length :].split(b"\n")
            value = durable.unseal(lines[line].rstrip() + b"\n")
            for what in odd:
                if place < len(value):
                    changed = list(value)
                    changed[place] = what
                else:
                    # All of it.
                    changed = what
                made = durable.seal(changed)[:-1]
                made = lines[:line] + [made + b" " * (len(lines[line]) - len(made))] + lines[line + 1 :]
                with open(world.path + "/" + entry.name, "wb") as file:
                    file.write(head + b"\n".join(made))
                world.start(policy=policy)
                world.box.retry()
                world.put("good")
                for _ in range(3):
                    world.flush()
                    world.time += 60
                equal("good" in world.subjects(), True, "line %d, %d is %r" % (line, place, what))
                del world.server.taken[:]
                for name in world.files():
                    spool.os.remove(world.path + "/" + name)
