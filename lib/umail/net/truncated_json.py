"""Tells JSON that was cut off: MicroPython up to 1.25 takes what stands before the cut for the whole."""


def closed(text):
    """Return True if every bracket in ``text`` (bytes), which MicroPython takes for JSON, is closed."""
    depth = 0
    quoted = escaped = False
    for c in text:
        if escaped:
            escaped = False
        elif c == 0x5C:
            escaped = quoted
        elif c == 0x22:
            quoted = not quoted
        elif not quoted:
            depth += (c in b"{[") - (c in b"}]")
    return not depth and not quoted
