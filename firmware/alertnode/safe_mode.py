"""Runs when the node failed to start again and again: loads little, sends what waits, and says what happened."""

from alertnode import VERSION, net_setup, platform, routes, secrets, zone
from alertnode.clock import Clock, Uptime
from alertnode.last_words import LAST_WORDS, last_words

_OUTBOX = "/outbox"
_ASIDE = "/outbox.bad"
# Seconds until the whole node is tried again, and between two looks at the outbox.
_STAY = 3600
_LOOK = 1


def run(settings, running):
    """Send for an hour, then restart; ``settings`` and ``running`` are those of ``assemble.build``."""
    import umail

    print("alertnode: safe mode, as the start failed %d times" % platform.marked(platform.FAILS))
    # What failed may have been something else than the outbox, which then stays.
    failed = platform.marked(platform.FAILS) > platform.MOST_FAILS + 1
    failed = failed and platform.marked(platform.PART) in (platform.WRITING, platform.SENDING)
    platform.mark(platform.PART, platform.STARTING)
    uptime = Uptime(platform)
    feed = running[1] or platform.nothing
    platform.mark(platform.STATE, 1)
    time = Clock(platform, uptime, zone.Zone(settings["clock"]["zone"]), settings["clock"]["ntp"], print)
    wifi = net_setup.make(settings, secrets.get, uptime, platform.sleep, feed, print)
    if wifi is not None:
        time.gateway = wifi.gateway
    mail = settings["mail"]
    way = routes.every(mail, secrets.get, umail)
    platform.mark(platform.PART, platform.WRITING)
    outbox, note = _outbox(umail, way, mail, uptime.seconds, failed)
    outbox.tick = feed
    outbox.report = _report
    try:
        from alertnode import signing

        outbox.before_send = signing.without_app(settings, time, outbox.route, outbox, ["safe mode"])
    except ImportError:
        # It is deployed with a fleet key.
        pass
    _say(umail, outbox, settings, note)
    while uptime() < _STAY * 1000:
        feed()
        if (wifi is None or wifi.up()) and (not time.due() or time.sync() or time.now()) and outbox.wait() == 0:
            platform.mark(platform.PART, platform.SENDING)
            outbox.flush()
        platform.mark(platform.PART, platform.WAITING)
        platform.sleep(_LOOK * 1000)
    # The whole node once more; if it fails, the next start is here again.
    platform.mark(platform.FAILS, platform.MOST_FAILS - 1)
    platform.reset()


def _report(message, result):
    text = "%s: mailed" % message.subject
    print(text if hasattr(result, "accepted") else "%s: %s" % (message.subject, result))


def _outbox(umail, route, mail, uptime, failed):
    """Return (the outbox, what a person must be told of it); one that cannot be opened is put aside.

    ``failed``: safe mode has failed with it before.
    """
    import os

    more = {"timeout": mail["timeout"], "deadline": mail["deadline"], "uptime": uptime, "keep": platform.keep}
    try:
        if failed:
            raise RuntimeError("safe mode failed, too")
        return umail.Outbox(_OUTBOX, route, **more), ""
    except MemoryError:
        # RAM is short, which may pass: the next start tries once more.
        raise
    except Exception as error:
        note = "The outbox could not be used (%s: %s)" % (type(error).__name__, error)
    try:
        if platform.exists(_ASIDE):
            raise OSError(17)
        # Its mails are out of sight then: that is reported even if this start fails, too.
        words = "%s and was put aside as %s: its mails are there." % (note, _ASIDE)
        platform.write(LAST_WORDS, (platform.read(LAST_WORDS) or b"") + b"\n" + words.encode())
        os.rename(_OUTBOX, _ASIDE)
        return umail.Outbox(_OUTBOX, route, **more), ""
    except OSError:
        # A folder that cannot be moved, or was moved before.
        return umail.Outbox(_OUTBOX + ".new", route, **more), note + "; another was begun."


def _say(umail, outbox, settings, note):
    mail = settings["mail"]
    name = settings["board_name"]
    lines = [
        "%s could not start and runs in safe mode: it sends what waits, but reads no sensor." % name,
        "It tries to start as a whole once an hour.",
        "",
        "Board:     alertnode %s, %s" % (VERSION, platform.platform()),
        note,
        "",
    ] + last_words(platform)
    subject = "Could not start, runs in safe mode (%s)" % name
    message = umail.Message(mail["sender"] or mail["username"], mail["to"], subject, text="\n".join(lines) + "\n")
    try:
        outbox.put(message, key="safe mode")
        platform.remove(LAST_WORDS)
    except OSError as error:
        print("the outbox takes no mail: %s" % error)
