"""A file that cannot be read for now (EIO, a card that is out, no memory) is not taken for a missing or a wrong one."""

import builtins
import os

from check import equal, inside, raises, scratch
from outbox_world import QUIET, World, cleaned
from umail import Attachment, MailError, Route, durable, oauth
from umail.net import tls
from unreadable import Unreadable

# EIO, ENODEV, ENOMEM, EBUSY, ETIMEDOUT, ENFILE; what a driver of SD cards raises; ENOENT, EACCES, ENOTDIR, EISDIR.
PASSING = (5,), (19,), (12,), (16,), (110,), (23,), ("no SD card",)
LASTING = (2,), (13,), (20,), (21,)


def wrong(args, **route):
    with Unreadable("/nowhere/", args):
        return raises(MailError, tls.wrap, None, Route("h", 465, **route), "h")


def test_a_certificate_or_key_that_cannot_be_read_for_now_is_not_a_mistake_of_the_configuration():
    for made in (
        {"trust": "/nowhere/root.der"},
        {"trust": b"0", "certificate": (["/nowhere/leaf.der"], b"0")},
        {"trust": b"0", "certificate": ([b"0"], "/nowhere/key.der")},
    ):
        for args in PASSING:
            error = wrong(args, **made)
            if "not be used" in error.text:
                # (The root itself is refused first.)
                made = dict(made, trust="/nowhere/root.der")
                error = wrong(args, **made)
            equal((error.stage, error.kind, error.key), ("starttls", "temporary", "flash_read"), repr(args))
            inside("cannot be read for now", error.text)
        for args in LASTING:
            error = wrong(args, **made)
            equal((error.kind, error.key), ("configuration", "cert_file"), repr(args))


def test_a_root_that_is_not_a_certificate_is_a_mistake_of_the_configuration():
    error = raises(MailError, tls.wrap, None, Route("h", 465, trust=b"no certificate"), "h")
    equal((error.stage, error.kind, error.key), ("starttls", "configuration", "cert_file"))


def test_an_attachment_that_cannot_be_read_for_now_is_tried_again_and_one_that_is_missing_is_not():
    for function in ("open", "size"):
        for args in PASSING:
            usual = os.stat
            with Unreadable("/nowhere/", args):
                try:
                    if function == "size":
                        _patch_stat(args)
                    error = raises(MailError, getattr(Attachment("/nowhere/log.csv"), function))
                finally:
                    _patch_stat(None, usual)
            equal((error.kind, error.key), ("temporary", "flash_read"), repr((function, args)))
        inside("can't be read", str(raises(ValueError, getattr(Attachment("/nowhere/log.csv"), function))))


class Os:
    """The module ``os`` whose ``stat`` fails."""

    def __init__(self, args):
        self._args = args

    def stat(self, path):
        raise OSError(*self._args)


def _patch_stat(args, usual=None):
    from umail import attachment

    attachment.os = os if usual else Os(args)


def test_what_stays_on_a_card_that_is_out_is_not_called_changed():
    world = World()
    path = scratch("-card.csv")
    with open(path, "w") as file:
        file.write("1,2\n")
    try:
        world.start()
        world.put("log", attachments=[Attachment(path)], copy=False)
        with Unreadable("-card.csv"):
            world.flush()
        equal(world.subjects(), [])
        world.time += 3600
        world.flush()
        equal(world.subjects(), ["log"])
        equal(b"is not attached" in world.server.taken[0][2], False)
    finally:
        os.remove(path)
        world.remove()


def test_a_value_is_read_again_before_it_is_unreadable_and_never_taken_for_missing():
    path = scratch("-value")
    durable.save(path, [1])
    try:
        with Unreadable("-value", times=2):
            equal(durable.load(path), [1])
        with Unreadable("-value"):
            raises(OSError, durable.load, path)
        os.remove(path)
        equal(durable.load(path), None)
    finally:
        durable.remove(path)


def test_a_store_of_secrets_that_cannot_be_read_is_neither_empty_nor_written_over():
    path = scratch("-store")
    store = oauth.FileStore(path)
    try:
        store.set("refresh_token", "first")
        store.set("other", "kept")
        token = oauth.RefreshToken("t", "c", store)
        with Unreadable("-store"):
            raises(OSError, store.set, "refresh_token", "second")
            error = raises(MailError, lambda: list(token.steps()))
            equal((error.stage, error.kind, error.key), ("auth", "temporary", "flash_read"))
        equal((store.get("refresh_token"), store.get("other")), ("first", "kept"))
    finally:
        durable.remove(path)


def test_an_outbox_settles_a_refresh_token_that_the_store_refused():
    class Token:
        left = 2

        def __call__(self, refresh=False):
            return "token"

        def keep(self):
            Token.left -= 1
            return not Token.left

    world = World()
    try:
        box = world.start(route=[Route("h", username="u", token=Token()), Route("g", 25, security="plain")])
        equal((box.settle(), box.settle()), (False, True))
        Token.left = 1
        world.flush()
        equal(Token.left, 0)
    finally:
        world.remove()


@cleaned
def test_what_a_person_must_be_told_is_told_though_it_could_not_be_read_at_one_start(world):
    world.start(policy=dict(QUIET, life=60))
    world.server.refusal = b"451 4.3.0 later\r\n"
    world.put("old")
    world.flush()
    world.time += 100000
    world.flush()
    equal(len(world.box.dead()), 1)
    world.server.refusal = None
    with Unreadable("/state"):
        box = world.start()
        equal(box.notes.buried, 0)
        box.save()
    world.put("new")
    world.flush()
    inside(b"Mails that could not be delivered, or not to all: 1.", world.server.taken[-1][2])


@cleaned
def test_what_was_remembered_and_stays_unreadable_is_begun_anew_after_an_hour(world):
    world.start()
    world.put("one")
    with Unreadable("/state"):
        world.start()
        world.put("two")
        world.time += 3700
        world.box.hosts = ["mx"]
        world.box.save()
    equal(world.start().hosts, ["mx"])


@cleaned
def test_of_two_mails_of_one_group_neither_is_put_aside_because_it_cannot_be_read(world):
    policy = {"window": 3600, "per_hour": 0}
    world.start(policy=policy)
    world.put("first", key="k")
    world.flush()
    world.put("second", key="k")
    kept = world.box.spool.discard
    world.box.spool.discard = lambda name: None
    newer = world.put("third", key="k").name
    world.box.spool.discard = kept
    equal(len([name for name in world.files() if name[-5:] == ".mail"]), 2)

    # The state's lines can be read at that start, the content of the newer one cannot.
    class Half:
        def __init__(self, file):
            self.file = file

        def readinto(self, view):
            raise OSError(5)

        def __getattr__(self, name):
            return getattr(self.file, name)

        def __enter__(self):
            return self

        def __exit__(self, kind, error, trace):
            self.file.close()

    usual = open
    builtins.open = lambda path, *rest: Half(usual(path, *rest)) if newer in path else usual(path, *rest)
    try:
        world.start(policy=policy)
    finally:
        builtins.open = usual
    equal([name for name in world.files() if name[-4:] == ".bad"], [])
    world.time += 4000
    world.flush()
    equal(world.subjects()[-1], "third")
    equal(world.box.pending(), [])
