"""Runs on either interpreter: generators that try one clause of the drivers' contract each; tells what happened."""

import json
import sys
import time

from umail import MailError
from umail.net import transport as sockets
from umail.net.transport import Buffer

job = json.loads(sys.stdin.read())
told = {}
buffer = Buffer(1024)
ticks = []


def begin():
    yield ("limit", 20)
    yield ("connect", "127.0.0.1", job["port"], buffer)


def listens_while_sending():
    yield from begin()
    yield b"x" * job["size"]
    told["heard"] = len(buffer)
    buffer.start = buffer.end = 0
    told["count"] = yield 5
    told["end"] = yield 5


def waits_once():
    yield from begin()
    begun = sockets.ticks()
    wait = 1
    try:
        while (yield wait):
            wait = 0
    except OSError as error:
        told["errno"] = error.args[0]
    told["milliseconds"] = sockets.left(sockets.ticks(), begun)


def keeps_the_limit():
    yield from begin()
    yield ("limit", 1)
    begun = sockets.ticks()
    try:
        yield b"x" * job["size"]
    except OSError as error:
        told["errno"] = error.args[0]
    told["milliseconds"] = sockets.left(sockets.ticks(), begun)


def waits_with_a_tick_that_raises():
    yield from begin()
    try:
        yield 5
    except Exception as error:
        told["thrown_in"] = repr(error)


def fails():
    yield from begin()
    try:
        yield b"hello"
        raise KeyError("unforeseen")
    finally:
        told["finished"] = True


def stops_early():
    # A driver closes what it ran, even when its own work is interrupted.
    try:
        yield from begin()
        yield ("no_such_request",)
    finally:
        told["finished"] = True


def pauses():
    yield ("limit", 20)
    begun = sockets.ticks()
    yield ("pause", 1.2)
    told["milliseconds"] = sockets.left(sockets.ticks(), begun)


def tick():
    ticks.append(time.time())
    if job["case"] == "waits_with_a_tick_that_raises":
        raise (ValueError("a tick's"), OSError(5), MailError("body", "permanent"))[job["size"]]


def main():
    steps = globals()[job["case"]]()
    if job["driver"] == "aio":
        import asyncio

        from umail.aio import Wire

        wire = Wire(5, tick)

        async def run():
            await wire.run(steps)

        def start():
            asyncio.run(run())
    else:
        from umail.blocking import Wire

        wire = Wire(5, tick)

        def start():
            wire.run(steps)

    try:
        start()
    except Exception as error:
        told["raised"] = type(error).__name__
    told["closed"] = wire.sock is None
    told["ticks"] = len(ticks)
    print("RESULT" + json.dumps(told))


main()
