"""Takes an update by one step, and takes it back; main.py runs it before all else, and no update replaces it.

What an update brings waits in FOLDER: files as ``new/0``, ``new/1`` …, secrets in the secret store as ``up_new0`` ….
What is to be done is in the file STATE, which one rename replaces, as a ``phase``:

- ``ready``: files go to their places, those before them to ``old``; what a power cut left is done at the next start;
- ``trial``: the new program has STARTS starts to show that it can do what the old one could (alertnode/trial.py);
- ``back``: all goes back where it was, by steps that may be cut as well;
- ``kept``, ``undone``: it is over, and people are told; then ``clean`` removes what is left.

What changes beside files, MicroPython itself or a ROMFS, stands under ``flash``, and switch_flash.py does it.

It imports nothing that an update can replace.
"""

import json
import os
from binascii import crc32

FOLDER = "/update"
STATE = FOLDER + "/state"
# Kept until the trial is over: a full flash must not keep the switch from writing.
BALLAST = FOLDER + "/bundle"
STARTS = 3
# What this switch can take beside files, with switch_flash.py.
TAKES = ("micropython", "rom")
# Seconds of the watchdog in which the new program must arm its own.
_WATCHDOG = 120
_SECRETS = "/secrets.json"
_LONGEST = 4000


def run():
    """Do what the state asks for, and start the alert node; one on trial that cannot even be loaded goes back."""
    main()
    try:
        from alertnode import start

        start.main()
    except Exception as error:
        state = load()
        if state and state["phase"] == "trial":
            import machine

            back(state, "it could not be started (%r)" % error)
            machine.reset()
        raise


def main():
    """Do what the state asks for; whatever fails, the program is started."""
    try:
        state = load()
        if state:
            _go(state)
    except Exception as error:
        print("switch: %r" % error)


def load():
    """Return the state (dict), None if no update is under way; OSError if it cannot be read."""
    if not exists(FOLDER):
        # After a power cut in a rename, LittleFS of MicroPython 1.28 hides a file or folder beside it until the first
        # write: if this was it, it is back now.
        try:
            os.mkdir(FOLDER)
        except OSError:
            pass
    data = _read(STATE)
    if not data or data[:8] != b"%08x" % crc32(data[9:]):
        return None
    return json.loads(data[9:])


def save(state):
    """Keep ``state``; the old one stays if the power fails. OSError if the flash is full or worn."""
    data = json.dumps(state).encode()
    data = b"%08x %s" % (crc32(data), data)
    try:
        _write(STATE, data)
    except OSError:
        _remove(BALLAST)
        _write(STATE, data)


def back(state, why):
    """Ask for the old program at the next start; ``why`` (str) is told to people."""
    _back(state, why)
    save(state)


def clean(state):
    """Remove what an update that is over has left; the state last."""
    if state.get("flash"):
        _flash().hold(state)
    for number in range(len(state["secrets"])):
        _put("up_new%d" % number, None)
        _put("up_old%d" % number, None)
    for folder in ("/new", "/old"):
        empty(FOLDER + folder)
    _remove(BALLAST)
    _remove(STATE)


def empty(folder):
    """Remove the files in ``folder``, and make it if it is missing."""
    try:
        os.mkdir(folder)
    except OSError:
        for name in os.listdir(folder):
            os.remove(folder + "/" + name)


