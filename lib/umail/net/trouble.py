"""What a connection seldom needs: what a caller's function raised, errors of sockets, one that stood idle."""

import sys

from umail import load_transient

from ..errors import Raised


def idle(wire):
    """Return None if the connection stands and nothing has come in; else as a receive."""
    count = wire.take() if wire.sock else 0
    return None if count < 0 else count


def error(wire, error):
    """Return what leaves the driver for ``error``: what a caller's function raised leaves as it came."""
    return error.args[0] if isinstance(error, Raised) and not hasattr(wire, "inner") else error


def failed(wire, error, tick=False):
    """Return the error of a socket as the library knows it; None: the time is up; 0: the stream has ended.

    ``tick``: it is what a caller's function raised.
    """
    if tick:
        return Raised(error)
    if error is None:
        from errno import ETIMEDOUT

        error = OSError(ETIMEDOUT)
    elif not error:
        error = OSError("EOF")
    if error.args and isinstance(error.args[0], int) and error.args[0] < 0 and not error.args[1:]:
        error = load_transient("net.tls_failure").worded(error)
    # With TLS 1.3 our side of the handshake is over before the server has looked at our certificate.
    route = wire.handshake or ("ALERT" in str(error) and wire.unheard)
    return (
        load_transient("net.tls_failure").meaning(error, route, wire.free if sys.platform == "rp2" else None)
        if route
        else error
    )


def call(wire, function, refresh):
    """Get an access token: ``function`` is run by this driver if it is a generator's (umail.oauth), else called."""
    steps = getattr(function, "steps", None)
    if not steps:
        return function(refresh=refresh)
    inner = type(wire)(wire.timeout, wire.tick)
    inner.until = inner.end = inner.deadline = wire.end
    inner.inner = True
    return inner.run(steps(refresh))


def pause(wire, seconds):
    """Wait, with ticks."""
    from time import sleep

    wire.wait_for(seconds)
    try:
        while True:
            sleep(wire.slice() / 1000)
    except OSError:
        pass
