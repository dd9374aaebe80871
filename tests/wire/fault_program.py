"""Runs on MicroPython or CPython: sends mails as JSON lines on standard input say, and tells of each in one JSON line.

One process does many jobs. A job ``{"do": "send"}`` makes a client and sends; ``{"do": "next"}`` sends once more with
the same client; ``{"do": "end"}`` closes it. ``umail.send`` in place of a client: ``"way": "alert"``. ``"dns"``: the
servers to ask from now on; ``"year"``: what the clock says.
"""

import asyncio
import gc
import json
import sys
import time

from device_program import attempt, receipt_of, route_of, told

import umail
from umail import Attachment, Message, aio, dns
from umail.net import opening
from umail.net import transport as sockets
from umail.net.transport import Transport

links = []
final = [600]
begin, limit = opening.begin, Transport.limit


def watched(self, address, port, buffer):
    links[:] = [self]
    begin(self, address, port, buffer)


def limited(self, seconds, keep=True):
    # The 600 seconds for the final reply (RFC 5321) are too long to be waited for in a test.
    limit(self, final[0] if seconds == 600 else seconds, keep)


opening.begin, Transport.limit = watched, limited


class Clock:
    """Stands in for the module ``time``."""

    def __init__(self, year):
        self.year = year

    def gmtime(self):
        return (self.year, 1, 1, 0, 0, 0, 0, 1)


class Stream:
    """An attachment whose length is not known beforehand."""

    def __init__(self, size):
        self.left = size

    def readinto(self, view):
        count = min(self.left, len(view))
        view[:count] = b"s" * count
        self.left -= count
        return count


def message_of(job):
    named = dict(job["message"])
    if "attachment" in job:
        named["attachments"] = [Attachment(job["attachment"])]
    if "stream" in job:
        named["attachments"] = [Attachment(Stream(job["stream"]), name="s.bin")]
    return Message(**named)


async def waited(function, *arguments, **named):
    try:
        return receipt_of(await function(*arguments, **named))
    except umail.MailError as error:
        return told(error)
    except ValueError as error:
        return {"refused_here": str(error)}


class Program:
    def __init__(self):
        self.client = None

    def ask(self, job, function, *arguments, **named):
        if job["driver"] == "aio":
            return asyncio.run(waited(function, *arguments, **named))
        return attempt(function, *arguments, **named)

    def send(self, job):
        driver = aio if job["driver"] == "aio" else umail
        final[0] = job.get("final", 600)
        del links[:]
        try:
            route, message = route_of(job["route"]), message_of(job)
        except ValueError as error:
            return {"refused_here": str(error)}
        options = job["options"]
        if job.get("way") == "alert":
            return self.ask(job, driver.send, route, message, **options)
        if job["do"] == "send":
            self.client = driver.Client(route, **options)
        return self.ask(job, self.client.send, message)

    def end(self, job):
        client, self.client = self.client, None
        if client:
            if job["driver"] == "aio":
                asyncio.run(client.close())
            else:
                client.close()
        return {}

    def run(self, job):
        if "dns" in job:
            dns.servers = lambda: job["dns"]
        # A board's clock begins in its first year.
        umail.time = Clock(job["year"]) if "year" in job else time
        begun = sockets.ticks()
        result = self.end(job) if job["do"] == "end" else self.send(job)
        result["ms"] = sockets.left(sockets.ticks(), begun)
        result["open"] = bool(links and links[0].sock)
        if hasattr(gc, "mem_alloc"):
            gc.collect()
            result["heap"] = gc.mem_alloc()
        return result


def main():
    program = Program()
    while True:
        line = sys.stdin.readline()
        if not line:
            break
        print("RESULT" + json.dumps(program.run(json.loads(line))))
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()


main()
