"""Run by MicroPython: tells how long umail.aio held the loop, in its handshake and sending, as the JSON file says."""

import asyncio
import json
import sys
import time

from umail import Attachment, Message, Route, aio

with open(sys.argv[1]) as file:
    job = json.load(file)


class Ticker:
    # A task that only yields: the longest gap between two turns of it.
    longest = 0

    async def run(self):
        before = time.ticks_us()
        while True:
            await asyncio.sleep(0)
            now = time.ticks_us()
            self.longest = max(self.longest, time.ticks_diff(now, before))
            before = now


async def main():
    route = Route(
        "localhost", job["port"], job["security"], username=job["user"], password=job["secret"], trust=job["trust"]
    )
    ticker = Ticker()
    task = asyncio.create_task(ticker.run())
    held = []
    async with aio.Client(route) as client:
        for files in ((), [Attachment(job["attachment"])]):
            ticker.longest = 0
            await client.send(Message(job["user"], job["to"], "Freezer 3 is warm", text="-11.5 C", attachments=files))
            held.append(ticker.longest)
    task.cancel()
    print(json.dumps(held))


asyncio.run(main())
