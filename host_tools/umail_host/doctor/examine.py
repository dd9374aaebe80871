"""The stages of a diagnosis, the same code on a computer and on a board (CPython and MicroPython).

``examine`` is a generator for the library's driver; it calls ``tell(stage, state, text, key, **more)`` as each stage
ends, and raises nothing for what it finds.
"""

import gc
from errno import ECONNREFUSED, ETIMEDOUT

from umail import dns
from umail.errors import MailError
from umail.net.resolve import resolve
from umail.net.transport import Buffer
from umail.smtp import handshake
from umail.smtp.enhanced import printable
from umail.smtp.session import Session

# Bytes without which a handshake fails: of MicroPython's heap, and of an ESP32's own.
_HEAP = 24000
_IDF_HEAP = 40000
_NAMES = {
    "resolve": "name",
    "greeting": "banner",
    "auth": "login",
    "mail": "sender",
    "rcpt": "recipient",
    "data": "send",
    "body": "send",
}
# TCP ports where mail goes in.
_SMTP = {25: "between servers", 587: "submission", 465: "submission, TLS at once"}


class Probe(Session):
    """A session that reports each step, and asks about an envelope without sending anything."""

    wire = None
    offered = ()

    def told_by(self, tell, wire):
        """Take whom to tell, and the driver, for its socket."""
        self.tell = tell
        self.wire = wire

    def open(self, ehlo, secret=None):
        if self.route.security == "tls":
            self._tell_memory()
        return handshake.open(self, ehlo, secret)

    def quit(self):
        """Say QUIT (generator); the driver bounds how long its reply is waited for."""
        self.stage = "quit"
        self.enter("over")
        return self.command(b"QUIT")

    def reply(self, code=0, seconds=0):
        reply = yield from Session.reply(self, code, seconds)
        if self.stage == "greeting":
            text = printable(reply.lines[0])
            # Cisco's inspection of SMTP replaces the banner by asterisks.
            if "****" in text:
                self.tell("banner", "warning", text, "firewall_banner")
            else:
                self.tell("banner", "ok", text)
        elif self.stage == "ehlo" and reply.code == 250:
            self._tell_ehlo(reply)
        elif self.stage == "starttls" and reply.code == 220:
            self._tell_memory()
        elif self.stage == "auth" and reply.code == 235:
            self.tell("login", "ok", "logged in as %s" % self.route.username)
        return reply

    def _tell_ehlo(self, reply):
        if self.secure:
            self._tell_tls()
        hello = printable(reply.lines[0])
        self.offered = [printable(line).upper().split(" ")[0] for line in reply.lines[1:]]
        seen = hello.rpartition("[")[2].partition("]")[0] if "[" in hello else ""
        text = "%s; %s" % (hello, " ".join(sorted(self.offered)))
        self.tell("ehlo after TLS" if self.secure else "ehlo", "ok", text, address=seen)

    def _tell_tls(self):
        sock = self.wire.sock
        cipher = sock.cipher() if hasattr(sock, "cipher") else ""
        verified = self.route.security != "opportunistic" and self.route.trust != "insecure"
        self.tell("starttls", "ok", "TLS, %s" % (cipher[0] if isinstance(cipher, tuple) else cipher))
        if verified:
            self.tell("certificate", "ok", "verified for %s" % self.host, der=certificate(sock))
        else:
            self.tell("certificate", "warning", "not verified, as the configuration wants it", der=certificate(sock))

    def _tell_memory(self):
        if not hasattr(gc, "mem_free"):
            return
        gc.collect()
        free, largest = gc.mem_free(), _largest()
        text = "%d bytes free before the handshake, the largest piece %d" % (free, largest)
        short = free < _HEAP
        try:
            import esp32

            regions = esp32.idf_heap_info(esp32.HEAP_DATA)
            system = sum([region[1] for region in regions])
            text += "; %d in the system's heap" % system
            short = system < _IDF_HEAP
        except (ImportError, AttributeError):
            pass
        self.tell("memory", "failed" if short else "ok", text, "tls_memory" if short else "")

    def envelope(self, message):
        """Tell whether the sender and each recipient are accepted, then RSET (generator); nothing is sent."""
        sender = self.route.sender or message.sender
        self.stage = "mail"
        yield from self.command(b"MAIL FROM:<" + sender.encode() + b">", 250)
        self.tell("sender", "ok", "%s is accepted" % sender)
        self.stage = "rcpt"
        for address in message.recipients:
            reply = yield from self.command(b"RCPT TO:<" + address.encode() + b">")
            if 250 <= reply.code <= 252:
                self.tell("recipient", "ok", "%s is accepted" % address)
            else:
                error = self.refusal(reply)
                self.tell("recipient", "failed", "%s: %s" % (address, error), error.key)
        yield from self.command(b"RSET")


