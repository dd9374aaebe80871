"""Refuses arguments that do not fit. What is plain (see making.py) has nothing in it to be looked for here."""


def refuse(name, value, reason):
    """Raise the ValueError for a faulty argument ``name``; it shows the ``value``, unless that is a secret."""
    for word in ("password", "token", "secret"):
        # (MicroPython takes a tuple of endings from 1.26 on.)
        if name.endswith(word):
            # (A short str in the code would be a name, which MicroPython keeps; so below.)
            value = b"***".decode()
    raise ValueError(" ".join((name + ":", repr(value), reason)))


def clean(name, value):
    """Return ``value``, a str without control characters; a ValueError names the argument ``name`` otherwise."""
    if not isinstance(value, str):
        refuse(name, value, "is not a str")
    data = value.encode("utf-8", "surrogatepass")
    # (Of a str MicroPython would make each character a name, and keep it.)
    for i, c in enumerate(data if data and (min(data) < 32 or max(data) > 126) else b""):
        # U+0080 to U+009F are 0xC2 and that byte.
        wrong = c < 32 or c == 127 or 128 <= c < 160 and data[i - 1] == 0xC2
        if c == 0xED and data[i + 1] >= 0xA0:
            # Half a surrogate pair is not a character, and CPython could not encode it.
            wrong = True
            c = 0xD000 | (data[i + 1] & 63) << 6 | data[i + 2] & 63
        if wrong:
            refuse(name, value, "holds the character U+%04X" % c)
    return value


def token(value):
    """Return an access token; a ValueError refuses one that is not plain."""
    return clean("token", value)


def timeout(name, value):
    """Refuse what is not a number of seconds, infinite, or more than a board's clock of milliseconds can tell."""
    if not isinstance(value, (int, float)) or not 0 < value <= 400000:
        refuse(name, value, "is not a number of seconds from 0 to 400,000")


def route(self):
    """Check a ``Route`` that is not a plain login; its security may still be None."""
    if self.security is None:
        self.security = "tls" if self.port == 465 else "starttls"
    secure = self.security in ("starttls", "tls")
    if not secure and self.security not in ("opportunistic", "plain"):
        refuse("security", self.security, 'is none of "starttls", "tls", "opportunistic", "plain"')
    secret = self.password is not None or self.token is not None
    if secret != (self.username is not None) or (self.password is not None and self.token is not None):
        raise ValueError("a login is username= with either password= or token=")
    if not secure and (secret or self.certificate):
        refuse("security", self.security, 'would send credentials unprotected: use "starttls" or "tls", verified TLS')
    if not isinstance(self.port, int) or not 0 < self.port < 65536:
        refuse("port", self.port, "must be 1 to 65535, usually 587")
    if self.auth not in (None, "LOGIN", "PLAIN", "XOAUTH2"):
        refuse("auth", self.auth, 'is not "LOGIN", "PLAIN" or "XOAUTH2"')
    for name in ("host", "ehlo", "username", "password"):
        value = getattr(self, name)
        if value is not None:
            # RFC 5321, 4.5.3.1.2; RFC 4616, 2
            wrong = not clean(name, value) or len(value.encode()) > 255
            if wrong or (" " in value and name in ("host", "ehlo")):
                refuse(name, value, "is empty, has a space or more than 255 bytes")
