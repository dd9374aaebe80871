"""How much room the board's flash has, in kB."""

from alertnode.sensors.reading import Ready

KEYS: dict = {}
VALUES = (("", "kB", 0, None),)


class Driver(Ready):
    """The file system of the node's files."""

    def __init__(self, config, buses):
        pass

    def read(self):
        """Return kB that are free."""
        import os

        found = os.statvfs("/")
        return (found[0] * found[4] // 1024,)
