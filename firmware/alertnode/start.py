"""Starts the alert node, and keeps the board reachable whatever goes wrong."""

import sys

from alertnode import VERSION, platform

MAINTENANCE = "/maintenance"
# Seconds in which Ctrl-C stops the start, before the watchdog is armed, which can't be stopped.
WINDOW = 2
_CRASH_PAUSE = 5
_REMIND = 30


def main():
    """Run the node; comes back to the REPL after Ctrl-C and if the maintenance flag is set."""
    if platform.exists(MAINTENANCE):
        print("alertnode: not started, as the file %s is there: remove it and reset" % MAINTENANCE)
        return
    try:
        # A board that wakes every few minutes can't stay up for the window each time; Ctrl-C reaches it all the same.
        if platform.cause() != platform.DEEP_SLEEP:
            print("alertnode %s: starts in %d s, Ctrl-C stops it" % (VERSION, WINDOW))
            platform.sleep(WINDOW * 1000)
        _start()
    except KeyboardInterrupt:
        print("alertnode: stopped. An armed watchdog still resets the board; for longer work create %s" % MAINTENANCE)


def _start():
    from alertnode import config

    settings, problems = config.load()
    run = log = feed = None
    if not problems:
        # Needed once: a board's RAM is small.
        del config
        _unload("config")
        try:
            from alertnode import assemble

            run, log, feed = assemble.build(settings)
            del assemble
            for name in ("assemble", "routes", "secrets"):
                _unload(name)
        except (ValueError, OSError) as error:
            problems = [str(error)]
    if problems:
        _tell(problems)
    try:
        run()
    except Exception as error:
        _crashed(error, log, feed)


def _unload(name):
    import gc

    import alertnode

    sys.modules.pop("alertnode." + name, None)
    if hasattr(alertnode, name):
        delattr(alertnode, name)
    gc.collect()


def _tell(problems):
    """Say what is wrong, again and again, so that whoever connects later reads it too; Ctrl-C ends it."""
    while True:
        print("alertnode: not started, fix the configuration:")
        for sentence in problems:
            print("  - " + sentence)
        platform.sleep(_REMIND * 1000)


def _crashed(error, log, feed):
    """Keep the traceback, leave time to look, and start anew: an alert node that stands still is worth nothing."""
    import gc
    import io

    from alertnode.state import keep_last_words

    # First what needs no memory.
    sys.print_exception(error)
    gc.collect()
    try:
        text = io.StringIO()
        sys.print_exception(error, text)
        for line in text.getvalue().split("\n"):
            if line:
                log.say(line)
        keep_last_words(platform, "The board was restarted after a crash. Its log ended:")
        log.say("crashed; restarting in %d s" % _CRASH_PAUSE)
    except Exception as again:
        print("alertnode: crashed, and the log could not be kept: %r" % again)
    for _ in range(_CRASH_PAUSE):
        feed()
        platform.sleep(1000)
    platform.reset()
