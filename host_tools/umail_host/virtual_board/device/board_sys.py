"""`sys` and `os` as a board has them: the interpreter's own, less what is the host's, with the board's names."""

import os as _os
import sys as _sys
from collections import namedtuple

import board_link

_Implementation = namedtuple("implementation", ("name", "version", "_machine", "_mpy", "_build", "_thread"))
_Uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))


class _Module:
    """A built-in module with some names exchanged or hidden."""

    def __init__(self, native, hidden, **names):
        self._native, self._hidden = native, hidden
        for name in names:
            setattr(self, name, names[name])

    def __getattr__(self, name):
        if name in self._hidden:
            raise AttributeError(name)
        return getattr(self._native, name)


def _uname():
    version = _sys.version
    release = "%d.%d.%d" % _implementation.version[:3]
    return _Uname(
        board_link.platform, board_link.platform, release, version[version.find("; ") + 2 :], _implementation._machine
    )


_native = _sys.implementation
_version = tuple(board_link.version) + ("",) if board_link.version else _native.version
_implementation = _Implementation(_native.name, _version, board_link.machine, _native._mpy, "", "GIL")
sys = _Module(_sys, ("executable", "atexit", "exc_info"), platform=board_link.platform, implementation=_implementation)
os = _Module(
    _os,
    ("getenv", "putenv", "unsetenv", "system", "errno", "VfsPosix", "VfsLfs1"),
    uname=_uname,
    sync=lambda: None,
    dupterm=lambda stream, index=0: None,
)
