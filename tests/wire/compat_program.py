"""Runs on MicroPython or CPython: the source of a user of uMail, as it stands, with the Internet put on loopback."""

import json
import sys

import umail
from umail import blocking, certs, dns
from umail.net import opening

job = json.loads(sys.stdin.read())


def find(host):
    yield from ()
    return ["127.0.0.1"]


class Wire(blocking.Wire):
    def connect(self, address, port, buffer):
        return opening.connect(self, address, job["port"], buffer)


def load(names=()):
    with open(job["trust"], "rb") as file:
        return [file.read()]


if "port" in job:
    dns.find = find
    certs.load = load
    from umail import compat

    compat.Wire = Wire

scope = {"umail": umail, "results": []}
error = None
try:
    exec(job["source"], scope)
except (umail.MailError, ValueError) as caught:
    error = {"error": str(caught), "kind": "", "stage": "", "key": ""}
    for name in ("kind", "stage", "key"):
        error[name] = getattr(caught, name, "")
smtp = scope.get("smtp")
print("RESULT" + json.dumps({"results": scope["results"], "error": error, "open": bool(smtp and smtp._wire.sock)}))
