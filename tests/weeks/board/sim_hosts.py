"""What answers in the network beside the provider: the router's DNS, time servers, and the token endpoint."""

import json

from sim_net import ROUTER, TRIP  # noqa: F401

WORLD = None
MAIL = "203.0.113.25"
# (As umail writes it.)
MAIL6 = "2001:db8:0:0:0:0:0:25"
SECOND = "203.0.113.26"
LOGIN = "203.0.113.43"
PORTAL = "10.0.0.1"
_NAMES = {
    "mail.example.net": MAIL,
    "mail2.example.net": SECOND,
    "login.example.net": LOGIN,
    "ntp1.example.net": "203.0.113.101",
    "ntp2.example.net": "203.0.113.102",
}
_NTP_EPOCH = 2208988800


def names(host):
    """Return the addresses of ``host``, [] if there is no such name, None without an answer."""
    lie = WORLD.fault("dns")
    if lie:
        return [] if lie["how"] in ("nxdomain", "empty") else None
    if WORLD.fault("portal"):
        return [PORTAL]
    found = _NAMES.get(host)
    return [found] if found else []


def dns(server, packet):
    """Answer a query (RFC 1035), or return None."""
    lie = WORLD.fault("dns")
    how = lie["how"] if lie else ""
    at = 12
    labels = []
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode())
        at += packet[at] + 1
    question = packet[12 : at + 5]
    host = ".".join(labels)
    found = known = names(host)
    if packet[at + 2] != 1:
        # Of all names only one has an IPv6 address.
        found = [MAIL6] if known == [MAIL] and packet[at + 2] == 28 else []
    if how == "silent":
        return None
    code = 2 if how == "servfail" else 3 if (not known and how != "empty") else 0
    records = b""
    for address in found or ():
        octets = b"\x20\x01\x0d\xb8" + bytes(11) + b"\x25"
        if address != MAIL6:
            octets = bytes([int(part) for part in address.split(".")])
        records += b"\xc0\x0c\0" + packet[at + 2 : at + 3] + b"\0\1\0\0\1\x2c\0" + bytes((len(octets),)) + octets
    head = packet[:2] + bytes((0x81, 0x80 | code, 0, 1, 0, len(found or ()), 0, 0, 0, 0))
    return head + question + records


def ntp(server, packet):
    """Answer as a time server (RFC 5905), or return None."""
    fault = WORLD.fault("ntp")
    how = fault["how"] if fault else ""
    if how == "silent" or (server == ROUTER and how != "router"):
        return None
    seconds = WORLD.unix() + _NTP_EPOCH
    if how == "wrong":
        seconds += fault["by"]
    stratum, leap = 2, 0
    reference = b"\x7f\0\0\1"
    if how == "kiss":
        stratum, reference = 0, b"RATE"
    elif how == "stratum16":
        stratum, leap = 16, 3
    stamp = bytes(8) if how == "zero" else (seconds & 0xFFFFFFFF).to_bytes(4, "big") + bytes(4)
    head = bytes((leap << 6 | 0x24, stratum, 6, 0xEC)) + bytes(8) + reference
    return head + stamp + packet[40:48] + stamp + stamp


class Login:
    """The token endpoint: HTTP over TLS (RFC 6749), whose refresh token changes with each use."""

    issued = 0

    def __init__(self, sock):
        self._sock = sock
        self._input = b""
        self.tls = False

    def secured(self):
        """TLS is there."""
        self.tls = True

    def hear(self, data):
        """Take a request, and answer it when it is whole."""
        self._input += data
        head, mark, body = self._input.partition(b"\r\n\r\n")
        if not mark:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        fault = WORLD.fault("login")
        if fault:
            status, answer, wait = fault["status"], {"error": fault["error"], "error_description": fault["text"]}, ""
            if fault.get("after"):
                wait = "Retry-After: %d\r\n" % fault["after"]
            text = json.dumps(answer) if fault["error"] else "<html>no</html>"
        else:
            given = body.partition(b"refresh_token=")[2].split(b"&")[0].decode().replace("%2D", "-")
            status, text, wait = 200, self._grant(given), ""
            if text is None:
                status = 400
                text = json.dumps({"error": "invalid_grant", "error_description": "AADSTS70008: expired"})
        WORLD.log("token", str(status))
        self._sock.arrives(
            ("HTTP/1.1 %d x\r\n%sContent-Length: %d\r\n\r\n%s" % (status, wait, len(text), text)).encode()
        )
        self._sock.arrives(b"")

    def _grant(self, given):
        # An older one stays valid, as at Microsoft's endpoint, which does not revoke what was used.
        name, _, number = given.partition("-")
        if name != "refresh" or not 0 <= int(number) <= Login.issued:
            return None
        Login.issued += 1
        return json.dumps(
            {
                "access_token": "access-%d" % Login.issued,
                "expires_in": 3600,
                "refresh_token": "refresh-%d" % Login.issued,
            }
        )

    def heard(self, data):
        """What was sent has arrived."""

    def closed(self):
        """The board has closed."""
