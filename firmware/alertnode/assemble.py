"""Puts the alert node together from a checked configuration."""

from alertnode import VERSION, app, clock, log, platform, rulebook, texts, zone
from alertnode import state as memory
from alertnode.sensors.buses import Buses


def configured(settings, asleep=False):
    """Return the parts that can show a mistake in the configuration: (route, time, journal, sensor).

    ``asleep``: the board only slept since it was found right; what mails is loaded when it is needed, so the route is
    None. Raises ValueError, with a sentence, if it does not fit this board.
    """
    way = None
    if not asleep:
        from alertnode import mail_setup

        way = mail_setup.route(settings)
    journal = log.Log(size=settings["log_size"])
    # Between its mails a board on battery sleeps whenever it waits.
    rest = platform.doze if settings["battery"] else platform.sleep
    buses = Buses(rest)
    time = _clock(settings["clock"], clock.Uptime(platform), journal.say, buses)
    journal.stamp = time.stamp
    return way, time, journal, _sensor(settings, time, journal.say, buses)


def build(settings, parts, running):
    """Return what runs the node; ``parts`` are those of ``configured``.

    ``running``, a list of two, gets the Log, and has what feeds the watchdog.
    """
    way, time, journal, sensor = parts
    running[0] = journal
    cause = platform.cause()
    trace = _is_trace(settings)
    known = None if trace else memory.State(platform, cause == platform.DEEP_SLEEP or not settings["battery"])
    feed = running[1] or platform.nothing
    platform.mark(platform.STATE, 1)
    name = settings["board_name"]
    # A recording's storms are the recording's.
    watched = rulebook.make(settings["rules"], 0 if trace else settings["storm"]["window"] * 1000)
    node = app.App(name, sensor, watched, None, time, None, journal, feed, platform.sleep)
    node.interval = min([source.interval for source in getattr(sensor, "sources", ())] or [60000])
    sensor.feed = feed
    node.origin = "alertnode %s, %s, started by %s" % (VERSION, platform.platform(), texts.word(cause))
    node.port = platform  # type: ignore[assignment]
    # Every wake of a board on battery in the log would be all that is in it, and wear the flash.
    say = journal.show if cause == platform.DEEP_SLEEP else journal.say
    say("%s: %s" % (name, node.about()))
    # (A power cut on FAT leaves only the second.)
    if platform.exists(memory.LAST_WORDS) or platform.exists(memory.LAST_WORDS + ".new"):
        from alertnode import last_words

        node.more = last_words.last_words(platform)
    if known:
        node.state = known  # type: ignore[assignment]
        known.restore(node.rules, time.moment)
    if not settings.get("plain"):
        from alertnode import options

        options.add(node, settings, say)
    if settings["battery"]:
        from alertnode import battery

        return battery.Battery(node, platform, settings, way).run
    # They are rules now.
    del settings["rules"]
    # An alert must not wait for its words.
    from alertnode import event_texts, mail_setup  # noqa: F401

    mail_setup.add(node, settings, way, 0, sensor.pace if trace else time.uptime.seconds)
    if not trace:
        from alertnode.rest import Rest

        node.rest = Rest(node, settings)  # type: ignore[assignment]
    return node.run


def _sensor(settings, time, say, buses):
    if _is_trace(settings):
        from alertnode.sensors import trace

        return trace.make(settings["sensor"], time, say)
    from alertnode.sensors.group import Group

    sources = [_source(name, section, settings["interval"], buses) for name, section in settings["sensors"].items()]
    for source in sources:
        # Whatever it is, a sensor does not keep the node from starting: it is gone until it can be made.
        why = source.prepare()
        if why:
            say("the sensor%s cannot be set up: %s" % (source.name and " " + source.name, why))
    return Group(time, sources, buses.sleep)


def _is_trace(settings):
    # (What a board on battery has kept has no key for the only sensor.)
    return (settings.get("sensor") or {}).get("type") == "trace"


def _source(name, section, interval, buses):
    from alertnode.sensors import find
    from alertnode.sensors.group import Source, maker

    driver = find.module(section["type"])
    values = find.values(driver, section)
    named = []
    for i, value in enumerate(values):
        of = name + "." + value[0] if name and value[0] else name or value[0]
        named.append((of, section["unit"] if not i else value[1]))
    scale, offset = [_each(section.get(key, usual), values, usual) for key, usual in (("scale", 1), ("offset", 0))]
    same = scale == (1,) * len(values) and offset == (0,) * len(values)
    every = round((section.get("interval") or interval) * 1000)
    tries, pause = getattr(driver, "TRIES", 1), getattr(driver, "PAUSE", 0)
    source = Source(
        name,
        maker(driver.Driver, section, buses),
        named,
        every,
        () if same else scale,
        () if same else offset,
        tries,
        pause,
    )
    source.section = section
    return source


def _each(given, values, usual):
    """Return a calibration for each value: one number is for the first, a table for those that it names."""
    if isinstance(given, dict):
        return tuple([given.get(value[0], usual) for value in values])
    return (given,) + (usual,) * (len(values) - 1)


def _clock(settings, uptime, say, buses):
    chip = None
    if settings["ds3231"]:
        from alertnode import ds3231

        chip = ds3231.make(settings["ds3231"], say, buses)
    return clock.Clock(platform, uptime, zone.Zone(settings["zone"]), settings["ntp"], say, chip=chip)
