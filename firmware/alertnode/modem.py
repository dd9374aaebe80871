"""Brings up a modem on a UART: AT commands (3GPP TS 27.007) until it is in data mode, then `network.PPP`."""

from alertnode.net_watch import Link

# PPPERR_AUTHFAIL of lwIP, which `PPP.status` gives as a negative number.
_LOGIN = -7
# The escape from data mode wants a second of silence before and after it (ITU-T V.250, 6.2.9); milliseconds.
_GUARD = 1100
_STEP = 50
# PPP takes what came once the line is idle: all that a TCP window lets the other side send must fit till then.
_ROOM = 8192
# How much of an answer is looked at; a modem may say anything.
_MOST = 400
# Seconds in which PPP is there, or is not: the other side has accepted the call.
_PPP = 30
_OFF = 10
# Milliseconds of a call after which a time server should have answered.
_NO_TIME = 300000
_FINAL = ("OK", "ERROR", "NO CARRIER", "NO DIALTONE", "NO DIAL TONE", "BUSY", "NO ANSWER", "CONNECT")


def check(network, section=None):
    """Raise ValueError, with a sentence, if this board's MicroPython has no PPP that can be relied on."""
    if not hasattr(network, "PPP"):
        raise ValueError('"modem": the MicroPython of this board has no network.PPP; give "wifi" instead')
    if not (hasattr(network.PPP, "poll") and hasattr(network.PPP, "active")):
        raise ValueError('"modem" needs the network.PPP of an ESP32 with MicroPython 1.26 or newer: flash that')


def make(section, secret, network, *more):
    """Return the Modem of a ``section`` that was checked; ``secret`` as of net_setup, ``more`` as for Link."""
    return Modem(network, section, secret("modem_password"), *more)


