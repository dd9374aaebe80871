"""A right configuration, and what tests change in it."""

import json


def but(table, more):
    """A copy of ``table`` with ``more`` (MicroPython has no {**…})."""
    copy = dict(table)
    copy.update(more)
    return copy


GOOD = {
    "board_name": "freezer-3",
    "wifi": {"ssid": "lab"},
    "mail": {
        "route": "m365.submission",
        "username": "esp32@contoso.com",
        "to": ["ops@contoso.com"],
        "host": "localhost",
        "port": 5870,
        "trust": "/certs/demo.der",
    },
    "sensor": {"type": "trace", "path": "/trace.csv", "unit": "°C"},
    "rules": [{"name": "temperature", "when": "above", "limit": 37.2, "hysteresis": 0.2, "readings": 1}],
    "interval": 60,
    "clock": {"ntp": "pool.ntp.org", "zone": "CET-1CEST,M3.5.0,M10.5.0/3"},
    "watchdog": 120,
}
OAUTH = {"flow": "client_credentials", "tenant": "contoso.com", "client_id": "1-2"}
SECOND = {"route": "smtp", "host": "smtp.example.org", "sender": "esp32@example.org"}
REMOVE = object()


def changed(key, value, good=GOOD):
    """A copy of ``good`` with another value at a key such as ``mail.to``; REMOVE: without it."""
    copy = json.loads(json.dumps(good))
    place = copy
    for part in key.split(".")[:-1]:
        place = place[part][0] if part == "rules" else place[part]
    last = key.split(".")[-1]
    if value is REMOVE:
        del place[last]
    else:
        place[last] = value
    return copy
