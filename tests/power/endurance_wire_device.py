"""Many alerts through one process over real TLS: heap, descriptors and files of the outbox stay where they were.

Run by MicroPython with a JSON job on standard input. Prints one line of JSON: those three after a tenth and at the end.
"""

import gc
import json
import os
import sys

from umail import Message, Outbox, m365
from umail.policy import Policy


def figures(folder):
    gc.collect()
    return [gc.mem_alloc(), len(os.listdir("/proc/self/fd")), len(os.listdir(folder))]


def main():
    job = json.loads(sys.stdin.read())
    route = m365.submission(
        job["user"], password=job["password"], host="localhost", port=job["port"], trust=job["trust"]
    )
    policy = Policy(lambda: 0.5, per_minute=0, per_day=0, per_hour=0, window=0)
    box = Outbox(job["folder"], route, policy)
    seen = []
    each = 10
    for i in range(0, job["alerts"], each):
        for k in range(i, i + each):
            box.put(Message(job["user"], "ops@contoso.com", "alert %d" % k, text="warm"))
        box.flush()
        if i == job["alerts"] // 10:
            seen.append(figures(job["folder"]))
    seen.append(figures(job["folder"]))
    print("RESULT" + json.dumps({"seen": seen, "pending": len(box.pending())}))


main()
