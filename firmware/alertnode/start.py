"""Puts the alert node together and runs it, and keeps the board reachable whatever goes wrong."""

import sys

from alertnode import VERSION, port

MAINTENANCE = "/maintenance"
# Seconds in which Ctrl-C stops the start, before the watchdog is armed, which can't be stopped.
WINDOW = 2
_CRASH_PAUSE = 5
_REMIND = 30


def main():
    """What main.py runs; comes back to the REPL after Ctrl-C and where the maintenance flag is set."""
    if port.exists(MAINTENANCE):
        print("alertnode: not started, as the file %s is there: remove it and reset" % MAINTENANCE)
        return
    try:
        print("alertnode %s: starts in %d s, Ctrl-C stops it" % (VERSION, WINDOW))
        port.sleep(WINDOW)
        _start()
    except KeyboardInterrupt:
        print("alertnode: stopped. An armed watchdog still resets the board; for longer work create %s" % MAINTENANCE)


def _start():
    from alertnode import config

    settings, problems = config.load()
    if not problems:
        # Checked once and no longer needed: a board's RAM is small.
        sys.modules.pop("alertnode.config", None)
        try:
            node, log, feed = build(settings)
        except (ValueError, OSError) as error:
            problems = [str(error)]
    if problems:
        _tell(problems)
    try:
        node.run()
    except Exception as error:
        _crashed(error, log, feed)


def _tell(problems):
    """Say what is wrong, again and again, so that whoever connects later reads it too; Ctrl-C ends it."""
    while True:
        print("alertnode: not started, the configuration needs mending:")
        for sentence in problems:
            print("  - " + sentence)
        port.sleep(_REMIND)


def _crashed(error, log, feed):
    """Keep the traceback, leave time to look, and start anew: an alert node that stands still is worth nothing."""
    import io

    text = io.StringIO()
    sys.print_exception(error, text)
    for line in text.getvalue().split("\n"):
        if line:
            log.say(line)
    log.say("crashed; restarting in %d s" % _CRASH_PAUSE)
    for _ in range(_CRASH_PAUSE):
        feed()
        port.sleep(1)
    port.reset()


def build(settings):
    """(App, Log, the function that feeds the watchdog) of a checked configuration.

    ValueError or OSError, with a sentence, where it does not fit this board; the watchdog is not armed then.
    """
    import umail
    from alertnode import app, clock, log, mailer, routes, rules, secrets, sensors, zone

    mail = settings["mail"]
    times = settings["clock"]
    journal = log.Log(size=settings["log_size"])
    uptime = clock.Uptime(port)
    chip = _chip(times["ds3231"]) if times["ds3231"] else None
    time = clock.Clock(port, uptime, zone.Zone(times["zone"]), times["ntp"], journal.say, chip=chip)
    journal.stamp = time.stamp
    sensor = sensors.make(settings["sensor"], time, port.sleep, journal.say)
    route = routes.build(mail, secrets.get, umail)
    about = _about(uptime)
    journal.say("%s: %s" % (settings["board_name"], about()))
    feed = port.watchdog(settings["watchdog"])
    wifi = _wifi(settings["wifi"], secrets.get("wifi_password"), uptime, feed, journal.say)
    if wifi is not None:
        time.gateway = wifi.gateway
    limits = {"timeout": mail["timeout"], "deadline": mail["deadline"], "tick": feed}
    post = mailer.Mailer(umail, route, routes.sender(mail), mail["to"], uptime, journal.say, limits)
    node = app.App(
        settings["board_name"], sensor, rules.make(settings["rules"]), post, time, wifi, journal, feed, port.sleep
    )
    node.interval = settings["interval"]
    node.about = about
    return node, journal, feed


def _about(uptime):
    from alertnode.words import duration

    cause = port.cause()

    def about():
        return "alertnode %s, %s, started by %s, up for %s" % (VERSION, port.platform(), cause, duration(uptime()))

    return about


def _wifi(settings, password, uptime, feed, say):
    try:
        import network
    except ImportError:
        # A computer's MicroPython: the network is simply there.
        return None
    from alertnode.wifi import Wifi

    return Wifi(network, settings["ssid"], password, uptime, port.sleep, feed, say, settings["timeout"])


def _chip(pins):
    import machine

    from alertnode.ds3231 import DS3231

    return DS3231(machine.I2C(0, scl=machine.Pin(pins["scl"]), sda=machine.Pin(pins["sda"])))