def certificate(sock):
    """Return the server's certificate in base64 of its DER, or "" if this interpreter does not give it."""
    try:
        from binascii import b2a_base64

        return b2a_base64(sock.getpeercert(True)).decode().strip()
    except (AttributeError, ValueError, TypeError, OSError):
        return ""


def _largest():
    # Bisection: the largest piece that the heap gives.
    low, high = 0, gc.mem_free()
    while high - low > 256:
        middle = (low + high) // 2
        try:
            bytearray(middle)
            low = middle
        except MemoryError:
            high = middle
        gc.collect()
    return low


def examine(wire, route, tell, options, message, known):
    """Make all checks from the token or the name to the recipients (generator).

    Args:
        wire: the driver that runs it.
        route (Route): where to.
        tell (callable): is told each stage.
        options (dict): ``domain`` (whose MX the host should be, or ""), ``servers`` (DNS), ``ports``, ``reference``
            (host and port of a server elsewhere, by which a blocked port is recognised), ``timeout``, ``send`` (bool),
            ``token`` (host and port that give the route's tokens, or None).
        message (Message): its envelope is asked about; it is sent only with ``send``.
        known (bool): the route's password or token is the real one; else no login is tried.
    """
    yield ("limit", 600)
    session = Probe(route, options["timeout"], Buffer())
    session.told_by(tell, wire)
    try:
        secret = (yield from _secret(session, route, tell, options)) if known else None
        yield from _resolve(session, route, tell, options)
        local = yield from _ports(session, route, tell, options)
        if local is None:
            return
        name = route.ehlo or "[%s]" % (local or "127.0.0.1")
        yield from session.open(name, secret)
        if route.username and secret is None:
            tell("login", "skipped", "there is no token" if known else "no password or token is known here")
            yield from session.quit()
            return
        if options["send"]:
            receipt = yield from session.send(message, True)
            tell("send", "ok", "accepted: %s" % receipt.reply, mail=receipt.message_id)
            for address, reply in receipt.refused:
                tell("recipient", "failed", "%s: %s" % (address, reply))
        else:
            yield from session.envelope(message)
            yield from session.quit()
    except (MailError, OSError, ValueError) as error:
        if session.stage != "quit":
            yield from _explain(session, route, tell, error)
    yield ("close",)


def _secret(session, route, tell, options):
    # The password or a token; None if there is none.
    if not route.token:
        return route.password
    try:
        found = yield ("call", route.token, False)
    except MailError as error:
        host, port = options["token"] or ("", 0)
        der = None
        if error.key[:5] == "cert_" and host:
            der = yield from _shown(session, host, None, port, "tls", b"G")
        tell("token", "failed", str(error), error.key, der=der or "", host=host)
        return None
    if options["token"]:
        tell("token", "ok", "%s gives an access token" % options["token"][0])
    return found


def _explain(session, route, tell, error):
    if not isinstance(error, MailError):
        error = (
            session.failure(error)
            if isinstance(error, OSError)
            else MailError(session.stage, "configuration", str(error))
        )
    stage, key = error.stage, error.key
    text = str(error)
    if stage == "greeting" and key in ("desync", "timeout"):
        key = (yield from _silent(session, route)) if key == "timeout" else _foreign(error.text)
    mangled = [word for word in session.offered if word[:4] == "XXXX"]
    if key == "starttls_missing" and mangled:
        # Cisco's inspection overwrites what it does not know.
        key = "firewall_starttls"
    if key[:5] == "cert_":
        # Once more without checking, without login, to see whose certificate it was.
        der = yield from _shown(session, session.host, session.reached, route.port, route.security)
        tell("certificate", "failed", text, key, der=der or "", host=session.host)
        return
    tell(_NAMES.get(stage, stage), "failed", text, key)


def _foreign(text):
    # What speaks here, by the first line that is not an SMTP reply.
    line = text.partition("reply: ")[2].lower()
    if line[:5] == "http/" or line[:1] == "<":
        return "captive_portal"
    if line[:4] in ("* ok", "+ok ") or line[:4] == "ssh-":
        return "not_smtp"
    return "desync"


