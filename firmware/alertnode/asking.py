"""Asks a server for an update of this board, and lays it ready for the switch (switch.py); docs/updates.md.

The server is trusted with nothing: what it hands out counts only if it was made with this board's own key, for this
board, and is newer than all before. Loaded for a question and no longer.
"""

import os
from binascii import unhexlify

from alertnode import bundle, platform, secrets
from alertnode.trial import abilities, highest, raise_highest

# The secret that holds the board's key.
KEY = "fleet_key"


def ask(node, url, trust, known):
    """Ask once; restarts the board if an update is there. Returns why it was refused (str), else None.

    Args:
        node: an App that is online.
        url, trust: of the server.
        known: has the ``tag`` of what was got last, and ``keep(tag)``.

    Raises MailError, OSError, MemoryError if it could not be asked or got.
    """
    try:
        state = _got(node, url, trust, known)
    except bundle.Refused as why:
        platform.remove("/update/bundle")
        return str(why)
    if state:
        _take(node, state)
    return None


def _got(node, url, trust, known):
    """Return the switch's state for an update that was laid ready, None if there is none."""
    import switch

    key = secrets.get(KEY)
    if not key:
        raise bundle.Refused("this board has no key for updates: give it one by umail provision")
    key = unhexlify(key)
    if not platform.exists("/update"):
        os.mkdir("/update")
    way = _Way(node.mailer.outbox)
    status, tag, size = fetch(way, url, trust, bundle.name(key), known.tag)
    if status != 200:
        if status not in (304, 404):
            raise OSError("the server of updates answered %d" % status)
        node.log.show("no update: nothing new" if status == 304 else "no update: none for this board")
        known.keep(known.tag)
        return None
    try:
        state = _laid(node, switch, size, key, _MicroPython(node, way, url, trust))
    except bundle.Refused:
        known.keep(tag)
        raise
    # What failed for want of memory or of a network is got again.
    known.keep(tag)
    return state


def _laid(node, switch, size, key, micropython):
    with open(switch.BALLAST, "rb") as file:
        version, nonce = bundle.verify(file, size, key)
        had = highest()
        if version < had:
            raise bundle.Refused("version %d is older than %d, which this board had" % (version, had))
        if version == had:
            return None
        before = abilities(node)
        # What mails goes meanwhile, if no mail waits: its room is needed.
        if node.rest:
            node.rest()
        from alertnode.stage import Stage

        state = Stage(node.feed, switch, micropython).lay(bundle.Body(file, size, key, nonce), version)
    state["before"] = before
    return state


def _take(node, state):
    import switch

    version = state["version"]
    more = ", and MicroPython" if state.get("flash") and state["flash"]["slot"] else ""
    node.log.say("update %d is there: %d files to change%s" % (version, len(state["files"]), more))
    state["watchdog"] = platform.marked(platform.WATCH)
    switch.save(state)
    raise_highest(version)
    platform.reset()


class _MicroPython:
    """Lays MicroPython's image ready in its slot when it is called."""

    def __init__(self, node, way, url, trust):
        self._node = node
        self._way = way
        self._url = url
        self._trust = trust

    def __call__(self, wanted):
        """Return as ``ota.lay`` does."""
        try:
            from alertnode import ota
        except ImportError:
            raise bundle.Refused("this board has one slot for MicroPython: flash it by cable (umail flash)")
        node = self._node
        node.log.show("MicroPython %s is fetched" % wanted["version"])
        return ota.lay(wanted, self._get, node.feed)

    def _get(self, name, into, most):
        return _get(self._way, self._url, self._trust, name, "", into, most)[0]


class _Sink:
    """Writes what is added to a file; the flash's failure is kept in ``failed``."""

    def __init__(self, file, feed):
        self._file = file
        self._feed = feed
        self._size = 0
        self.failed = None

    def __len__(self):
        return self._size

    def __add__(self, data):
        self._size += len(data)
        if self.failed is None:
            self._feed()
            try:
                self._file.write(data)
            except OSError as error:
                self.failed = error
        return self


def fetch(way, url, trust, name, tag):
    """Get the bundle ``name`` below ``url`` into flash, unless it is still ``tag``; return (status, tag, bytes)."""
    import switch

    switch.empty(switch.FOLDER + "/new")
    with open(switch.BALLAST, "wb") as file:
        sink = _Sink(file, way.tick or platform.nothing)
        status, tag = _get(way, url, trust, name, tag, sink, bundle.LONGEST)
    if sink.failed:
        platform.remove(switch.BALLAST)
        raise bundle.Refused("the flash has no room for it")
    return status, tag, len(sink)


class _Way:
    """The limits of an outbox, without it."""

    def __init__(self, outbox):
        self.timeout = outbox.timeout
        self.deadline = outbox.deadline
        self.tick = outbox.tick


def _get(way, url, trust, name, tag, sink, most):
    from umail import Route, load_transient
    from umail.blocking import Wire

    host, port, path = parts(url)
    secure = url[:6] == "https:"
    route = Route(host, port, security="tls" if secure else "plain", trust=trust if secure else None)
    get = load_transient("net.http_get").get
    wire = Wire(way.timeout, way.tick)
    return wire.run(_limited(get(route, path + "/" + name, tag, sink, most, way.timeout), way))


def _limited(steps, way):
    # Ten times what one mail may take: a bundle is as long as a hundred mails.
    yield ("limit", 10 * way.deadline)
    return (yield from steps)


def parts(url):
    """Return (host, port, path without a slash at its end) of a ``url`` that begins with http:// or https://."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, _, port = place.partition(":")
    while path[-1:] == "/":
        path = path[:-1]
    return host, int(port or (443 if scheme == "https" else 80)), slash and path and "/" + path
