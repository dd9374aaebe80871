"""Puts numbers, durations and words of the program into the board's language. Pure; events: event_texts.py."""

from alertnode.rules import number

# Another language has "alert=Alarm;recovery=…" here; in English a word of the program is its own.
_WORDS = "words of the program"


def amount(value, unit):
    """Return ``37.23 °C``; ``82 %``; ``3`` without a unit."""
    return united(local(number(value)), unit)


def local(digits):
    """Return the text of a number as the language writes it, with a decimal comma, say."""
    whole, point, rest = digits.partition(".")
    return "{}.{}".format(whole, rest) if point else whole


def united(digits, unit):
    return digits + " " + unit if unit else digits


def count(number, one, several):
    """Return ``one``, such as ``1 alert``, or ``several``, such as ``%d alerts``, with the number in it."""
    return one if number == 1 else several % number


def word(name):
    """Return a word of the program, such as ``alert`` or ``watchdog``, in the board's language."""
    for pair in _WORDS.split(";"):
        if pair[: len(name) + 1] == name + "=":
            return pair[len(name) + 1 :]
    return name


def duration(seconds):
    """Return ``3 h 20 min``, ``45 min`` or ``12 s``."""
    if seconds < 120:
        return "%d s" % seconds
    minutes = seconds // 60
    if minutes < 120:
        return "%d min" % minutes
    if minutes < 2880:
        return "%d h %d min" % (minutes // 60, minutes % 60)
    return "%d days %d h" % (minutes // 1440, minutes // 60 % 24)
