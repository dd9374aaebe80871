"""What an outbox does if its flash fails for a while, is full or read-only, or another outbox has its directory."""

import os
import sys

from check import equal, inside, raises
from outbox_world import cleaned
from umail import Outbox, Route
from umail.queue import spool


def refusing(name, error):
    """Let the method ``name`` of each spool raise ``error``; returns what ends that."""
    usual = getattr(spool.Spool, name)

    def refuse(*_):
        raise error

    setattr(spool.Spool, name, refuse)
    return lambda: setattr(spool.Spool, name, usual)


@cleaned
def test_a_flash_that_cannot_be_read_for_a_while_loses_no_mail(world):
    world.start()
    for name in "abc":
        world.put(name)
    back = refusing("tail", OSError(5))
    try:
        # At a start, and while it sends.
        equal(world.start().pending(), [])
        equal(world.flush(), 0)
    finally:
        back()
    equal((world.flush(), world.subjects()), (3, ["a", "b", "c"]))
    for name in "def":
        world.put(name)
    back = refusing("_message", OSError(5))
    try:
        for _ in range(3):
            equal(world.flush(), 0)
            world.time += 400
    finally:
        back()
    equal((len(world.box.pending()), len(world.files())), (3, 3))
    world.drain()
    equal(world.subjects()[3:], ["d", "e", "f"])
    equal([b"damaged" in octets for _, _, octets in world.server.taken], [False] * 6)


@cleaned
def test_a_mail_that_cannot_be_read_is_told_with_its_reason_until_a_flush_that_reads_all(world):
    world.start()
    entry = world.put("a")
    for error, why in ((MemoryError(), "memory is too short to read it"), (OSError(5), "it cannot be read: ")):
        back = refusing("_message", error)
        try:
            equal(world.flush(), 0)
        finally:
            back()
        equal((world.box.unread is entry, entry.why[: len(why)]), (True, why))
        world.time += 400
    equal((world.flush(), world.box.unread), (1, None))


@cleaned
def test_a_number_is_never_used_twice_though_a_card_was_away(world):
    world.start()
    first = world.put("first")
    # Another card, or none: an empty directory, where two mails get numbers of their own.
    away = world.path + "-away"
    os.rename(world.path, away)
    world.start()
    world.put("second")
    os.remove(world.path + "/" + world.box.entries[0].name)
    os.remove(world.path + "/state")
    os.rmdir(world.path)
    os.rename(away, world.path)
    third = world.put("third")
    equal((first.number, third.number > 1, len(world.files())), (1, True, 2))
    world.start()
    world.drain()
    equal(world.subjects(), ["first", "third"])
    equal(world.start().spool.number >= third.number, True)
    equal(world.put("fourth").number > third.number, True)


@cleaned
def test_a_small_alert_drops_nothing_where_all_fit_and_nothing_if_that_would_not_help(world):
    world.start()
    for i in range(5):
        world.put(str(i))
    room = spool.Spool.room
    try:
        spool.Spool.room = lambda self: (12288, 4096)
        world.put("5")
        equal(len(world.box.pending()), 6)
        # Too much for all of them together.
        spool.Spool.room = lambda self: (0, 4096)
        raises(OSError, world.box.put, world.message("big", text="x" * 60000))
        equal(len(world.box.pending()), 6)
        # So much as two would free.
        spool.Spool.room = lambda self: (8192 - 4096 * min(2, len(self_files(world)) - 4), 4096)
        world.put("6")
        equal(len(world.box.pending()), 5)
    finally:
        spool.Spool.room = room
    world.drain()
    equal(world.subjects(), ["2", "3", "4", "5", "6"])
    inside(b"Mails that were dropped, as the outbox was full: 2.", world.server.taken[0][2])


def self_files(world):
    return [name for name in world.files() if name[-5:] == ".mail"]


@cleaned
def test_a_put_that_failed_has_not_been(world):
    policy = {"per_minute": 0, "per_hour": 3}
    world.start(policy=policy)
    world.put("open", key="door")
    first = world.box.policy.keys["door"].first
    alert = world.message("again", to="ops@example.org")
    back = refusing("write", OSError(28))
    try:
        recovery = world.message("closed")
        for _ in range(4):
            raises(OSError, world.box.put, recovery, key="door", recovery=True)
            raises(OSError, world.box.put, alert, key="window")
    finally:
        back()
    equal((recovery.headers, sorted(world.box.policy.keys)), ([], ["door"]))
    equal(world.box.put(alert, key="window").until, 0)
    world.box.put(recovery, key="door", recovery=True)
    world.drain()
    octets = world.server.taken[2][2]
    equal(octets.count(b"In-Reply-To: " + first.encode()), 1)