def _silent(session, route):
    # A port that takes the connection and says nothing: TLS from the first byte, or HTTP, waits for the client.
    if route.security != "tls":
        if (yield from _shown(session, session.host, session.reached, route.port, "tls")) is not None:
            return "tls_at_once"
    buffer = Buffer(64)
    try:
        yield ("connect", session.reached, route.port, buffer)
        yield b"GET / HTTP/1.0\r\n\r\n"
        # The answer may have come in while that was sent.
        if not len(buffer):
            yield min(session.timeout, 5)
        if bytes(buffer.view[:5]) == b"HTTP/":
            return "captive_portal"
    except OSError:
        pass
    return "silent_port"


def _shown(session, host, address, port, security, request=b""):
    """Return the certificate that a server shows (base64 of DER, or "" if this interpreter has no way to ask for it),
    whoever signed it; None if it speaks no TLS (generator). ``address``: None if it is to be looked up;
    ``request``: the beginning of what a server waits for that does not speak first."""
    # Unchecked; nothing secret goes through.
    plain = type(session.route)(host, port, "opportunistic")
    second = Session(plain, min(session.timeout, 5), Buffer())
    second.host = host
    found = None
    yield ("close",)
    try:
        if address is None:
            address = (yield from resolve(host))[0]
        yield ("connect", address, port, second.buffer)
        if security != "tls":
            yield from second.open("[127.0.0.1]", None)
            found = certificate(session.wire.sock)
        else:
            yield ("tls", plain, host)
            # The handshake runs with the first bytes, either way.
            yield request or second.timeout
            found = certificate(session.wire.sock)
    except (MailError, OSError):
        pass
    yield ("close",)
    return found


def _resolve(session, route, tell, options):
    # The MX if it matters, and the addresses of the host.
    session.stage = "resolve"
    domain, servers = options["domain"], options["servers"]
    hosts = [route.host]
    if domain:
        try:
            hosts = yield from dns.mail_hosts(domain, servers)
        except MailError as error:
            if not route.host:
                raise
            tell("mx", "warning", str(error), error.key)
            hosts = [route.host]
        else:
            _judge_mx(route, tell, domain, hosts)
    session.host = route.host or hosts[0]
    found = yield from dns.addresses(session.host, servers)
    if found is None:
        found = yield ("lookup", session.host)
    session.addresses = found
    tell("name", "ok", "%s is at %s" % (session.host, ", ".join(found)))


def _judge_mx(route, tell, domain, hosts):
    if route.host and route.host not in hosts:
        text = "the MX of %s is %s now, the configuration has %s" % (domain, hosts[0], route.host)
        tell("mx", "warning", text, "mx_moved")
    elif not route.host and not hosts[0].endswith(route.mx_suffixes):
        raise MailError("mx", "security", "the MX of %s is %s" % (domain, hosts[0]), key="mx_foreign")
    else:
        tell("mx", "ok", "the MX of %s is %s" % (domain, ", ".join(hosts)))


def _ports(session, route, tell, options):
    """Try each port (generator): leaves the connection to the route's own; its local address, None if it failed."""
    for port in options["ports"]:
        if port != route.port:
            error = yield from _try(session.addresses[0], port)
            state = "ok" if error is None else "skipped"
            tell("port %d" % port, state, "%s, %s" % (_outcome(error), _SMTP.get(port, "not needed by this route")))
    yield ("close",)
    session.stage = "connect"
    error = None
    for session.reached in session.addresses:
        try:
            local = yield ("connect", session.reached, route.port, session.buffer)
            tell("port %d" % route.port, "ok", "open: this route's")
            return local or ""
        except OSError as failed:
            error = failed
    key = "refused" if error.args[0] == ECONNREFUSED else "unreachable"
    host, port = options["reference"]
    if (host, port) != (session.host, route.port):
        if (yield from _reaches(host, port, options["servers"])):
            key = "port_25" if route.port == 25 else "port_blocked"
        elif key == "unreachable":
            key = "offline"
    text = "%s port %d is %s" % (session.host, route.port, _outcome(error))
    tell("port %d" % route.port, "failed", text, key, elsewhere="%s port %d" % (host, port))
    return None


def _reaches(host, port, servers):
    try:
        found = yield from dns.addresses(host, servers)
        if found is None:
            found = yield ("lookup", host)
    except (MailError, OSError):
        return False
    return (yield from _try(found[0], port)) is None


def _try(address, port):
    # None if it is open, else the OSError.
    try:
        yield ("connect", address, port, Buffer(64))
        return None
    except OSError as error:
        return error


def _outcome(error):
    if error is None:
        return "open"
    if error.args[0] == ECONNREFUSED:
        return "closed (refused)"
    return "silent (no answer)" if error.args[0] == ETIMEDOUT else "not reachable (%s)" % error
