"""What `umail doctor` runs on a board: network and clock, then the stages of examine.py; each printed as JSON."""

import gc
import json
import time

from umail import dns

# What begins a line of the report among those of the board's console.
MARK = "\x1eumail-doctor "
# Weaker signals, in dBm, lose packets now and then; still weaker ones, connections.
_WEAK, _TOO_WEAK = -70, -80
# Seconds for a connection to one address.
_CONNECT = 10


def on_board(options):
    """Make all checks from this board with its own configuration and secrets; print one marked line of JSON for each.

    Args:
        options (dict): as of ``examine``, and ``now``, Unix seconds as the host knows them.
    """
    # MicroPython's table of names doubles in one piece: the heap must not be in pieces when it does.
    gc.collect()
    gc.threshold(8192)
    from alertnode import config, platform, secrets

    def tell(stage, state, text, key="", **more):
        more["stage"], more["state"], more["text"], more["key"] = stage, state, text, key
        print(MARK + json.dumps(more))

    settings, problems = config.load()
    if problems:
        tell("configuration", "failed", " ".join(problems))
        return
    if not _network(settings, platform, secrets, tell):
        return
    clock = _clock(settings["clock"], platform, tell, options["now"])
    mail = settings["mail"]
    _mail(settings, mail, "", options, clock, tell)
    if mail["fallback"]:
        _mail(settings, mail["fallback"], "_2", options, clock, tell)


def _mail(settings, section, suffix, options, clock, tell):
    # One route, by what both mail sections say of it; ``suffix`` is that of its secrets.
    from umail_doctor import examine

    import umail
    from alertnode import routes, secrets
    from umail.blocking import Wire

    mail = settings["mail"]

    def by(stage, state, text, key="", **more):
        if suffix:
            more["route"] = "fallback"
        tell(stage, state, text, key, **more)

    try:
        route = routes.build(section, secrets.get, umail, suffix)
        subject = options["subject"] + (", by the second route" if suffix else "")
        message = umail.Message(mail["sender"] or mail["username"], mail["to"], subject, text="This is a test.\n")
    except (ValueError, OSError) as error:
        by("configuration", "failed", str(error))
        return
    if options["send"]:
        _sign(message, settings, clock, route)
    own = dict(options)
    own["domain"] = section["domain"]
    own["servers"] = options["servers"] or dns.servers()
    oauth = section["oauth"]
    own["token"] = (oauth["host"] or "login.microsoftonline.com", oauth["port"] or 443) if oauth else None
    # What was loaded to read the configuration is not needed any more.
    gc.collect()
    wire = Wire(_CONNECT)
    wire.run(examine(wire, route, by, own, message, True))


def _sign(message, settings, clock, route):
    # By its fleet key, if it has one: the first that a fleet hears of it.
    try:
        from alertnode import signing

        sign = signing.without_app(settings, clock, route)
    except (ImportError, AttributeError):
        # (An older firmware lacks it.)
        return
    if sign:
        sign(message)


def _network(settings, platform, secrets, tell):
    from alertnode import net_setup
    from alertnode.clock import Uptime

    said = []
    stage = "ethernet" if settings["ethernet"] else "modem" if settings.get("modem") else "wifi"
    try:
        net_setup.check(settings)
    except ValueError as error:
        tell(stage, "failed", str(error))
        return False
    found = net_setup.make(settings, secrets.get, Uptime(platform), platform.sleep, platform.nothing, said.append)
    if found is None:
        tell("wifi", "skipped", "this board has no Wi-Fi: the network is simply there")
        return True
    if not found.up():
        tell(stage, "failed", said[-1].rpartition(";")[0], stage)
        return False
    text = said[-1] if said else "connected"
    try:
        strength = found.nic.status("rssi")
    except (OSError, ValueError, TypeError):
        tell(stage, "ok", text)
        return True
    text += ", %d dBm" % strength
    if strength < _TOO_WEAK:
        tell(stage, "failed", text + ": too weak", "wifi_weak")
    else:
        tell(stage, "warning" if strength < _WEAK else "ok", text, "wifi_weak" if strength < _WEAK else "")
    return True


def _clock(settings, platform, tell, now):
    from alertnode.clock import Clock, Uptime
    from alertnode.zone import Zone

    said = []
    began = time.ticks_ms()
    clock = Clock(platform, Uptime(platform), Zone(settings["zone"]), settings["ntp"], said.append)
    good = clock.sync()
    now += time.ticks_diff(time.ticks_ms(), began) // 1000
    apart = platform.unix() - now
    if good and abs(apart) < 90:
        tell("clock", "ok", said[-1])
        return clock
    if good:
        text = "NTP gives a time %d s apart from the computer's: %s" % (apart, said[-1])
        tell("clock", "warning", text, "clock_apart")
        return clock
    # So that the certificates can be checked all the same: the question here is the mail.
    platform.set_unix(now)
    tell("clock", "failed", said[-1].partition(":")[0] + "; set to the computer's time for this run", "ntp")
    clock.state = Clock.SET
    return clock
