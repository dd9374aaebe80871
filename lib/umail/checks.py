"""Refuses arguments that do not fit. What is plain (see making.py) has nothing in it to be looked for here."""


def refuse(argument, value, why):
    """Raise the ValueError for a faulty ``argument``; it shows the ``value``, unless that is a secret."""
    for word in ("password", "token", "secret"):
        # (MicroPython takes a tuple of endings from 1.26 on.)
        if argument.endswith(word):
            value = "***"
    raise ValueError("%s: %r %s" % (argument, value, why))


def clean(argument, value):
    """Return ``value``, a str without control characters; a ValueError names the ``argument`` otherwise."""
    if not isinstance(value, str):
        refuse(argument, value, "is not a str")
    for c in value:
        c = ord(c)
        # Half a surrogate pair is not a character, and CPython could not encode it.
        if c < 32 or 127 <= c < 160 or 0xD800 <= c < 0xE000:
            refuse(argument, value, "holds the character U+%04X" % c)
    return value


def token(value):
    """Return an access token; a ValueError refuses one that is not plain."""
    return clean("token", value)


def timeout(argument, value):
    """Refuse what is not a number of seconds, infinite, or more than a board's clock of milliseconds can tell."""
    if not isinstance(value, (int, float)) or not 0 < value <= 400000:
        refuse(argument, value, "is not a number of seconds from 0 to 400,000")


def route(one):
    """Check a ``Route`` that is not a plain login; its security may still be None."""
    if one.security is None:
        one.security = "tls" if one.port == 465 else "starttls"
    secure = one.security in ("starttls", "tls")
    if not secure and one.security not in ("opportunistic", "plain"):
        refuse("security", one.security, 'is none of "starttls", "tls", "opportunistic", "plain"')
    secret = one.password is not None or one.token is not None
    if secret != (one.username is not None) or (one.password is not None and one.token is not None):
        raise ValueError("a login is username= with either password= or token=")
    if not secure and (secret or one.certificate):
        refuse("security", one.security, 'would send credentials unprotected: use "starttls" or "tls", verified TLS')
    if not isinstance(one.port, int) or not 0 < one.port < 65536:
        refuse("port", one.port, "must be 1 to 65535, usually 587")
    if one.auth not in (None, "LOGIN", "PLAIN", "XOAUTH2"):
        refuse("auth", one.auth, 'is not "LOGIN", "PLAIN" or "XOAUTH2"')
    for name in ("host", "ehlo", "username", "password"):
        value = getattr(one, name)
        if value is not None:
            # RFC 5321, 4.5.3.1.2; RFC 4616, 2
            wrong = not clean(name, value) or len(value.encode()) > 255
            if wrong or (" " in value and name in ("host", "ehlo")):
                refuse(name, value, "is empty, has a space or more than 255 bytes")
