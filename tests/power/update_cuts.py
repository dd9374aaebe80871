"""Cuts the power at every write while an update is laid ready, taken, taken back and cleaned up after, on LittleFS.

Run by MicroPython: ``update_cuts.py BUNDLE KEY EVERY [FAULT]``: a file with a bundle, its key in hexadecimal, every how
many cut points (1: all), and the name of a fault to build in. Prints each state that is neither the old one nor the new
one, and at the end one line of JSON.
"""

import json
import os
import sys

import vfs
from flash import Flash, Power, PowerCut


class Machine:
    """What switch.py asks of the chip."""

    DEEPSLEEP_RESET = 4

    @staticmethod
    def reset_cause():
        return 1

    @staticmethod
    def unique_id():
        return bytes.fromhex("240ac4c0ffee")


sys.modules["machine"] = Machine
import cryptolib  # noqa: E402, F401

import switch  # noqa: E402
from alertnode import bundle, platform, secrets, stage, trial  # noqa: E402
from umail import durable  # noqa: E402

COUNT, SIZE = 96, 4096
OLD = {
    "/config.json": b'{"old": 1}',
    "/lib/alertnode/app.mpy": b"old app " * 700,
    "/lib/alertnode/gone.mpy": b"no longer wanted",
    "/lib/umail/same.mpy": b"the same in both",
    "/certs/root.der": b"old root",
}
OLD["/.umail-files"] = b"".join([path.encode() + b"\n" for path in sorted(OLD) if path[:5] == "/lib/"])
NEW = {
    "/config.json": b'{"new": 2, "longer": true}',
    "/lib/alertnode/app.mpy": b"new app " * 900,
    "/lib/alertnode/sub/fresh.mpy": b"a new module",
    "/lib/umail/same.mpy": b"the same in both",
    "/certs/root.der": b"new root",
}
NEW["/.umail-files"] = b"".join([path.encode() + b"\n" for path in sorted(NEW) if path[:5] == "/lib/"])
OLD_SECRETS = {"mail_password": "before", "wifi_password": "stays"}
NEW_SECRETS = {"mail_password": "after", "wifi_password": "stays", "oauth_secret": "first"}
VERSION = 1790000000


def program():
    return "/lib/alertnode/bundle.mpy"


stage._program = program


OPENED = []
_open = open


def remembered(path, mode="r"):
    file = _open(path, mode)
    OPENED.append(file)
    return file


for module in (switch, stage, platform, durable):
    module.open = remembered


class Life:
    """The board with ``image`` as its flash, from power-on until the power goes."""

    def __init__(self, image, cut=None, tear=False):
        self.power = Power(cut, tear)
        self.device = Flash(image, SIZE, self.power)

    def __enter__(self):
        vfs.mount(vfs.VfsLfs2(self.device), "/")
        os.chdir("/")
        return self

    def __exit__(self, kind, error, trace):
        self.device.data = bytearray(self.device.data)
        self.device.power = Power()
        # MicroPython's collector would close what was open, on a chip that no longer answers: close it on a copy.
        while OPENED:
            try:
                OPENED.pop().close()
            except OSError:
                pass
        vfs.umount("/")
        return kind is PowerCut


def formatted():
    image = bytearray(COUNT * SIZE)
    vfs.VfsLfs2.mkfs(Flash(image, SIZE, Power()))
    with Life(image):
        for path in OLD:
            switch._folders(path)
            with open(path, "wb") as file:
                file.write(OLD[path])
        os.mkdir("/update")
        for name in OLD_SECRETS:
            secrets.put(name, OLD_SECRETS[name])
    return image


def take(octets, key):
    """Do what alertnode/update.py does with a bundle that has come."""
    with open(switch.BALLAST, "wb") as file:
        file.write(octets)
    with open(switch.BALLAST, "rb") as file:
        version, nonce = bundle.verify(file, len(octets), key)
        body = bundle.Body(file, len(octets), key, nonce)
        state = stage.Stage(platform.nothing, switch).lay(body, version)
    state["before"] = {"read": [], "routes": [""]}
    state["watchdog"] = 0
    switch.save(state)
    trial.raise_highest(version)


def holds(files, values):
    """Return True if the board has just these files (and its secrets), apart from what belongs to updates."""
    for path in list(OLD) + list(NEW) + [stage.VERSION]:
        wanted = files.get(path)
        try:
            with open(path, "rb") as file:
                found = file.read()
        except OSError:
            found = None
        if found != wanted:
            print("#   %s holds %r" % (path, found and found[:40]))
            return False
    for name in NEW_SECRETS:
        if secrets.get(name) != values.get(name):
            print("#   the secret %s is %r" % (name, secrets.get(name)))
            return False
    return True


def is_old():
    return holds(OLD, OLD_SECRETS)


def is_new():
    files = dict(NEW)
    files[stage.VERSION] = b"%d" % VERSION
    return holds(files, NEW_SECRETS)


def phase():
    state = switch.load()
    return state["phase"] if state else None


def ask_back():
    state = switch.load()
    if state and state["phase"] == "trial":
        switch.back(state, "by the test")
    switch.main()


def clean():
    state = switch.load()
    if state:
        switch.clean(state)


def cut_all(name, image, act, good, every):
    """Cut ``act`` at every step, twice at some, let the switch run in peace, and judge; return (tried, wrong)."""
    with Life(bytearray(image)) as life:
        act()
        steps = life.power.steps
    tried = wrong = 0
    for tear in (False, True):
        for cut in range(tried % every, steps, every):
            flash = bytearray(image)
            with Life(flash, cut, tear):
                act()
            if cut % 3 == 0:
                with Life(flash, cut // 2, tear):
                    switch.main()
            with Life(flash):
                switch.main()
                tried += 1
                if not good():
                    wrong += 1
                    print("# %s: %s at step %d of %d: %s" % (name, "torn" if tear else "cut", cut, steps, phase()))
    return tried, wrong


def main(octets, key, every, fault):
    if fault:
        import update_faults

        getattr(update_faults, fault)(switch)
    vfs.umount("/")
    image = formatted()
    tried = wrong = 0

    def laid():
        # (The state that a cut left is taken by the switch, as a start does.)
        return is_new() if phase() == "trial" else is_old() and phase() is None

    ready = bytearray(image)
    with Life(ready):
        take(octets, key)
    taken = bytearray(ready)
    with Life(taken):
        switch.main()
        if not is_new() or phase() != "trial":
            raise SystemExit("the update was not taken")
    undone = bytearray(taken)
    with Life(undone):
        ask_back()
        if not is_old() or phase() != "undone":
            raise SystemExit("the update was not taken back")
    for name, before, act, good in (
        ("laying ready", image, lambda: take(octets, key), laid),
        ("taking", ready, switch.main, lambda: is_new() and phase() == "trial"),
        (
            "taking back",
            taken,
            ask_back,
            lambda: (is_old() and phase() == "undone") or (is_new() and phase() == "trial"),
        ),
        ("cleaning up", undone, clean, lambda: is_old() and phase() in ("undone", None)),
    ):
        counts = cut_all(name, before, act, good, every)
        tried += counts[0]
        wrong += counts[1]
    print(json.dumps({"tried": tried, "wrong": wrong}))


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as bundled:
        whole = bundled.read()
    main(whole, bytes.fromhex(sys.argv[2]), int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "")
