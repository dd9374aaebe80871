"""`ntptime`: asks the world's time server for the time, as far as the host lets it answer."""

import board_time
from board_link import call

host = "pool.ntp.org"
timeout = 1


def time():
    """Seconds since 2000-01-01, UTC; OSError where the server can't be found or does not answer in ``timeout``."""
    seconds = call("ntp.query", host)
    if seconds is None:
        board_time.sleep(timeout)
        import errno

        raise OSError(errno.ETIMEDOUT)
    return seconds


def settime():
    """Set the board's clock to the server's time."""
    call("clock.set", time() * 1000000)
