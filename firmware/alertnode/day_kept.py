"""Keeps on flash, or over deep sleep, what a Day has counted, and takes it up again; writes an hour of readings."""

import json
import os
import struct
from binascii import a2b_base64, b2a_base64

from alertnode.history_read import EMPTY, HEAD, HOURS, NONE, RECORD, RING, SLOT, crc, month, period_of, recent, records
from alertnode.rules import is_number

_VERSION = 1


def text(day):
    """Return the counts of ``day``, a Day, for its file: JSON as bytes."""
    return json.dumps(_dump(day)).encode()


def kept(day):
    """Return what must last through a deep sleep: a dict for JSON."""
    found = _dump(day)
    hours = day.history.hours
    found["hour"] = day.history.hour
    found["readings"] = {name: str(b2a_base64(_minutes(hours[name])), "ascii").strip() for name in hours}
    return found


def take(day, data, slept):
    """Give ``day`` what ``text`` made of it, or, if it ``slept``, what ``kept`` gave; it may be anything, or None."""
    found = slept or _parse(data) or {}
    if found.get("version") != _VERSION or not is_number(found.get("since")):
        return
    day.begin(int(found["since"]))
    values = found.get("values")
    for name in day.names:
        one = values.get(name) if isinstance(values, dict) else None
        if isinstance(one, list) and len(one) == 5 and _all_numbers(one if one[0] else one[::4]):
            day.values[name] = one
    counts = found.get("counts")
    if isinstance(counts, list) and len(counts) == 3 and _all_numbers(counts):
        day.alerts, day.recoveries, day.sent = counts
    if is_number(found.get("strength")):
        day.strength = found["strength"]
    outside = found.get("outside")
    if isinstance(outside, dict):
        day.outside = {name: outside[name] for name in outside if is_number(outside[name])}
    hour = found.get("hour", -1)
    if slept and is_number(hour) and 0 <= hour < 1 << 24:
        day.history.hour = int(hour)
        _readings(day, found.get("readings"))


def _dump(day):
    return {
        "version": _VERSION,
        "since": day.since,
        "values": day.values,
        "counts": [day.alerts, day.recoveries, day.mailed()],
        "outside": day.outside,
        "strength": day.strength,
    }


def _minutes(hour):
    """Return the minutes of an Hour that have a reading, as bytes: 5 for each."""
    return b"".join([struct.pack("<Bf", i, v) for i, v in enumerate(hour.minutes) if v == v])


def _readings(day, readings):
    for name in day.names:
        if isinstance(readings, dict) and isinstance(readings.get(name), str):
            try:
                data = a2b_base64(readings[name].encode())
            except Exception:
                # (What is not base64 is a plain Exception to the binascii of some builds.)
                data = b""
            for at in range(0, len(data) - 4, 5):
                minute, value = struct.unpack("<Bf", data[at : at + 5])
                if minute < 60 and value - value == 0:
                    day.history.add(name, minute * 60, value)


def _all_numbers(values):
    return not [value for value in values if not is_number(value)]


def _parse(data):
    try:
        values = json.loads(data.decode())
    except (AttributeError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def flush(history):
    """Write the hour of ``history``, a History, as History.flush does."""
    hours, numbers = history.hours, history.numbers
    found = [pack(hours[name], history.hour, numbers[name]) for name in hours if name in numbers]
    found = [record for record in found if record]
    if not found:
        return False
    try:
        _append(history, b"".join(found))
    except OSError:
        return False
    return True


def pack(readings, hour, number):
    """Return the record of ``readings``, an Hour, of the value with the id ``number``; None if it has none."""
    known = [value for value in readings.quarters if value == value]
    if not known:
        return None
    exponent, base = _scale(min(known), max(known))
    out = bytearray(struct.pack(HEAD, hour, number, exponent, 0, base))
    for values in (readings.minutes, readings.quarters):
        for value in values:
            code = NONE
            if value == value:
                code = min(max(_whole(value, exponent) - base, 0), NONE - 1)
            out += struct.pack("<H", code)
    return out + crc(out)


def _append(history, data):
    period = history.hour // HOURS  # type: ignore[operator]
    path = recent(history, period)
    found = period_of(path)
    if found != period and found is not None:
        _retire(history, path, found)
    try:
        os.mkdir(history.folder)
    except OSError:
        pass
    with open(path, "r+b" if found == period else "wb") as file:
        # What a power cut left of a record on FAT is written over.
        file.seek(file.seek(0, 2) // RECORD * RECORD)
        file.write(data)


def _retire(history, path, period):
    """Copy the quarters of a recent file into the rings; remove those of values that are no longer known."""
    slots: dict = {}
    for hour, number, exponent, base, _, quarters in records(path):
        slot = slots.get(number)
        if slot is None:
            slot = slots[number] = [EMPTY] * HOURS
        at = hour % HOURS
        slot[at] = struct.pack("<ii", exponent, base) + quarters
    known = list(history.numbers.values())
    for number in slots:
        if number in known:
            data = struct.pack("<I", period) + b"".join(slots[number])
            _put(month(history, number), period, data + crc(data))
    for name in os.listdir(history.folder):
        if name[4:] == ".month" and int(name[:4], 16) not in known:
            os.remove(history.folder + "/" + name)


def _put(path, period, data):
    at = period % RING * SLOT
    try:
        size = os.stat(path)[6]
    except OSError:
        size = -1
    with open(path, "wb" if size < 0 else "r+b") as file:
        file.seek(max(min(size, at), 0))
        for _ in range((at - max(size, 0) + SLOT - 1) // SLOT):
            file.write(bytes(SLOT))
        file.seek(at)
        file.write(data)


def _scale(low, high):
    """Return (exponent, base) by which values from ``low`` to ``high`` have as many digits as a person is shown."""
    top = max(-low, high)
    exponent = 2 if top >= 1 else 4
    while exponent > -30 and not (top * _factor(exponent) < 1e9 and (high - low) * _factor(exponent) < NONE - 2):
        exponent -= 1
    return exponent, _whole(low, exponent)


def _factor(exponent):
    return 10.0**exponent


def _whole(value, exponent):
    return int(round(value * _factor(exponent)))
