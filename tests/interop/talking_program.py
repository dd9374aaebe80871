"""Runs on MicroPython or CPython: does one job of device_program.py for each line it is given, until they end."""

import json
import sys

sys.path.append(sys.argv[1])
import device_program

# The asyncio half looks for these in the main program.
from device_program import message_of, receipt_of, route_of, told  # noqa: F401

while True:
    line = sys.stdin.readline()
    if not line:
        break
    job = json.loads(line)
    del line
    results = []
    try:
        if job["driver"] == "aio":
            import device_program_aio

            device_program_aio.run(job, results)
        else:
            device_program.run_blocking(job, results)
    except ValueError as error:
        results.append({"refused_here": str(error)})
    # The standard output of a program that goes on is not flushed at a line's end everywhere.
    print("RESULT" + json.dumps(results))
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()