@cleaned
def test_what_is_put_during_a_send_is_bounded_too(world):
    world.start(most=5)
    world.put("first")
    most = []

    def flood():
        if not most:
            for i in range(100):
                world.put("alert %d" % i)
                most.append(len(world.box.entries))

    world.server.seen = flood
    world.drain()
    equal(max(most), 5)


@cleaned
def test_a_second_outbox_on_a_directory_is_refused_until_the_first_is_closed(world):
    world.start()
    route = Route("192.0.2.1", 25, security="plain")
    inside("belongs to another Outbox already", str(raises(ValueError, Outbox, world.path, route)))
    folder, _, name = world.path.rpartition("/")
    here = os.getcwd()
    for path in (world.path + "/", folder + "//" + name, folder + "/./" + name, folder + "/x/../" + name + "/", name):
        if path == name:
            # (Where CPython and MicroPython are both asked for a directory by a relative name.)
            os.chdir(folder)
        try:
            if "/x/" not in path or sys.implementation.name == "micropython":
                inside("belongs to another Outbox already", str(raises(ValueError, Outbox, path, route)))
        finally:
            os.chdir(here)
    world.put("alert")
    world.box.close()
    second = Outbox(world.path, route)
    equal(len(second.pending()), 1)
    second.close()


@cleaned
def test_what_was_delivered_while_the_flash_refused_to_let_it_go_is_not_sent_again(world):
    kept = []

    def keep(names=None):
        if names is None:
            return list(kept)
        kept[:] = names
        return None

    world.start(keep=keep)
    world.put("alert")
    back = refusing("discard", OSError(5))
    try:
        equal(world.flush(), 1)
        for _ in range(3):
            world.time += 700
            equal(world.flush(), 0)
        # Over a reset, too, where something remembers.
        world.start(keep=keep)
        world.time += 700
        equal((world.flush(), len(world.files()), kept), (0, 1, [1]))
    finally:
        back()
    world.flush()
    equal((world.files(), kept, len(world.server.taken)), ([], [], 1))


@cleaned
def test_what_waits_is_sent_though_the_flash_can_only_be_read(world):
    world.start()
    world.put("one")
    world.put("two", priority=2)
    ends = [refusing(name, OSError(30)) for name in ("store", "discard", "save", "write")]
    try:
        world.start()
        equal((world.flush(), world.subjects()), (2, ["two", "one"]))
        equal(world.flush(), 0)
    finally:
        for end in ends:
            end()


@cleaned
def test_a_mark_that_the_flash_refuses_once_is_there_before_the_mail_leaves(world):
    world.start()
    world.put("alert")
    back = refusing("store", OSError(28))
    refuse = spool.Spool.store

    def once(*_):
        back()
        refuse(*_)

    spool.Spool.store = once
    states = []
    world.server.seen = lambda: states.append(spool.Spool(world.path).scan()[0][0].state)
    equal((world.flush(), states), (1, ["sending"]))


@cleaned
def test_a_flash_that_refuses_the_mark_twice_does_not_keep_the_mail(world):
    # A board on battery forgets with each sleep that the flash refused: it would wake for it each few seconds.
    world.start()
    world.put("alert")
    tries = []
    back = refusing("store", OSError(28))
    refuse = spool.Spool.store
    spool.Spool.store = lambda *_: tries.append(1) or refuse(*_)
    try:
        world.start()
        equal((world.flush(), len(tries), world.box.unwritten), (1, 2, True))
    finally:
        back()
    # Nothing was refused since.
    world.flush()
    equal((world.box.unwritten, world.box.wait()), (False, None))


@cleaned
def test_a_mail_is_given_up_on_flash_only_once_what_tells_of_it_is_there(world):
    world.start()
    world.put("alert", "hard@example.org")
    back = refusing("save", OSError(5))
    try:
        world.flush()
        equal(len(world.box.dead()), 1)
    finally:
        back()
    # The power went: nobody would ever hear of a mail that is dead.
    world.start()
    world.drain()
    equal(len(world.box.dead()), 1)
    world.put("next")
    world.flush()
    inside(b"could not be delivered, or not to all: 1.", world.server.taken[0][2])
    world.start()
    equal(len(world.box.dead()), 1)
