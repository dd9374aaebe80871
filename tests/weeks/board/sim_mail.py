"""The provider: an SMTP server that refuses, delays, limits and loses replies as the world's faults have it."""

from binascii import a2b_base64, b2a_base64

WORLD = None
# The passwords of the two providers.
PASSWORDS = {}
# Message-ID → when it was first refused by the grey list; the moments at which mails were taken.
GREY = {}
TAKEN = []


class Mail:
    """One connection. ``stage`` words are those of umail's errors."""

    place = "first"

    def __init__(self, sock):
        self._sock = sock
        self._input = b""
        self.tls = self.wants_tls = False
        self._login = None
        self._body = None
        self._known = False
        self._dead = False
        self._mail = None
        self._reset()
        if self.place == "first":
            self._greet()

    def _greet(self):
        self._say(self._refusal("greeting") or "220 mail.example.net ESMTP")

    def _fault(self, name):
        """Return the parameters of a fault that this provider has, else None."""
        fault = WORLD.fault(name)
        return fault if fault and (self.place == "first" or fault["both"]) else None

    def _reset(self):
        self._mailing = False
        self._people = []
        self._octets = b""

    # -- the connection ------------------------------------------------------------------------------------------------

    def secured(self):
        """TLS is there: what was said before is forgotten."""
        self.tls = True
        self.wants_tls = False
        self._known = False
        self._input = b""

    def heard(self, data):
        """The board has read ``data``: if that was the reply to a mail, it knows."""
        if self._mail and data[:3] == b"250":
            WORLD.log("knows", self._mail)
            self._mail = None

    def closed(self):
        """The board has closed."""

    def _say(self, text):
        if self._dead:
            return
        slow = self._fault("slow")
        self._sock.arrives(text.encode() + b"\r\n", slow["by"] * 1000 if slow else 0)
        if text[:4] == "421 ":
            self._sock.arrives(b"")
            self._dead = True

    def hear(self, data):
        """Take what the board sends."""
        self._input += data
        while not self._dead and not self.wants_tls:
            if self._body is None:
                line, found, rest = self._input.partition(b"\r\n")
                if not found:
                    return
                self._input = rest
                self._command(line.decode())
            elif self._body == "data":
                found = (b"\r\n" + self._input).find(b"\r\n.\r\n")
                if found < 0:
                    return
                self._octets = self._input[:found].replace(b"\r\n..", b"\r\n.")
                self._input = self._input[found + 3 :]
                self._body = None
                self._message()
            else:
                size, last = self._body
                if len(self._input) < size:
                    return
                self._octets += self._input[:size]
                self._input = self._input[size:]
                self._body = None
                if last:
                    self._message()
                else:
                    self._say("250 2.0.0 more")

    # -- the dialogue --------------------------------------------------------------------------------------------------

    def _refusal(self, stage):
        """Return what is said at ``stage`` instead of yes, None for yes."""
        fault = self._fault("reply")
        if fault and fault["stage"] == stage:
            return fault["text"].replace("\\n", "\r\n")
        fault = self._fault("rate")
        if fault and stage == fault["stage"]:
            now = WORLD.now
            TAKEN[:] = [at for at in TAKEN if at > now - 3600000]
            if len(TAKEN) >= fault["most"]:
                return fault["text"]
        fault = self._fault("closing")
        if fault and stage == fault["stage"]:
            return "421 4.3.2 Service not available, closing transmission channel"
        return None

    def _command(self, line):
        verb = line.split(" ")[0].upper()
        if self._login is not None:
            self._answer_login(line)
        elif verb in ("EHLO", "HELO"):
            self._known = True
            self._say(self._refusal("ehlo") or self._offers())
        elif verb == "STARTTLS":
            refusal = self._refusal("starttls")
            self.wants_tls = not refusal
            self._say(refusal or "220 2.0.0 go on")
        elif verb == "AUTH":
            self._begin_login(line)
        elif verb in ("MAIL", "RSET"):
            self._reset()
            refusal = self._refusal("mail") if verb == "MAIL" else None
            self._mailing = verb == "MAIL" and not refusal
            self._say(refusal or "250 2.1.0 ok")
        elif verb == "RCPT":
            refusal = self._refusal("rcpt") if self._mailing else "503 5.5.1 MAIL first"
            if not refusal:
                self._people.append(line.partition("<")[2].partition(">")[0])
            self._say(refusal or "250 2.1.5 ok")
        elif verb == "DATA":
            refusal = self._refusal("data")
            if self._people and not refusal:
                self._body = "data"
            self._say(refusal or ("354 go on" if self._people else "554 5.5.1 no valid recipients"))
        elif verb == "BDAT":
            words = line.split(" ")
            self._body = int(words[1]), len(words) > 2
        elif verb == "QUIT":
            self._say("221 2.0.0 bye")
            self._sock.arrives(b"")
            self._dead = True
        else:
            self._say("250 ok" if verb == "NOOP" else "500 5.5.1 unknown")

    def _offers(self):
        offers = ["mail.example.net", "8BITMIME", "PIPELINING", "SIZE 10000000", "ENHANCEDSTATUSCODES"]
        if WORLD.chunking:
            offers.append("CHUNKING")
        offers.append("AUTH LOGIN PLAIN XOAUTH2" if self.tls else "STARTTLS")
        lines = ["250-" + offer for offer in offers]
        lines[-1] = "250 " + offers[-1]
        return "\r\n".join(lines)

    def _begin_login(self, line):
        words = line.split(" ")
        fault = self._fault("mechanism")
        if fault and words[1].upper() == fault["refused"]:
            self._say(fault["text"])
            return
        self._login = words[1].upper(), []
        if not self.tls:
            WORLD.log("leak", "AUTH without TLS")
        if len(words) > 2:
            self._answer_login(words[2])
        else:
            self._say("334 " + ("VXNlcm5hbWU6" if self._login[0] == "LOGIN" else ""))

    def _answer_login(self, line):
        kind, said = self._login
        said.append(a2b_base64(line))
        if kind == "LOGIN" and len(said) < 2:
            self._say("334 UGFzc3dvcmQ6")
            return
        self._login = None
        refusal = self._refusal("auth")
        if kind == "XOAUTH2":
            good = b"auth=Bearer access-" in said[0]
        else:
            given = said if kind == "LOGIN" else said[0].split(b"\0")[1:]
            good = given[0][-12:] == b"@example.net" and given[1] == PASSWORDS[self.place].encode()
        self._say(refusal or ("235 2.7.0 welcome" if good else "535 5.7.8 wrong"))

    # -- a mail --------------------------------------------------------------------------------------------------------

    def _message(self):
        octets, people = self._octets, self._people
        self._reset()
        mid = field(octets, b"Message-ID")
        refusal = self._refusal("body") or self._grey(mid)
        if not people:
            refusal = "554 5.5.1 no valid recipients"
        if refusal:
            self._say(refusal)
            return
        TAKEN.append(WORLD.now)
        WORLD.taken = WORLD.taken[-9:] + [mid]
        WORLD.log("by", self.place)
        WORLD.log("takes", "%s %s %s" % (mid, ",".join(people), b2a_base64(octets)[:-1].decode()))
        fault = self._fault("lost")
        if fault and WORLD.chance.random() < fault["part"]:
            # Taken, but nobody hears of it.
            self._dead = True
            if fault["how"] == "reset":
                self._sock.arrives(None)
            return
        self._mail = mid
        self._say("250 2.0.0 taken")

    def _grey(self, mid):
        fault = self._fault("grey")
        if not fault:
            return None
        first = GREY.setdefault((self.place, mid), WORLD.now)
        if WORLD.now - first < fault["for"] * 1000:
            return fault["text"]
        return None


class Second(Mail):
    """One of another provider, which speaks TLS from the first byte."""

    place = "second"

    def secured(self):
        Mail.secured(self)
        self._greet()


class Relay(Mail):
    """The first provider as a relay inside the house: port 25, without TLS and login."""

    def _offers(self):
        return "\r\n".join(["250-mail.example.net", "250-PIPELINING", "250 8BITMIME"])


def field(octets, name):
    """Return a header field of a mail (str)."""
    for line in octets.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        if line.startswith(name + b": "):
            return line[len(name) + 2 :].decode()
    return ""
