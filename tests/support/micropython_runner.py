"""Runs every ``test_*`` function of the file named on the command line, on MicroPython, one JSON line for each.

But for those whose names follow.
"""

import builtins
import io
import json
import os
import sys

if sys.implementation.version < (1, 23):
    # There the unix port's open() leaves an object when it fails, which closes descriptor 0 when it is collected: by
    # then that may be another file. A board's file systems do not (extmod/vfs_posix_file.c, fixed in 1.23).
    _open = open

    def careful(path, mode="r", *more):
        if "r" in mode:
            os.stat(path)
        return _open(path, mode, *more)

    builtins.open = careful

scope = {"__name__": "unit"}
with open(sys.argv[1]) as source:
    exec(source.read(), scope)
for name in sorted(scope):
    if name.startswith("test_") and callable(scope[name]) and name not in sys.argv[2:]:
        error = ""
        try:
            scope[name]()
        except BaseException as caught:
            buffer = io.StringIO()
            sys.print_exception(caught, buffer)
            error = buffer.getvalue()
        # `test` first: the collector looks for the line by its beginning.
        print('{"test":' + json.dumps(name) + ',"error":' + json.dumps(error) + "}")
