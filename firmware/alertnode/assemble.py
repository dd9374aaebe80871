"""Puts the alert node together from a checked configuration."""

from alertnode import VERSION, app, clock, log, mailer, networks, platform, routes, rulebook, secrets, zone
from alertnode import state as memory
from alertnode.sensors.reading import reason

OUTBOX = "/outbox"
_SENDING = ("message", "blocking", "delivery", "queue.run")
# What the library lets go of after each connection, and what it needs when one fails.
_PASSING = (
    "dns",
    "connecting",
    "net.resolve",
    "net.opening",
    "net.tls",
    "smtp.handshake",
    "mime.plain",
    "mime.fields",
    "smtp.flight",
    "smtp.sending",
    "smtp.failure",
    "smtp.retry",
    "net.tls_failure",
    "replies",
)


def configured(settings):
    """Return the parts that can show a mistake in the configuration: (route, time, journal, sensor).

    Raises ValueError, with a sentence, if it does not fit this board.
    """
    import umail

    _preload()
    networks.check(settings)
    routes.check_files(settings["mail"])
    route = routes.every(settings["mail"], secrets.get, umail)
    journal = log.Log(size=settings["log_size"])
    time = _clock(settings["clock"], clock.Uptime(platform), journal.say)
    journal.stamp = time.stamp
    return route, time, journal, _sensor(settings, time, journal.say)


def build(settings, parts, running):
    """Return what runs the node; ``parts`` are those of ``configured``.

    ``running``, a list of two, gets the Log, and has what feeds the watchdog.
    """
    import umail

    route, time, journal, sensor = parts
    running[0] = journal
    uptime = time.uptime
    trace = (settings["sensor"] or {}).get("type") == "trace"
    cause = platform.cause()
    known = None if trace else memory.State(platform, cause == platform.DEEP_SLEEP)
    slept = known.number("slept") if known and cause == platform.DEEP_SLEEP else 0
    outbox = _outbox(umail, settings["mail"], settings["storm"], route, slept, sensor.pace if trace else uptime.seconds)
    feed = running[1] or platform.nothing
    platform.mark(platform.STATE, 1)
    outbox.tick = feed
    wifi = networks.make(settings, secrets.get, uptime, platform.sleep, feed, journal.say, journal.show)
    if wifi is not None and cause == platform.DEEP_SLEEP:
        wifi.welcome = journal.show
    if wifi is not None:
        time.gateway = wifi.gateway
    mail = settings["mail"]
    sender = mail["sender"] or mail["username"]
    post = mailer.Mailer(umail, outbox, sender, mail["to"], journal.say, journal.note)
    post.doubt_time = time.soon
    name = settings["board_name"]
    # A recording's storms are the recording's.
    watched = rulebook.make(settings["rules"], 0 if trace else settings["storm"]["window"] * 1000)
    node = app.App(name, sensor, watched, post, time, wifi, journal, feed, platform.sleep)
    node.interval = min([source.interval for source in getattr(sensor, "sources", ())] or [60000])
    sensor.feed = feed
    if settings["quiet"]:
        from alertnode.quiet import Quiet

        node.quiet = Quiet(settings["quiet"], time)  # type: ignore[assignment]
    node.origin = "alertnode %s, %s, started by %s" % (VERSION, platform.platform(), cause)
    node.port = platform  # type: ignore[assignment]
    # Every wake of a board on battery in the log would be all that is in it, and wear the flash.
    (journal.show if cause == platform.DEEP_SLEEP else journal.say)("%s: %s" % (name, node.about()))
    node.more = memory.last_words(platform)
    if known:
        node.state = known  # type: ignore[assignment]
        known.restore(node.rules, time.moment)
        if settings["heartbeat"]:
            _heartbeat(outbox, round(settings["heartbeat"] * zone.DAY), node.heartbeat)
    if settings["outputs"]:
        from alertnode.outputs.panel import Panel

        node.panel = Panel(node, settings["outputs"])  # type: ignore[assignment]
    _watch(node, settings)
    return _runner(node, settings)


