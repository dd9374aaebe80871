"""Starts the alert node, and keeps the board reachable whatever goes wrong."""

import sys

from alertnode import VERSION, platform

MAINTENANCE = "/maintenance"
# Milliseconds in which Ctrl-C stops the start, before the watchdog is armed, which can't be stopped.
WINDOW = 2000
# Seconds before the restart after a crash; they double with each further one.
CRASH_PAUSE = 5
_LONGEST_PAUSE = 320
_REMIND = 30
# So often that is said before the restart: what could not be read may be readable then.
_REMINDERS = 20


def main():
    """Run the node; comes back to the REPL after Ctrl-C and if the maintenance flag is set."""
    if platform.exists(MAINTENANCE):
        print("alertnode: not started, as the file %s is there: remove it and reset" % MAINTENANCE)
        return
    try:
        cause = platform.cause()
        # A board that wakes every few minutes can't stay up for the window each time; Ctrl-C reaches it all the same.
        if cause != platform.DEEP_SLEEP:
            print("alertnode %s: starts in %d s, Ctrl-C stops it" % (VERSION, WINDOW // 1000))
            platform.sleep(WINDOW)
        _start(cause)
    except KeyboardInterrupt:
        platform.mark(platform.STATE, 0)
        print("alertnode: stopped. An armed watchdog still resets the board; for longer work create %s" % MAINTENANCE)


def _start(cause):
    running = [None, None]
    if cause != platform.DEEP_SLEEP:
        from alertnode import make_room

        make_room()
    try:
        # (What a frame of the interpreter has held is held until it ends: nothing is built in this one.)
        _prepared(cause, running)()
    except ImportError as error:
        # `umail deploy` leaves out what a configuration does not need.
        text = "a module is missing that this configuration needs (%s): umail deploy brings it"
        _tell([text % error], running[1])
    except Exception as error:
        _crashed(error, *running)


def _prepared(cause, running):
    """Return what runs the node; ``running`` gets its Log, and what feeds the watchdog, as soon as they are there."""
    # As the run before the reset had it. After power-on, what the configuration says is needed first.
    running[1] = platform.watchdog(platform.marked(platform.WATCH))
    if cause == platform.WATCHDOG:
        # Which part hung, for the next mail; and it counts as a failed start.
        from alertnode import last_words

        last_words.hung(platform)
        _failed()
    asleep = cause == platform.DEEP_SLEEP
    settings = None
    if asleep:
        from alertnode import config_cache

        settings = config_cache.load()
    if settings:
        running[1] = platform.watchdog(settings["watchdog"])
    else:
        from alertnode import options

        settings, problems = options.checked(running)
        if problems:
            _tell(problems, running[1])
    if platform.exists(platform.UPDATE):
        from alertnode import trial

        trial.begin()
    if platform.marked(platform.FAILS) >= platform.MOST_FAILS:
        from alertnode import safe_mode

        if asleep:
            settings = config_cache.whole(settings)
        return lambda: safe_mode.run(settings, running)
    run = _built(settings, running, asleep)
    if not asleep:
        from alertnode import options

        options.let_go()
    return run


def _built(settings, running, asleep):
    """Return what runs the node.

    ``asleep``: the board was asleep since it last did, and may be again in a moment.
    """
    from alertnode import assemble

    try:
        parts = assemble.configured(settings, asleep and bool(settings["battery"]))
    except ValueError as error:
        _tell([str(error)], running[1])
    return assemble.build(settings, parts, running)


def _tell(problems, feed):
    """Say what is wrong, again and again, so that whoever connects later reads it too, then restart; Ctrl-C ends it."""
    # (Whoever corrects it is not to be disturbed at the next start.)
    platform.mark(platform.WATCH, 0)
    if platform.exists(platform.UPDATE):
        from alertnode import trial

        trial.refuse(problems)
    for _ in range(_REMINDERS):
        print("alertnode: not started, fix the configuration:")
        for sentence in problems:
            print("  - " + sentence)
        _pause(_REMIND, feed)
    platform.reset()


def _failed():
    """Count a failed start; return how many there were within an hour."""
    fails = min(platform.marked(platform.FAILS) + 1, 255)
    platform.mark(platform.FAILS, fails)
    return fails


def _crashed(error, log, feed):
    """Keep the traceback, leave time to look, and start over: an alert node that stands still is worth nothing."""
    import gc

    # First what needs no memory.
    sys.print_exception(error)
    gc.collect()
    fails = _failed()
    pause = min(CRASH_PAUSE << min(fails - 1, 8), _LONGEST_PAUSE)
    try:
        # The traceback into the log, and its end into the next mail.
        from alertnode import last_words

        last_words.crashed(platform, error, log, pause)
    except Exception as again:
        print("alertnode: crashed, and the log could not be kept: %r" % again)
    _pause(pause, feed)
    platform.reset()


def _pause(seconds, feed):
    """Wait, with the watchdog fed."""
    for _ in range(seconds):
        if feed:
            feed()
        platform.sleep(1000)
