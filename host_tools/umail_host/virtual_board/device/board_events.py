"""What reaches the board unasked: a thread reads the host's events and schedules handlers, as an interrupt does."""

import json
import sys

import micropython

_EVENTS = int(sys.argv[5])
_handlers = {}
_started = False
_held = False


def hold(held):
    """Keep events back while ``held``; the state before."""
    global _held
    before, _held = _held, held
    return before


def listen(name, handler):
    """Call ``handler(value)`` at each event ``name``; none ends that. The thread starts with the first handler."""
    global _started
    if handler is None:
        _handlers.pop(name, None)
        return
    _handlers[name] = handler
    if not _started:
        import _thread

        _started = True
        _thread.start_new_thread(_listen, (open(_EVENTS, "rb"),))


def _listen(events):
    while True:
        line = events.readline()
        if not line:
            return
        name, value = json.loads(line)
        handler = _handlers.get(name)
        while _held:
            import time

            time.sleep_ms(1)
        if handler is not None:
            try:
                micropython.schedule(handler, value)
            except RuntimeError:
                pass  # the queue is full: an interrupt that is not seen, as on hardware
