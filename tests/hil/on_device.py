"""Runs on the board: routes, sending, and the figures of it. The tests call these functions."""

import gc
import time

import umail
from umail import MailError, Message, Route, m365, routes


def route_of(job):
    job = dict(job)
    kind = job.pop("kind")
    if "access_token" in job:
        token = job.pop("access_token")
        job["token"] = lambda refresh=False: token
    if kind == "route":
        return Route(**job)
    return getattr(m365 if hasattr(m365, kind) else routes, kind)(**job)


def told(error):
    return {"kind": error.kind, "stage": error.stage, "code": error.code, "text": str(error)}


def send(route, subject="hil", text="It is 31.4 degrees.", attachment=None):
    # One mail: what became of it, its time, and the heap that it took at most beyond what was used before.
    parts = [umail.Attachment(attachment)] if attachment else ()
    message = Message("esp32@contoso.com", "ops@contoso.com", subject, text=text, attachments=parts)
    gc.collect()
    before = gc.mem_free()
    begun = time.ticks_ms()
    try:
        receipt = umail.send(route_of(route), message, timeout=20, deadline=150)
    except MailError as error:
        return told(error)
    took = time.ticks_diff(time.ticks_ms(), begun)
    after = gc.mem_free()
    return {"accepted": receipt.accepted, "round_trips": receipt.round_trips, "ms": took, "heap": before - after}


def many(route, count):
    # ``count`` mails over one connection: milliseconds in all, and the heap used before and after.
    before = 0
    begun = time.ticks_ms()
    with umail.Client(route_of(route), timeout=20) as client:
        for number in range(count):
            client.send(Message("esp32@contoso.com", "ops@contoso.com", "alert %d" % number, text="31.4"))
            if number == 9:
                gc.collect()
                before = gc.mem_alloc()
        gc.collect()
        after = gc.mem_alloc()
    return {"ms": time.ticks_diff(time.ticks_ms(), begun), "before": before, "after": after}


def put(route, count):
    # Mails into the outbox, not sent yet.
    box = umail.Outbox("/hil-outbox", route_of(route))
    for number in range(count):
        box.put(Message("esp32@contoso.com", "ops@contoso.com", "stored %d" % number, text="31.4"), key="k%d" % number)
    waiting = len(box.pending())
    # The next one on this directory is refused as long as this one has it.
    box.close()
    return waiting


def send_watched(route):
    # Sends under a watchdog of 2 s that the library's tick feeds.
    import machine

    watchdog = machine.WDT(timeout=2000)
    try:
        umail.send(route_of(route), Message("a@contoso.com", "b@contoso.com", "s"), timeout=5, tick=watchdog.feed)
    except MailError as error:
        return told(error)


def flush(route):
    # What the outbox delivers, and what it holds afterwards.
    box = umail.Outbox("/hil-outbox", route_of(route), timeout=20)
    box.retry()
    sent = box.flush()
    left = [sent, len(box.pending()), len(box.dead())]
    box.close()
    return left
