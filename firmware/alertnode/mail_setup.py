"""Makes what mails: the library, its outbox, the network. A board on battery loads it only for a mail."""

from alertnode import mailer, net_setup, platform, routes, secrets, zone

OUTBOX = "/outbox"
# The modules that are needed only while this one makes something.
ONCE = ("mail_setup", "net_setup", "routes", "secrets", "due")
_SENDING = ("message", "blocking", "delivery", "queue.flush")
# What the library lets go of after each connection, and what it needs when one fails.
_PASSING = (
    "dns",
    "connecting",
    "net.resolve",
    "net.opening",
    "net.tls",
    "smtp.handshake",
    "smtp.ehlo",
    "smtp.login",
    "mime.plain",
    "mime.fields",
    "smtp.flight",
    "smtp.sending",
    "smtp.failure",
    "smtp.retry",
    "net.tls_failure",
    "replies",
)


def route(settings):
    """Return the route to the mail server, or two; raises ValueError if ``settings`` do not fit this board."""
    import umail

    net_setup.check(settings)
    mail = settings["mail"]
    routes.check_files(mail)
    return routes.every(mail, secrets.get, umail)


def add(node, settings, way, slept, uptime):
    """Give ``node``, an App, its Mailer and its Wifi, and what warns of dates.

    ``way`` is what ``route`` returns, None if a mail is about to be sent; ``slept`` the seconds since there was an
    outbox, if there was one; ``uptime`` the outbox's clock.
    """
    import umail

    if way is None:
        way = route(settings)
        _preload()
    mail = settings["mail"]
    outbox = _outbox(umail, mail, settings["storm"], way, slept, uptime)
    try:
        _use(node, settings, outbox)
    except BaseException:
        # Another attempt makes another one.
        outbox.close()
        raise


def _use(node, settings, outbox):
    """Give ``node`` what uses ``outbox``."""
    import umail

    mail = settings["mail"]
    outbox.tick = node.feed
    log = node.log
    if node.wifi is None:
        wifi = net_setup.make(settings, secrets.get, node.clock.uptime, platform.sleep, node.feed, log.say, log.show)
        if wifi is not None and platform.slept():
            wifi.welcome = log.show
        node.join(wifi)
    sender = mail["sender"] or mail["username"]
    node.mailer = mailer.Mailer(umail, outbox, sender, mail["to"], log.say, log.note)
    node.mailer.doubt_time = node.clock.soon
    if settings.get("modem") and node.wifi is not None:
        node.wifi.watch(outbox, node.clock)
    if settings["ping"]:
        from alertnode import ping

        node.mailer.ping = ping.make(settings["ping"], settings["ping_trust"], node.feed, log)
    if secrets.get("fleet_key"):
        from alertnode import signing

        outbox.before_send = signing.make(node, settings["sensors"])
    every = settings["heartbeat"]
    hour = every if isinstance(every, dict) else None
    if node.state is not None and every:
        _heartbeat(outbox, round((hour["days"] if hour else every) * zone.DAY), mailer.beating(node))
    if node.day:
        outbox.spool.made = node.day.part
        node.mailer.flushed += (node.day.look,)
    if hour:
        from alertnode import due

        beat = due.Beat(outbox, node.clock, hour, due.unique())
        node.mailer.flushed += (beat,)
        beat()
    _watch(node, settings)
    if settings["battery"]:
        from alertnode import kept

        node.mailer.kept = kept.use(node, settings)
    if not node.chores:
        node.chores = _chores(node, settings)


def _chores(node, settings):
    chores: tuple = ()
    if platform.exists(platform.UPDATE):
        from alertnode import trial

        chores = (trial.Trial(node),)
    if settings["update"]:
        from alertnode import update

        chores += (update.Updates(node, settings["update"]),)
    return chores


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
    if not node.expiry:
        from alertnode import expiry

        node.expiry = expiry.Watch(expiry.dates(settings["expires"], sections), node.clock, node.log.say)
    # The outbox counts as ``time.time()`` does.
    node.mailer.outbox.expires = [(name, end - platform.EPOCH) for name, end in node.expiry.dates]
