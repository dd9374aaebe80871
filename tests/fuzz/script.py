"""What a hostile peer does, as bytes that a fuzzer can change anywhere: what it says, and marks between that.

A mark is one byte: the next piece of what is said comes apart (``THEN``) or while the client still sends (``EARLY``);
the stream ends (``END``), the time runs out (``TIMEOUT``), the connection is reset (``RESET``), the certificate is not
trusted (``UNTRUSTED``); the client's next connection begins (``NEXT``). After ``LITERAL`` a byte is said that would
be a mark. Any bytes are a script.
"""

EARLY = 0x05
LITERAL = 0x10
TIMEOUT = 0x15
RESET = 0x18
UNTRUSTED = 0x19
END = 0x1A
NEXT = 0x1D
THEN = 0x1E
NAMES = {
    "early": EARLY,
    "literal": LITERAL,
    "timeout": TIMEOUT,
    "reset": RESET,
    "untrusted": UNTRUSTED,
    "end": END,
    "next": NEXT,
    "then": THEN,
}
_MARKS = bytes(NAMES.values())
_EVENTS = (TIMEOUT, RESET, UNTRUSTED, END)


def connections(script):
    """The script's connections: a list of lists of ``[early, event]``, an event the bytes said or a mark."""
    found = [[]]
    said = bytearray()
    early = literal = False
    for c in script:
        if literal or c not in _MARKS:
            said.append(c)
            literal = False
            continue
        if c == LITERAL:
            literal = True
            continue
        if said:
            found[-1].append([early, bytes(said)])
            said = bytearray()
            early = False
        if c in _EVENTS:
            found[-1].append([early, c])
            early = False
        elif c == NEXT:
            found.append([])
            early = False
        else:
            early = c == EARLY
    if said:
        found[-1].append([early, bytes(said)])
    return found


def said(octets):
    """The script in which just these bytes are said."""
    out = bytearray()
    for c in octets:
        if c in _MARKS:
            out.append(LITERAL)
        out.append(c)
    return bytes(out)
