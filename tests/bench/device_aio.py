"""Run by MicroPython: sends a mail with umail.aio as the JSON file of the argument says."""

import asyncio
import json
import sys

from umail import Message, Route, aio

with open(sys.argv[1]) as file:
    job = json.load(file)
route = Route(
    "localhost", job["port"], job["security"], username=job["user"], password=job["secret"], trust=job["trust"]
)
asyncio.run(aio.send(route, Message(job["user"], job["to"], "Freezer 3 is warm", text="-11.5 C, limit -15 C")))
