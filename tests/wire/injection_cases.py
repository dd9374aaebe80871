"""What is tried on every public argument, for the program on a device and for the test that judges what arrived.

Runs on MicroPython and CPython. A case is ``place/payload``; ``build`` gives the arguments of ``umail.Message`` that it
replaces.
"""

USER = "esp32@contoso.com"
TO = "ops@contoso.com"

FORGED = "\r\n.\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<x@evil.example>\r\nDATA\r\nSubject: forged\r\n\r\n\r\n.\r\n"


def payload(name):
    """The string of that name; the long ones are made when they are wanted."""
    if name == "long":
        return "x" * 1100
    if name == "longer":
        return "y" * 11000
    if name == "long dots":
        return "." * 1100
    if name == "long words":
        return "word " * 2200
    return PAYLOADS[name]


LONG = ("long", "longer", "long dots", "long words")
PAYLOADS = {
    "CR": "a\rb",
    "LF": "a\nb",
    "CRLF": "a\r\nb",
    "NUL": "a\0b",
    "CRLF at the end": "ab\r\n",
    "CRLF at the start": "\r\nab",
    "folded": "a\r\n b",
    "dot": ".",
    "dot line": ".\r\n",
    "CRLF dot CRLF": "a\r\n.\r\n",
    "LF dot LF": "a\n.\nMAIL FROM:<x@evil.example>\n",
    "CR dot CR": "a\r.\rMAIL FROM:<x@evil.example>\r",
    "LF dot CRLF": "a\n.\r\nMAIL FROM:<x@evil.example>\r\n",
    "CRLF dot LF": "a\r\n.\nMAIL FROM:<x@evil.example>\r\n",
    "CR dot CRLF": "a\r.\r\nMAIL FROM:<x@evil.example>\r\n",
    "CRLF NUL dot": "a\r\n\0.\r\nMAIL FROM:<x@evil.example>\r\n",
    "forged mail": "a" + FORGED,
    "forged chunk": "a\r\nBDAT 8 LAST\r\nforged\r\nRSET\r\nQUIT\r\n",
    "forged header": "a\r\nBcc: x@evil.example\r\nContent-Type: text/html\r\n\r\nforged",
    "forged parameter": "a@b.example> SIZE=1 <x",
    "forged field": "a&scope=b+c%41",
    "opening bracket": "a<b",
    "closing bracket": "a>b",
    "forged address": 'a" <x@evil.example>, "b',
    "two addresses": "a@b.example,x@evil.example",
    "encoded word": "=?utf-8?q?a=0D=0ABcc:_x=40evil.example?=",
    # Characters whose lower byte is that of CR, LF, a dot, a space.
    "cut to octets": "a\u010d\u010a\u012e\u010d\u010aMAIL\u0120b",
    # Ends of lines to some, as to str.splitlines.
    "other line ends": "a\u2028b\u2029c",
    "C1": "a\x85b",
    "VT and FF": "a\x0bb\x0cc\x1cd",
    "DEL and ESC": "a\x7f\x1b[2Jb",
    "half a pair": "a\ud83db",
    "CESU-8": "a\ud83d\ude00b",
}
NAMES = sorted(PAYLOADS) + list(LONG)


def _path(p):
    return {"attachments": [{"source": p}]}


