"""Runs on MicroPython or CPython: fetches tokens as a JSON job on standard input says, and sends with them."""

import json
import sys

import umail
from umail import Message, m365, oauth


class MemoryStore:
    # Notes the order in which things happen.
    def __init__(self, values, log):
        self.values = values
        self.log = log

    def get(self, key):
        return self.values.get(key)

    def set(self, key, value):
        self.log.append("stored")
        self.values[key] = value


def token_of(job, log):
    common = {name: job[name] for name in ("host", "port", "trust", "timeout") if name in job}
    if job["flow"] == "client":
        return oauth.ClientCredentials(job["tenant"], job["client_id"], job["client_secret"], **common), None
    store = oauth.FileStore(job["store"]) if "store" in job else MemoryStore({}, log)
    if job["flow"] == "refresh":
        first = job.get("refresh_token")
        return oauth.RefreshToken(job["tenant"], job["client_id"], store, refresh_token=first, **common), store

    def show(address, code):
        print("SHOW" + json.dumps([address, code]))
        if hasattr(sys.stdout, "flush"):
            sys.stdout.flush()

    return oauth.DeviceCode(job["tenant"], job["client_id"], store, show, **common), store


def send(job, token, port):
    route = m365.submission(job["user"], token=token, host="localhost", port=port, trust=job["trust"])
    message = Message(job["user"], "ops@contoso.com", "s", "t")
    if job.get("driver") != "aio":
        return {"round_trips": umail.send(route, message).round_trips}
    import asyncio

    from umail import aio

    return {"round_trips": asyncio.run(aio.send(route, message)).round_trips}


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except umail.MailError as error:
        return {
            "error": str(error),
            "stage": error.stage,
            "kind": error.kind,
            "key": error.key,
            "advice": error.advice,
            "retry_after": error.retry_after,
        }


def main():
    job = json.loads(sys.stdin.read())
    log = []
    token, store = token_of(job, log)
    results = []
    for step in job["steps"]:
        if step in ("get", "renew"):
            results.append(outcome(lambda renew: {"token": token(refresh=renew)}, step == "renew"))
        else:
            results.append(outcome(send, job, token, step))
    stored = store.get("refresh_token") if store else None
    print("RESULT" + json.dumps({"results": results, "stored": stored, "log": log}))


main()
