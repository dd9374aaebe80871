"""Runs on MicroPython or CPython: tries cases of injection_cases.py one after the other, tells what became of each."""

import json
import sys

from injection_cases import LOGINS, TO, USER, build, build_route, payload

import umail
from umail import Attachment, Message, Route, dns, m365, routes
from umail.smtp.session import Receipt

job = json.loads(sys.stdin.read())
aio = job.get("driver") == "aio"


def octets(text):
    # Halves of surrogate pairs are not UTF-8: they stand for bytes that are not.
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


def attempt(function, *arguments):
    # Of what a refusal says, the argument's name is enough: the rest repeats what was tried.
    try:
        receipt = function(*arguments)
        return {"accepted": len(receipt.accepted), "id": receipt.message_id}
    except umail.MailError as error:
        return {"stage": error.stage, "kind": error.kind, "key": error.key}
    except ValueError as error:
        return {"refused": str(error).partition(":")[0]}
    except Exception as error:
        return {"wrong": type(error).__name__}


def send(route, message):
    if aio:
        import asyncio

        from umail.aio import send

        async def run():
            return await send(route, message, timeout=5)

        return asyncio.run(run())
    return umail.send(route, message, timeout=5)


def by_message(case):
    return send(Route(**job["route"]), message_of(case))


def by_client(tried):
    # One after the other on one connection.
    if aio:
        import asyncio

        from umail.aio import Client

        client = Client(Route(**job["route"]), timeout=5)
        run = asyncio.run
    else:
        client = umail.Client(Route(**job["route"]), timeout=5)

        def run(result):
            return result

    told = [attempt(lambda case: run(client.send(message_of(case))), case) for case in tried]
    run(client.close())
    return told


def by_route(case):
    arguments = build_route(case)
    kind = arguments.pop("kind", None)
    if "token" in arguments:
        token = arguments["token"]
        arguments["token"] = lambda refresh=False: token
    whole = dict(job["route"])
    if kind in ("direct_send", "relay"):
        whole["domain"] = "contoso.com"
        whole["sender"] = USER
    elif kind or case.partition("/")[0] in LOGINS:
        whole["username"] = USER
        if "token" not in arguments:
            whole["password"] = job["password"]
    whole.update(arguments)
    function = getattr(m365 if hasattr(m365, kind) else routes, kind) if kind else Route
    return send(function(**whole), Message(USER, TO, "s", "t"))


def by_outbox(tried):
    # All of them wait before the first is sent.
    from umail import Outbox
    from umail.policy import Policy

    sent = []

    def report(message, result):
        sent.append(message.message_id)
        if not hasattr(result, "round_trips"):
            print(result)

    policy = Policy(lambda: 0.5, per_minute=0, per_hour=0, per_day=0, window=0)
    box = Outbox(job["path"], Route(**job["route"]), policy, most_bytes=1 << 24, most=1000, report=report)

    def put(case):
        message = message_of(case)
        box.put(message)
        return Receipt(message.recipients, (), None, message.message_id, 0)

    told = [attempt(put, case) for case in tried]
    if aio:
        import asyncio

        from umail.aio import flush

        asyncio.run(flush(box))
    else:
        box.flush()
    return told + [len(sent)]


def by_compat(tried):
    # One after the other on a connection, which ends with what is refused in the middle of a mail.
    smtp = umail.SMTP(
        "localhost", job["route"]["port"], False, job.get("user", USER), job["password"], job["route"]["trust"]
    )

    def mail(case):
        place, _, name = case.partition("/")
        p = payload(name)
        smtp.to(p if place == "to" else TO, p if place == "mail_from" else None)
        smtp.write("Subject: s\r\n\r\n")
        if place == "write":
            smtp.write(p)
        elif place[:7] == "write, ":
            for c in p:
                smtp.write(c)
        smtp.send({"send": p, "send, as bytes": octets(p)}.get(place, ""))
        return smtp.receipt

    told = [attempt(mail, case) for case in tried]
    smtp.quit()
    return told


def by_oauth(case):
    from umail import oauth

    place, _, name = case.partition("/")
    arguments = {"tenant": "contoso.com", "client_id": "board", "client_secret": "secret", "scope": "all"}
    if place == "refresh_token":
        store = {}

        class Store:
            get = store.get
            set = store.__setitem__

        arguments["store"] = Store
    arguments[place] = payload(name)
    kind = oauth.RefreshToken if "store" in arguments else oauth.ClientCredentials
    route = job["route"]
    kind(host="localhost", port=route["port"], trust=route["trust"], timeout=5, **arguments)()
    return Receipt([], (), None, "", 0)


def main():
    if "dns" in job:
        dns.servers = lambda: job["dns"]
    run = globals()[job["run"]]
    results = run(job["cases"]) if job.get("whole") else [attempt(run, case) for case in job["cases"]]
    print("RESULT" + json.dumps(results))


main()
