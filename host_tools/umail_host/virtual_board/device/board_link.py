"""The board's wire to the host that simulates the world around it: one JSON line a request, one a reply.

A request is ``[id, name, arguments]``, a reply ``[id, result]`` or ``[id, null, kind, arguments]`` for an exception.
The id lets a reply whose request was interrupted by Ctrl-C be told from the one that is waited for.
"""

import json
import sys
import time as _time

_KINDS = {"OSError": OSError, "ValueError": ValueError, "RuntimeError": RuntimeError, "Exception": Exception}
_control = open(int(sys.argv[1]), "r+b")
_flags = open(int(sys.argv[3]), "rb")
_state = bytearray(2)
_serial = 0
_late = {}
_this = sys.modules[__name__]


def call(name, *args):
    """Return what the host answers to ``name``; raises what it says."""
    global _serial
    _serial = _serial % 0xFFFF + 1  # 0 is what needs no answer
    _control.write(json.dumps([_serial, name, args]) + "\n")
    while True:
        line = _control.readline()
        if not line:
            halt()
        try:
            reply = json.loads(line)
        except ValueError:
            continue  # the rest of a line whose beginning was read before a Ctrl-C
        if reply[0] == _serial:
            break
    if len(reply) > 2:
        raise _KINDS[reply[2]](*reply[3])
    return reply[1]


# Which board this is: what it calls itself, MicroPython's port ("esp32" or "rp2"), its chip, and the release of the
# image in its slot, if it has slots.
machine, platform, chip, version = call("power.board")


def late(module, name):
    """Return ``name`` of a module that few programs want: it takes heap once it is asked for."""
    key = "board_" + module
    if key not in _late:
        scope = {"__name__": key}
        # (What a module of the board was made of has left the list by now.)
        sys.modules["board_link"] = _this
        exec(call("power.module", key), scope)
        del sys.modules["board_link"]
        _late[key] = scope
    return _late[key][name]


def tell(name, *args):
    """Say ``name`` to the host, which does not answer."""
    _control.write(json.dumps([0, name, args]) + "\n")


def online():
    """Tell whether the Wi-Fi carries packets now; a read of shared memory, cheap enough for every socket call."""
    _flags.seek(0)
    _flags.readinto(_state)
    return _state[0] != 0


def halt():
    """Wait for the host to take the power away."""
    while True:
        try:
            _time.sleep(1)
        except KeyboardInterrupt:
            pass


def wear():
    """Count a write to the flash if the host has asked for that, to cut the power at a chosen one."""
    _flags.seek(0)
    _flags.readinto(_state)
    if _state[1]:
        call("flash.write")
