"""Checks what the configuration says of an hour: of the summary, the heartbeat, the update; loaded if there is one."""

from alertnode.config_kinds import REQUIRED, table
from alertnode.due import minute

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPREAD = ("whole", 60, 0, 1439)
_AT = ("text", REQUIRED)
# A time alone, "07:00", is a section with only that.
SECTIONS = {
    "summary": {"at": _AT, "every": (("day", "week", "month"), "day"), "on": (DAYS, ""), "spread": _SPREAD},
    "heartbeat": {"days": ("whole", 7, 1, 366), "at": _AT, "spread": _SPREAD},
}


def hour(path, found, problems):
    """Make ``at`` of ``found``, the section ``path``, minutes of the day."""
    try:
        found["at"] = minute(found["at"])
    except ValueError:
        problems.add(path + ".at", "is not a time of the day")


def section(path, value, problems):
    """Return the section ``path``, checked and completed: ``at`` in minutes of the day, ``on`` as a number."""
    if isinstance(value, str):
        value = {"at": value}
    found = table(path + ".", value, SECTIONS[path], problems)
    if found["at"] is not REQUIRED:
        hour(path, found, problems)
    if found.get("on"):
        if found["every"] not in (REQUIRED, "week"):
            problems.add(path + ".on", 'is a day of the week, without "every": "week"')
        found["on"] = DAYS.index(found["on"])
    else:
        found["on"] = 0
    return found
