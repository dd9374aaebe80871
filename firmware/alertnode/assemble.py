"""Puts the alert node together from a checked configuration."""

from alertnode import VERSION, app, clock, log, mailer, platform, routes, rules, secrets, zone
from alertnode import state as memory

OUTBOX = "/outbox"
_SENDING = ("message", "blocking", "delivery", "queue.run", "smtp.transaction")
# What the library lets go of after each connection, and what it needs when one fails.
_PASSING = ("dns", "net.tls", "smtp.handshake", "smtp.sasl", "smtp.failure", "net.tls_failure", "replies")


def build(settings):
    """Return (what runs the node, its Log, what feeds the watchdog) of a configuration.

    Raises ValueError or OSError, with a sentence, if it does not fit this board; the watchdog is not armed then.
    """
    import umail

    _preload()
    journal = log.Log(size=settings["log_size"])
    uptime = clock.Uptime(platform)
    time = _clock(settings["clock"], uptime, journal.say)
    journal.stamp = time.stamp
    sensor = _sensor(settings["sensor"], time, journal.say)
    trace = settings["sensor"]["type"] == "trace"
    route = routes.every(settings["mail"], secrets.get, umail)
    cause = platform.cause()
    known = None if trace else memory.State(platform, cause == platform.DEEP_SLEEP)
    slept = known.number("slept") if known and cause == platform.DEEP_SLEEP else 0
    outbox = _outbox(umail, settings["mail"], route, slept, sensor.pace if trace else uptime)
    feed = platform.watchdog(settings["watchdog"])
    outbox.tick = feed
    wifi = _wifi(settings["wifi"], uptime, feed, journal.say)
    if wifi is not None:
        time.gateway = wifi.gateway
    mail = settings["mail"]
    post = mailer.Mailer(umail, outbox, mail["sender"] or mail["username"], mail["to"], journal.say)
    name = settings["board_name"]
    node = app.App(name, sensor, rules.make(settings["rules"]), post, time, wifi, journal, feed, platform.sleep)
    node.interval = settings["interval"]
    node.origin = "alertnode %s, %s, started by %s" % (VERSION, platform.platform(), cause)
    journal.say("%s: %s" % (name, node.about()))
    if known:
        node.state = known
        known.restore(node.rules, time.moment)
        _explain(node, cause)
        if settings["heartbeat"]:
            _heartbeat(outbox, int(settings["heartbeat"] * zone.DAY), node.heartbeat)
    _watch(node, settings)
    return _runner(node, settings), journal, feed


def _sensor(config, time, say):
    kind = config["type"]
    if kind == "trace":
        from alertnode.sensors.trace import Trace

        return Trace(config["path"], config["unit"], time, say, config["speed"], config["step"], config["column"])
    from alertnode.sensors import wired

    return wired.make(kind, config, time, platform.sleep)


def _outbox(umail, mail, route, slept, uptime):
    from random import random

    from umail.policy import Policy

    try:
        return umail.Outbox(
            OUTBOX,
            route,
            Policy(random, per_minute=mail["per_minute"], per_day=mail["per_day"]),
            timeout=mail["timeout"],
            deadline=mail["deadline"],
            config=_fingerprint(mail),
            slept=slept,
            uptime=uptime,
        )
    except OSError:
        raise ValueError("the flash is full or damaged, there is no room for %s: remove files from the board" % OUTBOX)


def _preload():
    """Load what sends a mail now, while the heap is in one piece: an alert must not find that there is no room for it.

    A few hundred names come with it, which stay, and MicroPython's table of names doubles in one piece. The code of
    what a connection needs for a moment does not stay: it comes back in pieces of a few kilobytes, which a heap finds
    long after it has none for the table. On the virtual board, by that, the smallest heap that mails an alert falls
    from 186 kB to 171 kB, with litter left between alerts from 212 kB to 206 kB, that for a refused login from 193 kB
    to 181 kB.
    """
    from umail import borrow

    for load, names in ((_resident, _SENDING), (borrow, _PASSING)):
        for name in names:
            try:
                load(name)
            except ImportError:
                # The library loads by itself what it needs.
                pass


def _resident(name):
    __import__("umail." + name)


def _heartbeat(outbox, every, message):
    outbox.every = every
    outbox.heartbeat = message
    # The next one was settled when heartbeats were rarer.
    if outbox.beat > outbox.now() + every + every // 10:
        outbox.beat = outbox.now() + outbox.policy.spread(every)
        outbox.save()


def _watch(node, settings):
    """Warn of what ends on a known date, on the console and by the outbox in the heartbeat."""
    mail = settings["mail"]
    sections = mail, mail["fallback"]
    if not settings["expires"] and not [section for section in sections if section and section["certificate"]]:
        return
    from alertnode import expiry

    dates = expiry.dates(settings["expires"], sections)
    node.expiry = expiry.Watch(dates, node.clock, node.log.say)
    # The outbox counts as ``time.time()`` does.
    node.mailer.outbox.expires = [(name, end - platform.EPOCH) for name, end in dates]


def _runner(node, settings):
    if not settings["battery"]:
        return node.run
    from alertnode.battery import Battery

    return Battery(node, platform, settings["battery"]["budget"]).run


def _explain(node, cause):
    """Send the cause of a reset that nobody asked for, and the log's last lines, with the next mail."""
    if cause == platform.WATCHDOG:
        memory.keep_last_words(platform, "The board was reset by its watchdog. Its log ended:")
    node.more = memory.last_words(platform)


def _fingerprint(mail):
    """Return a word that changes with the route's settings and secrets, so that a corrected route is tried at once."""
    from binascii import hexlify
    from hashlib import sha256

    names = list(secrets.NAMES)
    if mail["fallback"]:
        names += [name + "_2" for name in names]
    text = repr([mail[key] for key in sorted(mail)] + [secrets.get(name) for name in names])
    # So short that it tells nothing of a password.
    return hexlify(sha256(text.encode()).digest()[:2]).decode()


def _clock(settings, uptime, say):
    chip = None
    if settings["ds3231"]:
        import machine

        from alertnode.ds3231 import DS3231

        pins = settings["ds3231"]
        chip = DS3231(machine.I2C(0, scl=machine.Pin(pins["scl"]), sda=machine.Pin(pins["sda"])))
    return clock.Clock(platform, uptime, zone.Zone(settings["zone"]), settings["ntp"], say, chip=chip)


def _wifi(settings, uptime, feed, say):
    try:
        import network
    except ImportError:
        # A computer's MicroPython: the network is simply there.
        return None
    from alertnode.wifi import Wifi

    password = secrets.get("wifi_password")
    return Wifi(network, settings["ssid"], password, uptime, platform.sleep, feed, say, settings["timeout"])
