"""Asks a server for an update of this board, and lays it ready for the switch (switch.py); docs/updates.md.

The server is trusted with nothing: what it hands out counts only if it was made with this board's own key, for this
board, and is newer than all before. Loaded only if the configuration names a server.
"""

import json
import os
from binascii import hexlify, unhexlify
from random import random

from alertnode import bundle, platform, secrets
from alertnode.trial import HIGHEST, abilities, highest, raise_highest

# Which update this board has, and what is known of the one on the server.
VERSION = "/update.version"
_ASKED = "/update/asked"
# The secret that holds the board's key.
KEY = "fleet_key"
# Never replaced: what takes an update back.
_FIXED = ("/boot.py", "/main.py", "/switch.py", "/secrets.json")
_LIST = "/.umail-files"
# Blocks of the flash that must be left when all is laid ready.
_RESERVE = 12
_HOUR = 3600
# Minutes over which the boards that ask at one hour are spread.
_SPREAD = 60
_CHUNK = 512


def first(spread, slept, left):
    """Return the seconds until a board that has started asks.

    ``left`` is the seconds until its usual moment, 0 or less if that passed while it was off, None if it is not known;
    ``spread`` is those over which all boards of which this is true are spread.
    """
    if left is not None and left > 0:
        return left
    # A board that slept has no time to wait. Many others may have been without power, and start at once.
    return 0 if slept else int(random() * spread)


