"""A flash, or a card, that cannot be read for a while; on either interpreter."""

import builtins


class Unreadable:
    """Makes ``open`` fail for paths that contain ``part``, with an OSError of ``args``, so many ``times``."""

    def __init__(self, part, args=(5,), times=1000):
        self.part = part
        self.args = args
        self.times = times

    def __enter__(self):
        # (By its name: MicroPython's module shows what was there before another took its place.)
        self.usual = open
        builtins.open = self.open
        return self

    def __exit__(self, kind, error, trace):
        builtins.open = self.usual

    def open(self, path, mode="r", *rest, **more):
        if isinstance(path, str) and self.part in path and mode in ("r", "rb") and self.times:
            self.times -= 1
            raise OSError(*self.args)
        return self.usual(path, mode, *rest, **more)
