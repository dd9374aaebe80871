"""Runs on MicroPython or CPython: does what a JSON job on standard input says, prints what became of it as JSON."""

import json
import sys
import time

import umail
from umail import Message, Route, m365, routes


def route_of(job):
    if isinstance(job, list):
        return [route_of(one) for one in job]
    job = dict(job)
    kind = job.pop("kind", "route")
    if job.get("certificate"):
        chain, key = job["certificate"]
        job["certificate"] = (chain, key)
    if "access_token" in job:
        token = job.pop("access_token")
        job["token"] = lambda refresh=False: token
    return Route(**job) if kind == "route" else getattr(m365 if hasattr(m365, kind) else routes, kind)(**job)


def message_of(attachments=(), after=0, **named):
    # Made so many seconds after the one before.
    time.sleep(after)
    # An attachment is {"path": …}, read by the library from the file, given as its bytes, or as an open reader.
    files = []
    for one in attachments:
        one = dict(one)
        path, kind = one.pop("path"), one.pop("as", "path")
        if kind == "path":
            source = path
        elif kind == "octets":
            with open(path, "rb") as file:
                source = file.read()
        else:
            # Read while the mail is sent; the process ends after it.
            source = open(path, "rb")
        files.append(umail.Attachment(source, **one))
    return Message(attachments=files, **named)


def told(error):
    return {
        "error": str(error),
        "stage": error.stage,
        "kind": error.kind,
        "code": error.code,
        "enhanced": error.enhanced,
        "key": error.key,
        "refused": [[address, reply.code] for address, reply in error.refused],
    }


def receipt_of(receipt):
    return {
        "accepted": receipt.accepted,
        "refused": [[address, reply.code] for address, reply in receipt.refused],
        "round_trips": receipt.round_trips,
        "message_id": receipt.message_id,
        "reply": str(receipt.reply),
    }


def attempt(function, *arguments, **named):
    # What became of one call, an error told as the library tells it.
    try:
        return receipt_of(function(*arguments, **named))
    except umail.MailError as error:
        return told(error)
    except ValueError as error:
        return {"refused_here": str(error)}


def run_blocking(job, results):
    options = job.get("options", {})
    ticks = []
    if job.get("tick"):
        options["tick"] = lambda: ticks.append(1)
    if job.get("one_shot"):
        for arguments in job["messages"]:
            results.append(
                attempt(lambda **named: umail.send(route_of(job["route"]), message_of(**named), **options), **arguments)
            )
    else:
        with umail.Client(route_of(job["route"]), **options) as client:
            for arguments in job["messages"]:
                results.append(attempt(lambda **named: client.send(message_of(**named)), **arguments))
            results_closed = client._wire.sock is None
            if job.get("tell_closed"):
                results.append({"closed": results_closed})
    if job.get("tick"):
        results.append({"ticks": len(ticks)})


def main():
    job = json.loads(sys.stdin.read())
    results = []
    if "dns" in job:
        from umail import dns

        dns.servers = lambda: job["dns"]
    try:
        if job.get("driver") == "aio":
            import device_program_aio

            device_program_aio.run(job, results)
        else:
            run_blocking(job, results)
    except ValueError as error:
        results.append({"refused_here": str(error)})
    print("RESULT" + json.dumps(results))


if __name__ == "__main__":
    main()