def after_failure(every):
    """Return the seconds until a server that did not answer is asked again.

    Many boards may have missed it: they must not come back together, nor sooner than it bears (docs/updates.md).
    """
    return max(1, every // 4 + int(random() * every * 3) // 4)


class Updates:
    """Asks for updates while ``node``, an App, is online; ``settings`` is the section ``update``."""

    def __init__(self, node, settings):
        self._node = node
        self._trust = settings["trust"] or "insecure"
        self._every = max(1, round(settings["every"] * _HOUR))
        # Minutes of the day; "" for none.
        self._at = settings["at"]
        self._url = settings["url"]
        asked = _parse(platform.read(_ASKED)) or {}
        self._tag = asked.get("tag", "")
        at = asked.get("at")
        now = node.clock.now()
        left = None
        if now is not None and isinstance(at, int) and 0 <= now - at:
            left = at + self._pause(at) - now
        elif now is not None and self._at != "":
            left = self._pause(now)
        spread = self._every if self._at == "" else _SPREAD * 30
        self._due = node.clock.uptime() + first(spread, platform.slept(), left) * 1000

    def _pause(self, since):
        """Return the seconds from ``since`` (Unix seconds) to the next question."""
        if self._at == "":
            return self._every
        from alertnode import due

        return due.after(self._node.clock.zone, since, self._at, late=due.late(due.unique(), _SPREAD)) - since

    def __call__(self):
        """Ask, if it is time and no mail waits for the connection."""
        node = self._node
        if node.clock.uptime() < self._due or node.mailer.due():
            return
        if platform.exists(platform.UPDATE):
            # First the last one.
            return
        try:
            self._ask(node)
            wait = self._pause(node.clock.now())
        except bundle.Refused as why:
            self._keep(node)
            wait = self._pause(node.clock.now())
            self._tell(node, str(why))
        except Exception as error:
            # Whatever it is (no memory, no server), the node goes on.
            node.log.say("no update: %s" % (error if hasattr(error, "kind") else repr(error)))
            wait = after_failure(self._every)
        self._due = node.clock.uptime() + wait * 1000

    def soon(self):
        """Ask as soon as no mail waits."""
        self._due = self._node.clock.uptime()

    def _ask(self, node):
        import switch

        key = secrets.get(KEY)
        if not key:
            raise bundle.Refused("this board has no key for updates: give it one by umail provision")
        key = unhexlify(key)
        if not platform.exists("/update"):
            os.mkdir("/update")
        status, tag, size = fetch(node.mailer.outbox, self._url, self._trust, bundle.name(key), self._tag)
        if status != 200:
            if status not in (304, 404):
                raise OSError("the server of updates answered %d" % status)
            node.log.show("no update: nothing new" if status == 304 else "no update: none for this board")
            self._keep(node)
            return
        self._tag = tag
        with open(switch.BALLAST, "rb") as file:
            version, nonce = bundle.verify(file, size, key)
            had = highest()
            if version < had:
                raise bundle.Refused("version %d is older than %d, which this board had" % (version, had))
            if version == had:
                self._keep(node)
                return
            body = bundle.Body(file, size, key, nonce)
            state = Stage(node.feed, switch).lay(body, version)
        self._keep(node)
        node.log.say("update %d is there: %d files to change" % (version, len(state["files"])))
        state["before"] = abilities(node)
        state["watchdog"] = platform.marked(platform.WATCH)
        switch.save(state)
        raise_highest(version)
        platform.reset()

    def _keep(self, node):
        """Keep what was asked and when."""
        try:
            platform.write(_ASKED, json.dumps({"tag": self._tag, "at": node.clock.now()}).encode())
        except OSError:
            pass

    def _tell(self, node, why):
        platform.remove("/update/bundle")
        what = "update refused"
        node.log.say("%s: %s" % (what, why))
        text = "%s: an update was refused: %s.\n\nNothing was changed.\n\nBoard:     %s\n" % (
            node.board,
            why,
            node.about(),
        )
        node.mailer.put("Update refused (%s)" % node.board, text, what, "update", "update")


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


def fetch(outbox, url, trust, name, tag):
    """Get the bundle ``name`` below ``url`` into flash, unless it is still ``tag``; return (status, tag, bytes)."""
    import switch
    from umail import Route, load_transient
    from umail.blocking import Wire

    host, port, path = parts(url)
    secure = url[:6] == "https:"
    route = Route(host, port, security="tls" if secure else "plain", trust=trust if secure else None)
    get = load_transient("net.http_get").get
    wire = Wire(outbox.timeout, outbox.tick)
    switch.empty(switch.FOLDER + "/new")
    with open(switch.BALLAST, "wb") as file:
        sink = _Sink(file, outbox.tick or platform.nothing)
        steps = _limited(get(route, path + "/" + name, tag, sink, bundle.LONGEST, outbox.timeout), outbox)
        status, tag = wire.run(steps)
    if sink.failed:
        platform.remove(switch.BALLAST)
        raise bundle.Refused("the flash has no room for it")
    return status, tag, len(sink)


def _limited(steps, outbox):
    # Ten times what one mail may take: a bundle is as long as a hundred mails.
    yield ("limit", 10 * outbox.deadline)
    return (yield from steps)


def parts(url):
    """Return (host, port, path without a slash at its end) of a ``url`` that begins with http:// or https://."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, _, port = place.partition(":")
    while path[-1:] == "/":
        path = path[:-1]
    return host, int(port or (443 if scheme == "https" else 80)), slash and path and "/" + path


class Stage:
    """Lays the files and secrets of a bundle ready beside those of now."""

    def __init__(self, feed, switch):
        self._feed = feed
        self._switch = switch

    def lay(self, body, version):
        """Return the state for the switch; raises Refused, with nothing changed, if it is not for this board."""
        switch = self._switch
        head = body.head()
        self._check(head, version)
        for folder in ("/new", "/old"):
            switch.empty(switch.FOLDER + folder)
        files, paths = [], []
        try:
            while True:
                found = body.file()
                if not found:
                    break
                path, size = found
                paths.append(path)
                begin = body.at
                if path in _FIXED or self._equals(body, path, size):
                    body.at = begin + size
                    continue
                new = "%s/new/%d" % (switch.FOLDER, len(files))
                body.at = begin
                self._write(body, new, size)
                body.at = begin
                if not self._equals(body, new, size):
                    raise bundle.Refused("the flash gave %s back wrong" % path)
                files.append([path, platform.exists(path)])
            self._number(files, version)
            gone = _stale(paths) if head["code"] else []
            found = os.statvfs("/")
            if found[3] < _RESERVE:
                raise OSError(28)
        except OSError as error:
            switch.empty(switch.FOLDER + "/new")
            raise bundle.Refused("the flash has no room for it, or is worn (%r)" % error)
        state = {"phase": "ready", "version": version, "files": files, "gone": gone, "starts": 0, "looks": 0, "why": ""}
        state["secrets"] = self._secrets(head["secrets"])
        return state

    def _check(self, head, version):
        import machine

        if head.get("board") != hexlify(machine.unique_id()).decode() or head.get("version") != version:
            raise bundle.Refused("it is for another board")
        if "switch" not in _loaded():
            raise bundle.Refused("this board's main.py does not run the switch: deploy to it by cable once")
        if not _atomic():
            raise bundle.Refused("this board's file system cannot replace a file in one step (FAT): use LittleFS")
        if head["code"] and _program()[:5] != "/lib/":
            raise bundle.Refused("its program lies frozen in or in a ROMFS: publish with --no-code, or deploy by cable")

    def _equals(self, body, path, size):
        """Return True if the next ``size`` bytes of ``body`` are those of the file ``path``."""
        try:
            if os.stat(path)[6] != size:
                return False
            with open(path, "rb") as file:
                while size:
                    self._feed()
                    data = body.some(min(_CHUNK, size))
                    if file.read(len(data)) != data:
                        return False
                    size -= len(data)
        except OSError:
            return False
        return True

    def _write(self, body, path, size):
        with open(path, "wb") as file:
            while size:
                self._feed()
                data = body.some(min(_CHUNK, size))
                file.write(data)
                size -= len(data)

    def _number(self, files, version):
        with open("%s/new/%d" % (self._switch.FOLDER, len(files)), "wb") as file:
            file.write(b"%d" % version)
        files.append([VERSION, platform.exists(VERSION)])

    def _secrets(self, values):
        """Lay those of ``values`` ready that are new; return their names, and whether there was one before."""
        changed = []
        for name in sorted(values):
            before = secrets.get(name)
            if name in (KEY, HIGHEST) or before == values[name]:
                continue
            secrets.put("up_new%d" % len(changed), values[name])
            if before is not None:
                secrets.put("up_old%d" % len(changed), before)
            changed.append([name, before is not None])
        return changed


def _stale(paths):
    """Return the code that deployments or updates put here and that is not among ``paths`` any more."""
    try:
        with open(_LIST) as file:
            known = file.read().split("\n")
    except OSError:
        known = []
    return [path for path in known if path[:5] == "/lib/" and path not in paths and platform.exists(path)]


def _atomic():
    """Return True if a rename replaces a file that is there, which it does on LittleFS."""
    a, b = "/update/a", "/update/b"
    for path in (a, b):
        with open(path, "wb"):
            pass
    try:
        os.rename(a, b)
        return True
    except OSError:
        platform.remove(a)
        return False
    finally:
        platform.remove(b)


def _program():
    """Return the path from where this program runs."""
    return getattr(bundle, "__file__", "")


def _loaded():
    import sys

    return sys.modules


def _parse(data):
    try:
        found = json.loads((data or b"").decode())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
