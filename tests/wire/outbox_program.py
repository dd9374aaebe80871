"""Runs on MicroPython or CPython: an outbox with the real driver. What it does is a JSON job on standard input.

Prints ``PUT Message-ID`` when a put has returned and ``SENT Message-ID`` when a mail was taken, at once.
"""

import json
import sys
import time

from umail import Message, Outbox, m365
from umail.policy import Policy


def tell(*words):
    print(*words)
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()


def report(message, result):
    if hasattr(result, "round_trips"):
        tell("SENT", message.message_id, result.round_trips)
    else:
        tell("FAILED", message.message_id, result.kind, str(result))


def flush(box, driver):
    if driver != "aio":
        return box.flush()
    import asyncio

    from umail import aio

    return asyncio.run(aio.flush(box))


def main():
    job = json.loads(sys.stdin.read())
    # Quick, so that a test does not wait: nothing else is as by default.
    policy = Policy(lambda: 0.5, first=1, doubt=1, doubts=9, per_minute=0, per_hour=0, window=0)
    box = Outbox(job["path"], m365.submission(**job["route"]), policy, report=report)
    for arguments in job["messages"]:
        message = Message(**arguments)
        box.put(message)
        tell("PUT", message.message_id)
    end = time.time() + job.get("seconds", 20)
    while job.get("flush", True) and box.pending() and time.time() < end:
        flush(box, job.get("driver"))
        time.sleep(0.1)
    tell("PENDING", len(box.pending()), "DEAD", len(box.dead()))


if __name__ == "__main__":
    main()
