"""An access token outlives a sleep: used while it holds, and only for what it was made for; written once."""

import os

from alertnode import kept_token, platform, secrets
from check import equal, raises, scratch
from firmware_fakes import NOON
from umail import MailError, durable

OAUTH = {"flow": "client_credentials", "tenant": "contoso.com", "client_id": "1-2", "scope": "", "host": "", "port": 0}
MAIL = {"route": "m365.submission", "username": "a@contoso.com", "host": "", "port": 0, "oauth": OAUTH, "fallback": ()}
LIFE = 3299


class Endpoint:
    """What umail.oauth's ClientCredentials are: each token has a number."""

    def __init__(self):
        self.fetched = 0
        self.fails = False
        self.token = None

    def steps(self, refresh=False):
        yield ("pause", 0)
        if refresh or not self.token:
            self.token = None
            if self.fails:
                raise MailError("auth", "temporary", "not now")
            self.fetched += 1
            self.token = "token-%d-%s" % (self.fetched, "x" * 1900)
        return self.token

    def left(self):
        return LIFE

    def keep(self):
        return True


class Route:
    took = False

    def __init__(self, token):
        self.token = token


class World:
    """A board that wakes, with its flash: ``writes`` counts what the secret store was given."""

    def __init__(self):
        self.now = NOON
        self.held = {"oauth_secret": "s"}
        self.writes = 0
        self.full = False
        self.endpoint = Endpoint()

    def __enter__(self):
        self._old = secrets.get, secrets.put, platform.unix
        secrets.get, secrets.put, platform.unix = self.held.get, self.put, lambda: self.now
        return self

    def __exit__(self, *error):
        secrets.get, secrets.put, platform.unix = self._old

    def put(self, name, value):
        equal(len(name) <= 15, True, name)
        if self.full:
            raise OSError(28)
        self.writes += 1
        self.held[name] = value

    def wake(self, section=MAIL, suffix="", good=True):
        """Wake with nothing in RAM; return the KeptToken of a new route."""
        self.endpoint.token = None
        return kept_token.use(Route(self.endpoint), section, suffix, good)


def login(token, refresh=False):
    """Ask for the token as a driver does; return it."""
    steps = token.steps(refresh)
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value


def mailed(token, refresh=False):
    given = login(token, refresh)
    token._route.took = True
    token.save()
    return given


def but(section, **more):
    found = dict(section)
    found.update(more)
    return found


def test_a_token_is_written_once_in_its_life_and_fetched_once():
    with World() as world:
        for _ in range(33):
            mailed(world.wake())
            world.now += 100
        equal((world.endpoint.fetched, world.writes), (1, 1))
        mailed(world.wake())
        equal((world.endpoint.fetched, world.writes), (2, 2))
        # What is asked for and saved again in the same wake is not written again.
        token = world.wake()
        for _ in range(3):
            mailed(token)
        equal((world.endpoint.fetched, world.writes), (2, 2))


def test_a_token_by_which_no_mail_went_is_not_written():
    with World() as world:
        token = world.wake()
        login(token)
        token.save()
        token.save()
        world.wake().save()
        equal(world.writes, 0)


def test_only_for_what_it_was_made_for():
    others = [
        but(MAIL, username="b@contoso.com"),
        but(MAIL, host="smtp.example.org"),
        but(MAIL, port=2525),
        but(MAIL, oauth=but(OAUTH, tenant="example.org")),
        but(MAIL, oauth=but(OAUTH, client_id="3-4")),
        but(MAIL, oauth=but(OAUTH, host="login.example.org")),
        but(MAIL, oauth=but(OAUTH, scope="other")),
    ]
    for other in others:
        with World() as world:
            mailed(world.wake())
            login(world.wake(other))
            equal(world.endpoint.fetched, 2, other)
            login(world.wake())
            equal(world.endpoint.fetched, 2, other)
    for name in ("oauth_secret", "refresh_token"):
        with World() as world:
            mailed(world.wake())
            world.held[name] = "of another sign-in"
            login(world.wake())
            equal(world.endpoint.fetched, 2, name)
    with World() as world:
        mailed(world.wake())
        # The second route has one of its own.
        world.held["oauth_secret_2"] = "s"
        mailed(world.wake(suffix="_2"))
        equal(world.endpoint.fetched, 2)
        equal(sorted(world.held), ["access_now", "access_now_2", "oauth_secret", "oauth_secret_2"])


