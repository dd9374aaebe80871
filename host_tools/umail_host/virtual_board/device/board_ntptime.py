"""`ntptime`: asks the world's time server for the time, as far as the host lets it answer."""

import board_time
from board_link import call

host = "pool.ntp.org"
timeout = 1


def time():
    """Return the time, UTC, as `time.time()` counts; OSError if no server is found or answers in ``timeout``."""
    seconds = call("ntp.query", host)
    if seconds is None:
        board_time.sleep(timeout)
        import errno

        raise OSError(errno.ETIMEDOUT)
    return seconds + board_time.FROM_2000


def settime():
    """Set the board's clock to the server's time."""
    call("clock.set", (time() - board_time.FROM_2000) * 1000000)