def _sensor(settings, time, say):
    if (settings["sensor"] or {}).get("type") == "trace":
        from alertnode.sensors.trace import Trace

        config = settings["sensor"]
        try:
            step = round(config["step"] * 1000)
            return Trace(config["path"], config["unit"], time, say, config["speed"], step, config["column"])
        except OSError:
            raise ValueError("the file %s of sensor.path is not there: copy it to the board" % config["path"])
    from alertnode.sensors.buses import Buses
    from alertnode.sensors.group import Group

    buses = Buses(platform.sleep)
    sources = [_source(name, section, settings["interval"], buses) for name, section in settings["sensors"].items()]
    for source in sources:
        # Whatever it is, a sensor does not keep the node from starting: it is gone until it can be made.
        why = source.prepare()
        if why:
            say("the sensor %scannot be set up: %s" % (source.name and source.name + " ", why))
    return Group(time, sources, platform.sleep)


def _source(name, section, interval, buses):
    from alertnode.sensors import find
    from alertnode.sensors.group import Source

    driver = find.module(section["type"])
    values = find.values(driver, section)
    named = []
    for i, value in enumerate(values):
        of = name + "." + value[0] if name and value[0] else name or value[0]
        named.append((of, section["unit"] if not i else value[1]))
    scale, offset = [_each(section[key], values, usual) for key, usual in (("scale", 1), ("offset", 0))]
    same = scale == (1,) * len(values) and offset == (0,) * len(values)
    every = round((section["interval"] or interval) * 1000)
    tries, pause = getattr(driver, "TRIES", 1), getattr(driver, "PAUSE", 0)
    return Source(
        name,
        lambda: driver.Driver(section, buses),
        named,
        every,
        () if same else scale,
        () if same else offset,
        tries,
        pause,
    )


def _each(given, values, usual):
    """Return a calibration for each value: one number is for the first, a table for those that it names."""
    if isinstance(given, dict):
        return tuple([given.get(value[0], usual) for value in values])
    return (given,) + (usual,) * (len(values) - 1)


def _outbox(umail, mail, storm, route, slept, uptime):
    from random import random

    from umail.policy import Policy

    try:
        return umail.Outbox(
            OUTBOX,
            route,
            Policy(random, per_minute=mail["per_minute"], per_day=mail["per_day"], **storm),
            timeout=mail["timeout"],
            deadline=mail["deadline"],
            config=_fingerprint(mail),
            slept=slept,
            uptime=uptime,
            keep=platform.keep,
        )
    except OSError as error:
        raise OSError("the flash is full or damaged, there is no room for %s (%s)" % (OUTBOX, error))


def _preload():
    """Load what sends a mail now, while the heap is in one piece: an alert must not find that there is no room for it.

    A few hundred names come with it, which stay, and MicroPython's table of names doubles in one piece. The code of
    what a connection needs for a moment does not stay: it comes back in pieces of a few kilobytes, which a heap finds
    long after it has none for the table. On the virtual board, by that, the smallest heap that mails an alert falls
    from 186 kB to 171 kB, with litter left between alerts from 212 kB to 206 kB, that for a refused login from 193 kB
    to 181 kB.
    """
    from umail import load_transient

    for load, names in ((_resident, _SENDING), (load_transient, _PASSING)):
        for name in names:
            try:
                load(name)
            except (ImportError, MemoryError):
                # The library loads by itself what it needs, when it needs it.
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

    return Battery(node, platform, round(settings["battery"]["budget"] * 1000)).run


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
        try:
            chip = DS3231(machine.I2C(0, scl=machine.Pin(pins["scl"]), sda=machine.Pin(pins["sda"])))
        except ValueError:
            raise
        except Exception as error:
            say("the DS3231 cannot be set up: %s" % reason(error))
    return clock.Clock(platform, uptime, zone.Zone(settings["zone"]), settings["ntp"], say, chip=chip)
