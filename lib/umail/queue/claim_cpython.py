"""Keeps two programs, or two outboxes of one, from the same directory (not needed on a board, which runs one)."""

import os


class Claim:
    """Holds the directory ``path`` until it is closed or forgotten; BlockingIOError if somebody else holds it."""

    file = None

    def __init__(self, path):
        try:
            import fcntl
        except ImportError:
            # Windows has no lock on a directory.
            return
        self.file = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise

    def close(self):
        """Release the directory."""
        if self.file is not None:
            os.close(self.file)
            self.file = None

    __del__ = close
