"""Holds the words of the summary."""

from alertnode.texts import count

SUBJECT = "Summary %s: %s (%s)"
BEGIN = "Summary of %s from %s to %s."
NO_READING = "no reading"
TO = "%s to %s"
LOWEST = "Lowest"
MEAN = "Mean"
HIGHEST = "Highest"
READINGS = "Readings"
OUTSIDE = "Outside"
LIMITS = "%s beyond the limits"
NEVER = "never beyond the limits"
ALERTS = "Alerts"
UNDER_WAY = "%s under way"
WIFI = "Wi-Fi"
MAILS = "Mails"
SENT = "%d sent, %d waiting"
BOARD = "Board"


def alerts(number):
    """Return ``1 alert``."""
    return count(number, "1 alert", "%d alerts") if number else "no alert"


def recoveries(number):
    """Return ``1 recovery``."""
    return count(number, "1 recovery", "%d recoveries")
