"""Runs every ``test_*`` function of the file named on the command line, on MicroPython, one JSON line for each."""

import io
import json
import sys

scope = {"__name__": "unit"}
with open(sys.argv[1]) as source:
    exec(source.read(), scope)
for name in sorted(scope):
    if name.startswith("test_") and callable(scope[name]):
        error = ""
        try:
            scope[name]()
        except BaseException as caught:
            buffer = io.StringIO()
            sys.print_exception(caught, buffer)
            error = buffer.getvalue()
        # `test` first: the collector looks for the line by its beginning.
        print('{"test":' + json.dumps(name) + ',"error":' + json.dumps(error) + "}")
