"""Says in a header of each mail how the board is, signed with its key; the format is in docs/fleet-status.md.

It is loaded for a moment before a mail leaves, and only on a board that has a key.
"""

import os

from alertnode import VERSION, platform

HEADER = "X-Umail-Status"
# The highest number that may have been used; mails are numbered without a gap up to it.
COUNTER = "/counter"
# What an update over the network leaves: its number.
_UPDATE = "/update.version"
_STEP = 32
# So many alerts, expiries, and bytes of each name: the header stays a few hundred bytes.
_MOST = 6
_LONGEST = 24
_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."


def sign(message, node, of, used, key):
    """Give ``message`` the header; one that it has from an earlier try goes.

    ``node`` is an App; ``of`` names the value that is the battery's voltage, None if there is none; ``used`` is a list
    of two numbers, kept from call to call: that of the last mail, and the last of those that are set aside; ``key`` is
    the fleet key, in hexadecimal.
    """
    from binascii import hexlify, unhexlify

    from alertnode.hmac256 import hmac256

    now = node.clock.now() or 0
    text = "; ".join(_fields(node, of, now) + ["n=%d" % number(used, now)])
    code = hmac256(hmac256(unhexlify(key), b"status"), text.replace(" ", "").encode())
    others = [pair for pair in message.headers if pair[0] != HEADER]
    message.headers = others + [(HEADER, "%s; mac=%s" % (text, hexlify(code[:16]).decode()))]


def number(used, now, port=platform):
    """Return the number of the next mail, higher than any before, whatever power and clock do.

    ``now`` is in Unix seconds: without its file, and with the flash erased, numbers go on from there. The file is
    written once a start, and for every 32nd mail.
    """
    if used[0] >= used[1]:
        kept = port.read(COUNTER, 32)
        used[0] = max(used[0], int(kept) if kept else 0, now)
        used[1] = used[0] + _STEP
        try:
            port.write(COUNTER, b"%d" % used[1])
        except OSError:
            # The flash is full: after a reset the clock sees to it, unless it goes back.
            pass
    used[0] += 1
    return used[0]


def word(text):
    """Return ``text`` (str) as a word of ASCII that no header, list or terminal minds: percent-encoded UTF-8."""
    words = bytearray()
    for c in text.encode()[:_LONGEST]:
        if c in _PLAIN:
            words.append(c)
        else:
            words.extend(b"%%%02X" % c)
    return words.decode()


def _fields(node, of, now):
    """Return the fields (list of str) but for the number and the code; ``now`` is in Unix seconds."""
    import gc

    outbox = node.mailer.outbox
    fields = [
        "v=1",
        "id=" + _identity(),
        "t=%d" % now,
        "name=" + word(node.board),
        "fw=" + word(VERSION),
        "cfg=" + _digest(),
        "up=%d" % (node.clock.uptime() // 1000),
        "by=" + word(platform.cause()),
        # (CPython, where the tests run, too, does not tell.)
        "heap=%d" % getattr(gc, "mem_free", int)(),
        "flash=%d" % _free(),
        "wait=%d" % node.mailer.pending(),
        "dead=%d" % len(outbox.dead()),
    ]
    if outbox.heartbeat and outbox.beat is not None:
        fields.append("due=%d" % (now + outbox.beat - outbox.now()))
    update = platform.fetch(_UPDATE, 12)
    if update and update.strip().isdigit():
        fields.append("upd=%s" % update.strip().decode())
    reading = node.readings.get(of)
    if reading is not None and reading.value is not None:
        fields.append("bat=%d" % round(reading.value * 1000))
    strength = _strength()
    if strength:
        fields.append("rssi=%d" % strength)
    _append(fields, "on", [word(rule.name) for rule in node.rules if rule.active])
    _append(fields, "exp", ["%s:%d" % (word(name), end + platform.EPOCH) for name, end in outbox.expires])
    route = outbox.route[0] if isinstance(outbox.route, (list, tuple)) else outbox.route
    if route.fails and route.refusal:
        fields.append("ref=" + word(route.refusal))
    return fields


def _append(fields, name, words):
    """Add a list of ``words``, the first few, if there are any."""
    if words:
        fields.append("%s=%s" % (name, ",".join(words[:_MOST])))


def _identity():
    from binascii import hexlify

    try:
        import machine

        return hexlify(machine.unique_id()).decode()
    except (ImportError, AttributeError):
        return "0"


def _digest():
    """Return the beginning of the SHA-256 of the configuration, by which two boards can be told to have the same."""
    from binascii import hexlify
    from hashlib import sha256

    made = sha256()
    try:
        with open("/config.json", "rb") as file:
            while True:
                piece = file.read(256)
                if not piece:
                    break
                made.update(piece)
    except OSError:
        return "0"
    return hexlify(made.digest()[:4]).decode()


def _free():
    """Return the bytes that are free on flash."""
    try:
        found = os.statvfs("/")
    except (OSError, AttributeError):
        return 0
    return found[0] * found[3]


def _strength():
    """Return the strength of the Wi-Fi in dBm, None if it is not known."""
    try:
        import network

        return network.WLAN(network.STA_IF).status("rssi")
    except Exception:
        # Each port has an error of its own for this.
        return None
