"""Assertions that tell both values, on either interpreter (MicroPython's ``assert`` tells nothing)."""


def equal(got, wanted, about=""):
    """Fail, showing both, unless ``got == wanted``."""
    if got != wanted:
        raise AssertionError("%s got %r, wanted %r" % (about, got, wanted))


def raises(kind, function, *args, **kwargs):
    """Call ``function`` and return the exception of ``kind`` that it must raise."""
    try:
        result = function(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError("%r was not raised; got %r" % (kind, result))


def inside(part, whole):
    """Fail, showing both, unless ``part in whole``."""
    if part not in whole:
        raise AssertionError("%r is not in %r" % (part, whole))


def scratch(name):
    """The name of a file that no other process uses, in this folder."""
    import os

    return "umail-test-%s-%s" % ("".join(["%02x" % c for c in os.urandom(6)]), name)