def test_not_when_it_has_expired_nor_by_a_clock_that_is_not_right():
    for passed, good, fetched in (
        (0, True, 1), (LIFE - 1, True, 1), (LIFE, True, 2), (86400, True, 2), (-1, True, 2), (10, False, 2),
    ):  # fmt: skip
        with World() as world:
            mailed(world.wake())
            world.now += passed
            login(world.wake(good=good))
            equal(world.endpoint.fetched, fetched, (passed, good))
    with World() as world:
        mailed(world.wake())
        token = world.wake()
        login(token)
        world.now += LIFE
        login(token)
        equal(world.endpoint.fetched, 2)


def test_damage_is_noticed():
    with World() as world:
        mailed(world.wake())
        good = world.held["access_now"]
        for end in range(0, len(good), 97):
            world.held["access_now"] = good[:end]
            login(world.wake())
        for at in range(0, len(good), 101):
            world.held["access_now"] = good[:at] + chr(ord(good[at]) ^ 1) + good[at + 1 :]
            login(world.wake())
        equal(world.endpoint.fetched, 1 + len(range(0, len(good), 97)) + len(range(0, len(good), 101)))
        for value in (None, 7, [], [1], {}, ["m", 1, 2], ["m", 1, 2, 3], ["m", "1", 2, "t"], [None] * 4):
            world.held["access_now"] = durable.seal(value).decode()
            before = world.endpoint.fetched
            login(world.wake())
            equal(world.endpoint.fetched, before + 1, value)
        # A later version's.
        world.held["access_now"] = good.replace(good.split(" ")[0], "99", 1)
        before = world.endpoint.fetched
        login(world.wake())
        equal(world.endpoint.fetched, before + 1)


def test_one_that_the_server_refuses_gives_way_to_one_new_one():
    with World() as world:
        mailed(world.wake())
        token = world.wake()
        first = login(token)
        second = mailed(token, True)
        equal((first != second, world.endpoint.fetched, world.writes), (True, 2, 2))
        equal(login(world.wake()), second)
        equal(world.endpoint.fetched, 2)


def test_one_that_the_server_refuses_is_removed_if_no_new_one_comes():
    for fails in (True, False):
        with World() as world:
            mailed(world.wake())
            token = world.wake()
            login(token)
            world.endpoint.fails = fails
            if fails:
                raises(MailError, login, token, True)
            else:
                # It came, and no mail went by it.
                login(token, True)
            token.save()
            equal((world.held["access_now"], world.writes), (None, 2))
            token.save()
            equal(world.writes, 2)
            world.endpoint.fails = False
            before = world.endpoint.fetched
            login(world.wake())
            equal(world.endpoint.fetched, before + 1)


def test_a_secret_store_that_refuses_costs_a_fetch_and_nothing_else():
    with World() as world:
        world.full = True
        token = world.wake()
        mailed(token)
        equal("access_now" in world.held, False)
        world.full = False
        # (Tried again if another mail goes in this wake.)
        mailed(token)
        equal((world.endpoint.fetched, world.writes), (1, 1))
        for error in (OSError(5), MemoryError()):

            def refuse(name, error=error):
                if name == "access_now":
                    raise error
                return world.held.get(name)

            secrets.get = refuse
            before = world.endpoint.fetched
            login(world.wake())
            equal(world.endpoint.fetched, before + 1)


def test_a_power_cut_while_it_is_written_leaves_the_old_one_or_the_new_one():
    class Cut(Exception):
        pass

    def refuse(old, new):
        raise Cut

    old = secrets.PATH, durable._rename
    secrets.PATH = scratch("secrets.json")
    try:
        platform.write(secrets.PATH, b'{"oauth_secret": "s", "access_now": "old"}')
        durable._rename = refuse
        raises(Cut, secrets.put, "access_now", "new")
        with open(secrets.PATH + ".new", "rb") as file:
            whole = file.read()
        for end in range(len(whole) + 1):
            with open(secrets.PATH + ".new", "wb") as file:
                file.write(whole[:end])
            equal((secrets.get("access_now"), secrets.get("oauth_secret")), ("old", "s"), end)
        # On FAT the old file goes before the new one has its name.
        os.remove(secrets.PATH)
        durable._rename = old[1]
        equal((secrets.get("access_now"), secrets.get("oauth_secret")), ("new", "s"))
    finally:
        os.remove(secrets.PATH)
        secrets.PATH, durable._rename = old