# Where a text of any characters belongs; where any but control characters; where only what a grammar takes.
FREE = {
    "text": lambda p: {"text": p},
    "html": lambda p: {"html": p},
    "text and html": lambda p: {"text": p, "html": p},
    "file": lambda p: {"attachments": [{"octets": p, "name": "x.bin"}]},
}
WORDS = {
    "subject": lambda p: {"subject": p},
    "sender, name": lambda p: {"sender": (p, USER)},
    "to, name": lambda p: {"to": [(p, TO)]},
    "cc, name": lambda p: {"cc": [(p, "c@contoso.com")]},
    "reply_to, name": lambda p: {"reply_to": [(p, USER)]},
    "header, value": lambda p: {"headers": [("X-Test", p)]},
    "file, name": lambda p: {"attachments": [{"source": b"x", "name": p}]},
    "inline, name": lambda p: {"html": "h", "attachments": [{"source": b"x", "name": p, "cid": "c"}]},
}
STRICT = {
    "sender": lambda p: {"sender": p},
    "sender, local part": lambda p: {"sender": p + "@contoso.com"},
    "sender, domain": lambda p: {"sender": "a@" + p},
    "sender, pair": lambda p: {"sender": ("A", p + "@contoso.com")},
    "sender, in brackets": lambda p: {"sender": "A <" + p + "@contoso.com>"},
    "to": lambda p: {"to": p},
    "to, local part": lambda p: {"to": [TO, p + "@contoso.com"]},
    "to, domain": lambda p: {"to": "a@" + p},
    "cc": lambda p: {"cc": p},
    "cc, local part": lambda p: {"cc": p + "@contoso.com"},
    "bcc": lambda p: {"bcc": [p]},
    "bcc, local part": lambda p: {"bcc": [("B", p + "@contoso.com")]},
    "reply_to": lambda p: {"reply_to": p},
    "reply_to, local part": lambda p: {"reply_to": p + "@contoso.com"},
    "header, name": lambda p: {"headers": [(p, "v")]},
    "file, path": _path,
    "file, type": lambda p: {"attachments": [{"source": b"x", "name": "x", "type": p}]},
    "file, subtype": lambda p: {"attachments": [{"source": b"x", "name": "x", "type": "text/" + p}]},
    "file, type's parameter": lambda p: {"attachments": [{"source": b"x", "name": "x", "type": "text/plain; a=" + p}]},
    "file, cid": lambda p: {"html": "h", "attachments": [{"source": b"x", "name": "x", "cid": p}]},
    "message_id": lambda p: {"message_id": p},
    "message_id, inside": lambda p: {"message_id": "<" + p + "@contoso.com>"},
    "importance": lambda p: {"importance": p},
    "notify": lambda p: {"notify": p},
    "notify, list": lambda p: {"notify": ["success", p]},
    "ret": lambda p: {"ret": p},
    "date": lambda p: {"date": p},
}
PLACES = dict(FREE)
PLACES.update(WORDS)
PLACES.update(STRICT)


# Of a route: what becomes a login, and the rest; with the function that makes it, where that is not Route itself.
LOGINS = {
    "username": lambda p: {"username": p},
    "password": lambda p: {"password": p},
    "token": lambda p: {"token": p},
}
ROUTES = {
    "host": lambda p: {"host": p + ".board.example"},
    "ehlo": lambda p: {"ehlo": p},
    "ehlo, after a name": lambda p: {"ehlo": "board.example" + p},
    "sender of the route": lambda p: {"sender": p},
    "sender of the route, local part": lambda p: {"sender": p + "@contoso.com"},
    "security": lambda p: {"security": p},
    "port": lambda p: {"port": p},
    "trust": lambda p: {"trust": p},
    "certificate": lambda p: {"certificate": ([p], p)},
}
FUNCTIONS = {
    "submission, username": lambda p: {"kind": "submission", "username": p},
    "hve, username": lambda p: {"kind": "hve", "username": p},
    "gmail, ehlo": lambda p: {"kind": "gmail", "ehlo": p},
    "azure_communication, username": lambda p: {"kind": "azure_communication", "username": p},
    "direct_send, domain": lambda p: {"kind": "direct_send", "host": None, "domain": p},
    "direct_send, sender": lambda p: {"kind": "direct_send", "sender": p},
    "direct_send, host": lambda p: {"kind": "direct_send", "host": "mx.example" + p},
    "relay, domain": lambda p: {"kind": "relay", "host": None, "domain": "contoso.com" + p},
    "relay, sender": lambda p: {"kind": "relay", "sender": p + "@contoso.com"},
}
# Where names are as good as any.
FEW = ("CR", "LF", "CRLF", "NUL", "dot", "forged mail", "cut to octets", "forged field", "half a pair", "long")
# Of uMail's class, and of what fetches tokens.
COMPAT = ("to", "mail_from", "write", "write, octet by octet", "send", "send, as bytes")
OAUTH = ("tenant", "client_id", "client_secret", "scope", "refresh_token")


def cases(places, names=NAMES):
    """The names of all cases at these places."""
    return [place + "/" + name for place in places for name in names]


def build(case):
    """The arguments of ``umail.Message`` for a case, an attachment as a dict of its own arguments."""
    place, _, name = case.partition("/")
    whole = {"sender": USER, "to": TO, "subject": "s", "text": "t"}
    whole.update(PLACES[place](payload(name)))
    return whole


def build_route(case):
    """The arguments of ``umail.Route`` that a case replaces; each login has a user of its own."""
    place, _, name = case.partition("/")
    one = LOGINS.get(place) or ROUTES.get(place) or FUNCTIONS[place]
    whole = {"username": "%d@contoso.com" % NAMES.index(name)} if place in ("password", "token") else {}
    whole.update(one(payload(name)))
    return whole
