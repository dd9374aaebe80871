"""Run by MicroPython: sends mails with umail as the JSON file of the argument says."""

import json
import sys

import umail
from umail import Message

with open(sys.argv[1]) as file:
    job = json.load(file)
login = {}
if job["mechanism"] == "XOAUTH2":
    login["token"] = lambda refresh=False: job["secret"]
elif job["mechanism"]:
    login["password"] = job["secret"]
if login and job["long_auth"]:
    from umail import m365

    route = m365.submission(job["user"], host="localhost", port=job["port"], trust=job["trust"], **login)
else:
    from umail import Route

    if login:
        login["username"] = job["user"]
    route = Route("localhost", job["port"], job["security"], trust=job["trust"], **login)

files = ()
if job["attachment"]:
    from umail import Attachment

    files = [Attachment(job["attachment"])]
text = "-11.5 C, limit -15 C"
if job["text"]:
    text = ("At 09:17 it was -11.5 C, and the limit is -15 C.\n" * 100)[: job["text"]]
message = Message(job["user"], job["to"], "Freezer 3 is warm", text=text, attachments=files)
if job["count"] == 1:
    umail.send(route, message)
else:
    with umail.Client(route) as client:
        for _ in range(job["count"]):
            client.send(message)
