"""main.py of a board that puts alerts and sends them, life after life, until all are gone: what kills.py cuts short."""

import json
import os
import random
import time

import network
import ntptime

from umail import Message, Outbox, m365
from umail.policy import Policy


def durable(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def main():
    with open("/kills.json") as file:
        job = json.load(file)
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.connect("lab", "")
    while not wlan.isconnected():
        time.sleep(0.02)
    ntptime.settime()
    # Quick, so that nobody waits: nothing else is as by default.
    policy = Policy(
        random.random, first=1, ceiling=2, doubt=1, doubts=99, per_minute=0, per_day=0, per_hour=0, window=0
    )
    route = m365.submission(
        job["user"], password=job["password"], host="localhost", port=job["port"], trust="/root.der"
    )
    # Room for all: what a full outbox drops is another promise.
    box = Outbox("/outbox", route, policy, timeout=5, deadline=10, most=1000, most_bytes=1000000)
    try:
        with open("/count") as file:
            count = int(file.read())
    except OSError:
        count = 0
    while count < job["alerts"] or box.pending():
        if count < job["alerts"]:
            message = Message(job["user"], "ops@contoso.com", "alert %d" % count, text="warm\n" * 50)
            box.put(message)
            print("PUT", message.message_id)
            count += 1
            durable("/count", str(count))
        if count % 3 == 0 or count == job["alerts"]:
            box.flush(budget=5)
            time.sleep(0.02)
    print("ALL SENT")


main()
