"""How a message and a route are made of their arguments, and what is plain in them; loaded for it, then dropped.

What is plain needs no check. For the rest a module is loaded that looks at it: addresses with names or in other scripts
(mime/addresses.py), further arguments of a message (mime/optional_fields.py), whatever else (checks.py).
"""

import os
from binascii import hexlify

from umail import load_transient


def plain(value, limit=64):
    """Tell whether ``value`` is a str of 1 to ``limit`` printable ASCII characters, nothing in which needs a look."""
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        return False
    # (Of a str MicroPython would make each character a name, and keep it.)
    data = value.encode("utf-8", "surrogatepass")
    return min(data) >= 32 and max(data) < 127


def address(name, value):
    """Turn ``"Name <local@domain>"``, ``"local@domain"`` or a pair into a checked pair (name, address).

    Raises:
        ValueError: control characters, more or less than one ``@``, a special character, or a part longer than
            RFC 5321, section 4.5.3.1 allows (64 and 255 bytes).
    """
    if (
        plain(value)
        and not value.strip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+@")
        and value.count("@") == 1
        and value[:1] != "@" != value[-1:]
    ):
        return "", value
    return load_transient("mime.addresses").address(name, value)


def addresses(name, values):
    """Return the checked pairs of one address or several: a list."""
    if isinstance(values, str):
        values = (values,)
    return [address(name, value) for value in values]


def message(self, sender, to, subject, text, more, fields):
    """Give a ``Message`` its arguments, ``more`` by position and ``fields`` by name, all checked, its ID and date."""
    self.author = address("sender", sender)
    self.sender = self.author[1]
    self.to = addresses("to", to)
    self.recipients = [bare for _, bare in self.to]
    self.subject = subject
    self.text = text
    self.headers = []
    rare = [1 for name in fields if fields[name] not in (None, (), []) or not hasattr(self, name)]
    one = len(self.to) == 1 and max((self.sender + self.recipients[0]).encode()) <= 127
    # 0xED begins the halves of surrogate pairs, which are not UTF-8.
    if more or rare or not one or not plain(subject, 900) or not isinstance(text, str) or b"\xed" in text.encode():
        load_transient("mime.optional_fields").check(self, more, fields, addresses)
    if not self.message_id:
        domain = "umail.invalid" if self.smtputf8 else self.sender.partition("@")[2]
        self.message_id = (b"<%s@%s>" % (hexlify(os.urandom(16)), domain.encode())).decode()
    self.stamp()


def route(self):
    """Check the arguments of a ``Route``, which has them as they were given."""
    if self.sender is not None:
        self.sender = address("sender", self.sender)[1]
    odd = self.security not in (None, "starttls") or self.certificate or self.ehlo is not None or self.auth is not None
    odd = odd or type(self.port) is not int or self.port == 465 or not 0 < self.port < 65536
    odd = odd or not plain(self.host) or " " in self.host or not plain(self.username)
    if odd or not (self.password is None if self.token else plain(self.password)):
        load_transient("checks").route(self)
    else:
        self.security = "starttls"