def exists(path):
    """Return True if there is a file or folder ``path``."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def _go(state):
    flash = _flash() if state.get("flash") else None
    if state["phase"] in ("ready", "back"):
        # A write comes first, as in load: what is moved next must be seen.
        save(state)
    if state["phase"] == "ready":
        try:
            _forward(state)
            again = flash and flash.take(state, FOLDER)
            state["phase"] = "trial"
        except OSError as error:
            again = False
            _back(state, "the flash refused to take it (%r)" % error)
        save(state)
        if again:
            _restart()
    if state["phase"] == "trial":
        _try(state, flash)
    if state["phase"] == "back":
        _backward(state)
        if flash and flash.give_back(state, FOLDER, save):
            _restart()
        state["phase"] = "undone"
        save(state)


def _try(state, flash):
    """Count a start of the program on trial; too many are the end of it."""
    # A MicroPython that did not come as far as here was taken back by the boot loader: that was a start.
    away = flash and flash.is_elsewhere(state)
    if _woken() and not away:
        return
    state["starts"] += 1
    if state["starts"] > STARTS:
        _back(state, state["why"] or "it was started %d times and did not come as far as a login" % STARTS)
    save(state)
    if away and state["phase"] == "trial":
        try:
            flash.enter(state)
            _restart()
        except OSError as error:
            _back(state, "the boot loader refuses it (%r)" % error)
            save(state)
    if state["phase"] == "trial" and state["watchdog"]:
        _arm()


def _back(state, why):
    state["phase"] = "back"
    state["why"] = why


def _flash():
    import switch_flash

    return switch_flash


def _restart():
    import machine

    machine.reset()


def _forward(state):
    files = state["files"]
    for number in range(len(files)):
        path = files[number][0]
        new = "%s/new/%d" % (FOLDER, number)
        if exists(new):
            _folders(path)
            if exists(path):
                os.rename(path, "%s/old/%d" % (FOLDER, number))
            os.rename(new, path)
    for number in range(len(state["gone"])):
        path = state["gone"][number]
        if exists(path):
            os.rename(path, "%s/old/%d" % (FOLDER, len(files) + number))
    for number in range(len(state["secrets"])):
        _put(state["secrets"][number][0], _get("up_new%d" % number))


def _backward(state):
    places = state["files"] + [[path, True] for path in state["gone"]]
    for number in range(len(places)):
        path, had = places[number]
        old = "%s/old/%d" % (FOLDER, number)
        if exists(old):
            os.rename(old, path)
        elif not had:
            _remove(path)
    for number in range(len(state["secrets"])):
        name, had = state["secrets"][number]
        _put(name, _get("up_old%d" % number) if had else None)


def _woken():
    """Return True if the board only slept: that is not a start."""
    try:
        import machine

        return machine.reset_cause() == getattr(machine, "DEEPSLEEP_RESET", None)
    except (ImportError, AttributeError):
        return False


def _arm():
    """Arm the watchdog, if the chip has one of minutes: the new program may hang before it arms its own."""
    try:
        import machine

        machine.WDT(timeout=_WATCHDOG * 1000)
    except (ImportError, AttributeError, ValueError, OSError):
        pass


def _folders(path):
    at = path.find("/", 1)
    while at > 0:
        if not exists(path[:at]):
            os.mkdir(path[:at])
        at = path.find("/", at + 1)


def _read(path):
    """Return the bytes of a file, None if there is none; OSError if it cannot be read, not even when asked again."""
    left = 3
    while True:
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            # ENOENT
            if error.args[:1] == (2,):
                return None
            left -= 1
            if not left:
                raise


def _write(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.rename(path + ".new", path)


def _remove(path):
    if exists(path):
        os.remove(path)


# -- the secret store, as alertnode/secrets.py keeps it ---------------------------------------------------------------


def _store():
    try:
        import esp32

        return esp32.NVS("umail")
    except (ImportError, AttributeError):
        return None


def _known():
    data = _read(_SECRETS)
    return json.loads(data[:-9]) if data and data[-9:] == b"\n%08x" % crc32(data[:-9]) else {}


def _get(name):
    """Return the secret ``name`` (str), None if there is none."""
    store = _store()
    if store is None:
        return _known().get(name)
    buffer = bytearray(_LONGEST)
    try:
        return bytes(buffer[: store.get_blob(name, buffer)]).decode()
    except OSError:
        return None


def _put(name, value):
    """Keep ``value`` as the secret ``name``; None removes it."""
    store = _store()
    if store is None:
        known = _known()
        if known.get(name) != value:
            known.pop(name, None)
            if value is not None:
                known[name] = value
            data = json.dumps(known).encode()
            _write(_SECRETS, data + b"\n%08x" % crc32(data))
        return
    if value is not None:
        store.set_blob(name, value.encode())
    else:
        try:
            store.erase_key(name)
        except OSError:
            return
    store.commit()
