"""Runs on MicroPython or CPython: an outbox at a real server that refuses the login for hours, which pass at once.

Every attempt is a real one; only the clock is moved. The first line of standard input is a JSON job: ``path``,
``route`` (of ``umail.Route``), ``to``, ``hours``. When they are over, the reports so far are printed as JSON. The next
line is the password from then on; at the end come the reports up to the delivery, a day later at the most. A report is
``[time, kind, stage, code, lasts]``.
"""

import json
import sys

from umail import Message, Outbox, Route

job = json.loads(sys.stdin.readline())
START = 1800000000
clock = [0]
told = []


def report(message, result):
    if hasattr(result, "kind"):
        told.append([clock[0], result.kind, result.stage, result.code, result.lasts])
    else:
        told.append([clock[0], "", "", result.reply.code, 0])


box = Outbox(job["path"], Route(**job["route"]), report=report, uptime=lambda: clock[0], date=lambda: START + clock[0])
box.put(Message(job["route"]["username"], job["to"], "Kühlraum zu warm", "9 °C"))


def live(hours):
    end = clock[0] + hours * 3600
    while box.pending() and clock[0] < end:
        box.flush()
        clock[0] += max(1, box.wait() or 1)
    print("TOLD" + json.dumps(told))
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()
    told.clear()


live(job["hours"])
job["route"]["password"] = sys.stdin.readline().strip()
box.route = Route(**job["route"])
live(24)
