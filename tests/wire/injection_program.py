"""Runs on MicroPython or CPython: tries cases of injection_cases.py one after the other, tells what became of each."""

import json
import sys

from injection_cases import build

import umail
from umail import Attachment, Message, Route

job = json.loads(sys.stdin.read())
aio = job.get("driver") == "aio"


def octets(text):
    # Halves of surrogate pairs are no UTF-8: they stand for octets that are not.
    try:
        return text.encode()
    except ValueError:
        return text.encode("utf-8", "surrogatepass")


def message_of(case):
    arguments = build(case)
    files = []
    for one in arguments.pop("attachments", ()):
        if "octets" in one:
            one["source"] = octets(one.pop("octets"))
        files.append(Attachment(**one))
    return Message(attachments=files, **arguments)


async def send_aio(make, message):
    from umail import aio

    return await aio.send(make(), message, timeout=5)


def attempt(function, *arguments):
    # Of what a refusal says, the argument's name is enough: the rest repeats what was tried.
    try:
        return {"accepted": len(function(*arguments))}
    except umail.MailError as error:
        return {"stage": error.stage, "kind": error.kind, "key": error.key}
    except ValueError as error:
        return {"refused": str(error).partition(":")[0]}
    except Exception as error:
        return {"wrong": type(error).__name__}


def send(route, message):
    if aio:
        import asyncio

        return asyncio.run(send_aio(route, message)).accepted
    return umail.send(route(), message, timeout=5).accepted


def by_message(case):
    return send(lambda: Route(**job["route"]), message_of(case))


results = []
for case in job["cases"]:
    results.append(attempt(globals()[job["run"]], case))
print("RESULT" + json.dumps(results))
