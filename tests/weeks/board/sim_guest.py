"""A program of the owner's own, which runs beside the node for a moment and calls the library as people do."""

import sys

from sim_hosts import MAIL

_DEADLINE = 5
# So many mails does an outbox of the owner's keep.
_MOST = 4
# What a slice of waiting, and a datagram on its way, may take beyond a deadline: milliseconds.
_SLACK = 2500


def visit(chip, app):
    """Let the programs run for which it is time; ``app`` is the App of the node, which waits meanwhile."""
    world = chip.world
    for event in list(chip.guests):
        try:
            wrong = _PROGRAMS[event["does"]](chip, app)
        except Exception as error:
            # The world's faults strike it, too: no memory, a planted crash.
            wrong = ""
            world.log("guest", "%s: %s" % (event["does"], type(error).__name__))
        if wrong is None:
            # Not now.
            continue
        chip.guests.remove(event)
        if wrong:
            world.log("wrong", "%s: %s" % (event["does"], wrong))
        if _let_go(app):
            for name in list(sys.modules):
                if name.split(".")[0] == "umail":
                    del sys.modules[name]


def _let_go(app):
    """Return True if what mails is not loaded; it has no attribute of another name, or would be."""
    return hasattr(app.mailer, "_make")


def _drags(world):
    """Return True if a final reply may take minutes, which would be waited for."""
    return world.fault("slow") or world.fault("lost")


def _message(umail):
    return umail.Message("guest@example.net", "ops@example.org", "From beside the node", text="hello")


def _second_outbox(chip, app):
    """Open the node's own outbox once more."""
    import umail

    if _let_go(app):
        # The directory is free.
        return None
    try:
        box = umail.Outbox("/outbox", umail.Route(MAIL, 25, security="plain"))
    except ValueError as error:
        return "" if "belongs to another Outbox" in str(error) else str(error)
    box.close()
    return "a second outbox was opened"


def _odd_times(chip, app):
    """Give times that are none."""
    import umail

    route = umail.Route(MAIL, 25, security="plain")
    for value in (None, float("inf"), float("nan"), -1):
        for name in ("deadline", "timeout"):
            try:
                umail.send(route, _message(umail), **{name: value})
            except ValueError as error:
                if str(error).startswith(name + ": "):
                    continue
            return "%s=%r was not told" % (name, value)
    return ""


def _hurry(chip, app):
    """Send with little time, to port 465 without a word on TLS."""
    import umail

    if app.clock.now() is None or _drags(chip.world):
        return None
    route = umail.Route("mail2.example.net", 465, trust="/certs/test.der")
    begin = chip.world.now
    try:
        umail.send(route, _message(umail), deadline=_DEADLINE, tick=app.feed)
        how = "sent"
    except umail.MailError as error:
        how = error.kind
        if error.stage == "starttls" and "STARTTLS" in str(error):
            return str(error)
    took = chip.world.now - begin
    chip.world.log("guest", "%s in %d ms" % (how, took))
    # (The reply to the last byte is waited for.)
    return "" if took <= _DEADLINE * 1000 + _SLACK or how == "uncertain" else "it took %d ms" % took


def _two_tasks(chip, app):
    """Share a client of asyncio between two tasks."""
    import asyncio

    from umail import MailError, Message, Route, aio

    world = chip.world
    if _drags(world):
        return None
    client = aio.Client(Route(MAIL, 25, security="plain"), timeout=10, deadline=20, tick=app.feed)
    ended = []

    async def one(number):
        message = Message("guest@example.net", "ops@example.org", "Task %d" % number, text="hello")
        try:
            await client.send(message)
            ended.append((message.message_id, "sent"))
        except MailError as error:
            ended.append((message.message_id, error.kind))

    async def both():
        for task in [asyncio.create_task(one(number)) for number in range(2)]:
            await task
        await client.close()

    asyncio.new_event_loop()
    asyncio.run(both())
    for mid, how in ended:
        if (how == "sent" and mid not in world.taken) or (how not in ("sent", "uncertain") and mid in world.taken):
            return "%s is told as %s" % (mid, how)
    world.log("guest", "tasks: %s" % ", ".join([how for _, how in ended]))
    return "" if len(ended) == 2 else "%d of two tasks ended" % len(ended)


def _own_outbox(chip, app):
    """Have an outbox of one's own, put more while it sends, and raise in its tick."""
    import umail

    world = chip.world
    if _drags(world):
        return None
    box = umail.Outbox("/guest", umail.Route(MAIL, 25, security="plain"), most=_MOST)
    most = [0]
    struck = []

    def tick():
        app.feed()
        if box.current is None:
            return
        if len(most) <= _MOST + 1:
            box.put(_message(umail))
            most.append(len(box.entries))
        elif not struck:
            struck.append(box.current)
            raise KeyError("mine")

    box.tick = tick
    try:
        box.put(_message(umail))
        left, state = False, ""
        for _ in range(2):
            try:
                box.flush()
            except KeyError:
                left = True
                state = struck[0].state
        world.log("guest", "%d in the outbox at the most; %s" % (max(most), state if left else "no tick"))
        if max(most) > _MOST or left != bool(struck) or (left and state not in ("pending", "uncertain")):
            return "%d mails, most %d; what its tick raised left: %s, %s" % (max(most), _MOST, left, state)
        return ""
    finally:
        for entry in list(box.entries):
            box.remove(entry)
        box.close()


_PROGRAMS = {
    "own outbox": _own_outbox,
    "second outbox": _second_outbox,
    "odd times": _odd_times,
    "hurry": _hurry,
    "two tasks": _two_tasks,
}
