"""Lays an update that was verified ready beside what is there, for the switch (switch.py); loaded only if one came."""

import os
from binascii import hexlify

from alertnode import bundle, platform, secrets
from alertnode.trial import HIGHEST

# Which update this board has.
VERSION = "/update.version"
# The secret that holds the board's key, which no update changes.
_KEY = "fleet_key"
# Never replaced: what takes an update back.
_FIXED = ("/boot.py", "/main.py", "/switch.py", "/switch_flash.py", "/secrets.json")
_LIST = "/.umail-files"
# Blocks of the flash that must be left when all is laid ready.
_RESERVE = 12
_CHUNK = 512


class Stage:
    """Lays the files and secrets of a bundle ready beside those of now; ``image`` does so with MicroPython's."""

    def __init__(self, feed, switch, image=None):
        self.feed = feed
        self.switch = switch
        self._image = image

    def lay(self, body, version):
        """Return the state for the switch; raises Refused, with nothing changed, if it is not for this board."""
        switch = self.switch
        head = body.head()
        self._check(head, version)
        wanted = head.get("micropython")
        flash = {"slot": self._image(wanted) if wanted else None, "rom": 0, "tries": 0}
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
                if path == bundle.ROM:
                    from alertnode import update_rom

                    flash["rom"] = update_rom.lay(self, body, size)
                    body.at = begin + size
                    continue
                if path in _FIXED or self.equals(body, path, size):
                    body.at = begin + size
                    continue
                new = "%s/new/%d" % (switch.FOLDER, len(files))
                body.at = begin
                self.write(body, new, size)
                body.at = begin
                if not self.equals(body, new, size):
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
        if flash["slot"] or flash["rom"]:
            state["flash"] = flash
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
        for what in head.get("takes", ()):
            if what not in getattr(self.switch, "TAKES", ()) or not platform.exists("/switch_flash.py"):
                raise bundle.Refused("this board's switch can't take %s: deploy to it by cable once" % what)
        rom = "rom" in head.get("takes", ())
        program = _program()
        if head["code"] and program[:5] != "/lib/" and program[:9] != "/rom/lib/":
            raise bundle.Refused("its program is frozen in: publish with --no-code, or flash it by cable")
        if head["code"] and rom != (program[:5] == "/rom/"):
            raise bundle.Refused(
                "its program lies in a ROMFS: say romfs = true for it in the fleet's file"
                if not rom
                else "its program lies in no ROMFS: take romfs = true out of the fleet's file"
            )

    def equals(self, body, path, size):
        """Return True if the next ``size`` bytes of ``body`` are those of the file ``path``."""
        try:
            if os.stat(path)[6] != size:
                return False
            with open(path, "rb") as file:
                while size:
                    self.feed()
                    data = body.some(min(_CHUNK, size))
                    if file.read(len(data)) != data:
                        return False
                    size -= len(data)
        except OSError:
            return False
        return True

    def write(self, body, path, size):
        """Write the next ``size`` bytes of ``body`` into the file ``path``."""
        with open(path, "wb") as file:
            while size:
                self.feed()
                data = body.some(min(_CHUNK, size))
                file.write(data)
                size -= len(data)

    def _number(self, files, version):
        with open("%s/new/%d" % (self.switch.FOLDER, len(files)), "wb") as file:
            file.write(b"%d" % version)
        files.append([VERSION, platform.exists(VERSION)])

    def _secrets(self, values):
        """Lay those of ``values`` ready that are new; return their names, and whether there was one before."""
        changed = []
        for name in sorted(values):
            before = secrets.get(name)
            if name in (_KEY, HIGHEST) or before == values[name]:
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
