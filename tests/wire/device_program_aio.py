"""The asyncio half of device_program.py."""

import asyncio
import time

import umail
from umail import Message, aio

if hasattr(time, "ticks_us"):

    def micros():
        return time.ticks_us()

    passed = time.ticks_diff
else:

    def micros():
        return time.monotonic_ns() // 1000

    def passed(now, before):
        return now - before


try:
    schedule = open("/proc/self/schedstat")  # noqa: SIM115
except OSError:
    schedule = None


def queued():
    """Microseconds for which this process was ready to run and others ran instead; 0 if the system does not tell."""
    if schedule is None:
        return 0
    schedule.seek(0)
    return int(schedule.read().split()[1]) // 1000


def moment():
    """The time, and ``queued()`` at that time."""
    waited = queued()
    while True:
        now, again = micros(), queued()
        if again == waited:
            return now, waited
        waited = again


# Microseconds: a turn that takes more did something dear.
NOTICED = 1000


class Ticker:
    """Measures how long the loop was held: the longest gap between two turns of a task that only yields.

    ``noticed`` is the sum of the long ones.
    What other processes took of it on a busy machine does not count.
    """

    def __init__(self):
        self.longest = 0
        self.turns = 0
        self.noticed = 0

    async def run(self):
        before, waited = moment()
        while True:
            await asyncio.sleep(0)
            now, again = moment()
            held = passed(now, before) - (again - waited)
            self.longest = max(self.longest, held)
            if held > NOTICED:
                self.noticed += held
            self.turns += 1
            before, waited = now, again


async def attempt(function, *arguments, **named):
    import __main__ as program

    try:
        return program.receipt_of(await function(*arguments, **named))
    except umail.MailError as error:
        return program.told(error)
    except ValueError as error:
        return {"refused_here": str(error)}


async def work(job, results):
    import __main__ as program

    options = job.get("options", {})
    ticks = []
    if job.get("tick"):
        options["tick"] = lambda: ticks.append(1)
    if job.get("ticker"):
        ticker = Ticker()
        task = asyncio.create_task(ticker.run())

    async def one_shot(**named):
        return await aio.send(program.route_of(job["route"]), program.message_of(**named), **options)

    if job.get("one_shot"):
        for arguments in job["messages"]:
            results.append(await attempt(one_shot, **arguments))
    elif job.get("shared"):
        async with aio.Client(program.route_of(job["route"]), **options) as client:

            async def send_by_one(**named):
                return await client.send(program.message_of(**named))

            results += await asyncio.gather(*[attempt(send_by_one, **arguments) for arguments in job["messages"]])
    elif job.get("at_once"):
        results += await asyncio.gather(*[attempt(one_shot, **arguments) for arguments in job["messages"]])
    else:
        async with aio.Client(program.route_of(job["route"]), **options) as client:

            async def send(**named):
                return await client.send(program.message_of(**named))

            for arguments in job["messages"]:
                results.append(await attempt(send, **arguments))
                if job.get("ticker"):
                    results[-1]["held_us"] = ticker.longest
                    results[-1]["noticed_us"] = ticker.noticed
                    ticker.longest = ticker.noticed = 0
            if job.get("tell_closed"):
                results.append({"closed": client._wire.sock is None})
    if job.get("tick"):
        results.append({"ticks": len(ticks)})
    if job.get("ticker"):
        task.cancel()
        results.append({"turns": ticker.turns})


async def cancelled(job, results):
    import __main__ as program

    client = aio.Client(program.route_of(job["route"]))
    task = asyncio.create_task(client.send(Message(**job["messages"][0])))
    await asyncio.sleep(job["cancel_after"])
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        results.append({"cancelled": True, "closed": client._wire.sock is None})


def run(job, results):
    asyncio.run(cancelled(job, results) if "cancel_after" in job else work(job, results))