class Modem(Link):
    """The board's modem; ``section`` is the configuration's, ``password`` the user's; the rest is as for Link."""

    kind = name = "Modem"
    anew = "it"

    def __init__(self, network, section, password, settings, uptime, sleep, feed, say, show=None):
        super().__init__(network, settings, uptime, sleep, feed, say, show)
        self._section = section
        self._password = password or ""
        self._uart = self._power = self._key = None
        self._report = self._clock = None
        self._began = 0
        # Whether it may be in data mode, and how many mails in a row reached no server.
        self._called = True
        self._missed = 0

    def watch(self, outbox, clock):
        """Hang up if two mails in a row reach no server, or no time comes: PPP does not notice a modem that has gone.

        ``outbox`` and ``clock`` are the node's; a mail is sent only once the time is known.
        """
        self._clock = clock
        self._report = outbox.report
        outbox.report = self._told

    def _told(self, message, result):
        self._report(message, result)  # type: ignore[misc]
        self._missed = self._missed + 1 if getattr(result, "stage", "") in ("resolve", "connect") else 0
        if self._missed == 2:
            self._again("two mails reached no server")

    def ready(self):
        up = super().ready()
        if up and self._clock and self.uptime() - self._began > _NO_TIME and self._clock.now() is None:
            self._again("no time server is reached")
            return super().ready()
        return up

    def _again(self, why):
        self._missed = 0
        self.report("Modem: %s, so it hangs up and dials again" % why)
        self._hang_up()

    def connect(self):
        try:
            if self._uart is None:
                self._open()
            self._hang_up()
            end = self.uptime() + round(self._section["timeout"] * 1000)
            why = self._listens(end) or self._ready(end) or self._registered(end) or self._dial()
            if why:
                return why
            return self._connect()
        except (OSError, ValueError) as error:
            return "it cannot be used (%s): check modem.uart, modem.tx and modem.rx" % error

    def gateway(self):
        """Return "": the provider's end of the call answers no NTP."""
        return ""

    def _open(self):
        from machine import UART, Pin

        section = self._section
        for name in ("power", "power_key"):
            if section[name] != "":
                pin = Pin(section[name], Pin.OUT)
                pin(name == "power")
                if name == "power":
                    self._power = pin
                else:
                    self._key = pin
        tx, rx = Pin(section["tx"]), Pin(section["rx"])
        self._uart = UART(section["uart"], section["baud"], tx=tx, rx=rx, rxbuf=_ROOM, timeout=0)
        self.nic = self.network.PPP(self._uart)

    def _listens(self, end):
        """Wait until it takes commands; return "", or why it does not."""
        section = self._section
        if self._power:
            self._power(1)
        pressed = not self._key
        while "OK" not in self._ask("AT", 1):
            if self.uptime() >= end:
                return (
                    "it does not answer: check its power, that modem.tx goes to its RX and modem.rx to its TX, and "
                    "modem.baud (%d)" % section["baud"]
                )
            if not pressed:
                pressed = True
                self._key(1)  # type: ignore[misc]
                self._rest(1000)
                self._key(0)  # type: ignore[misc]
        # No echo, and the radio on.
        self._ask("ATE0")
        self._ask("AT+CFUN=1", _OFF)
        return ""

    def _ready(self, end):
        """Wait for the SIM; return "", or what is wrong with it."""
        while True:
            said = self._ask("AT+CPIN?")
            if "READY" in said:
                return ""
            if "SIM P" in said:
                return "the SIM asks for its PIN: put it into a phone and switch the PIN off"
            # (It takes a few seconds to read it.)
            if self.uptime() >= end:
                return "it finds no SIM: check that one is in, and how it lies"
            self._rest(1000)

    def _registered(self, end):
        """Wait for the mobile network; return "", or why there is none."""
        denied = False
        while True:
            for kind in ("CEREG", "CGREG", "CREG"):
                state = self._ask("AT+%s?" % kind).partition("+%s:" % kind)[2].partition(",")[2].strip()[:1]
                # At home, or roaming.
                if state in ("1", "5"):
                    return ""
                denied = denied or state == "3"
            if self.uptime() >= end:
                break
            self._rest(1000)
        if denied:
            return "the mobile network refuses this SIM: ask its provider whether it is active, and lets this modem in"
        return "it finds no mobile network (%s): check the antenna and the place" % self._signal()

    def _signal(self):
        level = self._ask("AT+CSQ").partition("+CSQ:")[2].partition(",")[0].strip()
        if level.isdigit() and int(level) < 32:
            return "signal %d dBm" % (2 * int(level) - 113)
        return "no signal"

    def _dial(self):
        section = self._section
        if section["apn"] and "OK" not in self._ask('AT+CGDCONT=1,"IP","%s"' % section["apn"]):
            return "it refuses the access point %s: check modem.apn" % section["apn"]
        said = self._ask("ATD" + section["dial"], section["timeout"])
        self._called = True
        if "CONNECT" not in said:
            return "the mobile network refuses the call (%s): check modem.apn and the SIM's data plan" % (
                said or "no answer"
            )
        return ""

    def _connect(self):
        """Begin PPP; return "", or why it failed."""
        section, nic = self._section, self.nic
        more = {}
        if section["username"]:
            kind = nic.SEC_CHAP if section["auth"] == "chap" else nic.SEC_PAP  # type: ignore[union-attr]
            more = {"security": kind, "user": section["username"], "key": self._password}
        nic.connect(**more)  # type: ignore[union-attr]
        if self.wait(_PPP):
            import umail

            # Which interface asks the mail server: nothing else can tell.
            umail.nic = nic
            self._began = self.uptime()
            return ""
        if nic.status() == _LOGIN:  # type: ignore[union-attr]
            return (
                "the provider refuses the login: check modem.username, modem.auth and the secret modem_password "
                "(umail deploy --secret modem_password)"
            )
        return "the call was taken, but there is no PPP: check modem.apn and modem.dial"

    def wait(self, timeout):
        """Wait until connected; return False after ``timeout`` seconds, or once PPP has given up."""
        end = self.uptime() + timeout * 1000
        while not self.nic.isconnected():  # type: ignore[union-attr]
            if self.uptime() >= end or self.nic.status() < 0:  # type: ignore[union-attr]
                return False
            self._rest(_STEP)
        return True

    def _hang_up(self):
        """End PPP and the call, if there is one: after a reset of the board alone the modem is still in it."""
        self.nic.active(False)  # type: ignore[union-attr]
        if not self._called or "OK" in self._ask("AT", 1):
            self._called = False
            return
        self._rest(_GUARD)
        self._uart.write("+++")  # type: ignore[union-attr]
        self._rest(_GUARD)
        self._called = "OK" not in self._ask("ATH", 2)

    def _off(self):
        self._was_up = False
        if self._uart is None:
            return
        try:
            self._hang_up()
            # (A radio that is on would empty the battery.)
            self._ask("AT+CFUN=0", _OFF)
        except OSError:
            pass
        if self._power:
            self._power(0)

    def _rest(self, milliseconds):
        self.feed()
        self.sleep(milliseconds)

    def _ask(self, command, seconds=3):
        """Give a command; return the lines of its answer as one str, "" if it has no end within ``seconds``."""
        uart = self._uart
        uart.read()  # type: ignore[union-attr]
        uart.write(command + "\r")  # type: ignore[union-attr]
        said = b""
        end = self.uptime() + round(seconds * 1000)
        while self.uptime() < end:
            self._rest(_STEP)
            said = (said + (uart.read() or b""))[-_MOST:]  # type: ignore[union-attr]
            text = bytes([c if 32 <= c < 127 else 10 for c in said]).decode()
            for line in text.split("\n")[:-1]:
                if line in _FINAL or line[:8] == "CONNECT " or line[:10] == "+CME ERROR":
                    return " ".join(text.split())
        return ""
