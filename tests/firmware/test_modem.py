"""A modem: commands until it is in data mode, PPP, and each failure in words; no SIM is ever locked."""

import sys

from alertnode import config, modem, net_setup
from alertnode.clock import Uptime
from check import equal, inside, raises
from firmware_fakes import Port, Said, network_settings, with_machine

PLAIN = {"board_name": "x", "mail": {"route": "smtp", "host": "x", "sender": "a@b.c", "to": "a@b.c"}}
PLAIN["sensor"] = {"type": "adc", "pin": 4}
PLAIN["rules"] = []


class Pin:
    OUT = 3
    seen: list = []

    def __init__(self, number, mode=None):
        self.number = number

    def __call__(self, level):
        Pin.seen.append((self.number, int(level)))


class Line:
    """A UART with a modem: for each command, without AT, its answer; "" for none at all."""

    ANSWERS = {
        "": "OK",
        "E0": "OK",
        "+CFUN=1": "OK",
        "+CFUN=0": "OK",
        "+CPIN?": "+CPIN: READY\r\n\r\nOK",
        "+CEREG?": "+CEREG: 0,1\r\n\r\nOK",
        "+CGREG?": "+CGREG: 0,0\r\n\r\nOK",
        "+CREG?": "+CREG: 0,0\r\n\r\nOK",
        "+CSQ": "+CSQ: 14,99\r\n\r\nOK",
        '+CGDCONT=1,"IP","internet"': "OK",
        "D*99#": "CONNECT 115200",
        "H": "OK",
    }

    def __init__(self, **answers):
        self.answers = dict(Line.ANSWERS)
        self.asked = []
        self.heard = b""
        # Whether it is in data mode, as after a reset of the board alone.
        self.data = False
        self.made = None

    def __call__(self, number, baud, **more):
        self.made = number, baud, more["rxbuf"], more["tx"].number, more["rx"].number
        return self

    def read(self):
        heard, self.heard = self.heard, b""
        return heard or None

    def write(self, text):
        self.asked.append(text)
        if text == "+++" and self.data:
            self.data = False
        elif not self.data:
            answer = self.answers.get(text[2:-1], "ERROR")
            echo = "" if "ATE0\r" in self.asked else text + "\r\n"
            if answer:
                self.heard += (echo + answer + "\r\n").encode()


class Ppp:
    SEC_PAP, SEC_CHAP = 1, 2

    def __init__(self, line):
        self.given = None
        self.now = 0
        self.result = 4

    def active(self, on):
        self.now = 0

    def poll(self):
        pass

    def connect(self, **given):
        self.given = given
        self.now = self.result

    def isconnected(self):
        return self.now == 4

    def status(self):
        return self.now

    def ifconfig(self):
        return ("10.1.2.3", "10.64.64.64", "255.255.255.255", "9.9.9.9")


class Network:
    PPP = Ppp

    def WLAN(self, interface):
        raise Exception("the radio was started")


def section(**given):
    value = dict(PLAIN)
    value["modem"] = dict({"apn": "internet", "tx": 26, "rx": 27}, **given)
    settings, problems = config.check(value)
    equal(problems, [])
    return settings["modem"]


def made(line, given, password=None, ppp=4):
    class Machine:
        UART = line

    Machine.Pin = Pin
    Pin.seen = []
    port, said, fed = Port(), Said(), []
    found = modem.Modem(
        Network(), given, password, network_settings(), Uptime(port), port.sleep, lambda: fed.append(1), said
    )
    with_machine(Machine, found._open)
    found.nic.result = ppp
    found.up()
    return found, port, said, fed


def test_it_is_dialled_and_its_address_is_said():
    line = Line()
    found, _, said, fed = made(line, section())
    equal(said.lines, ["Modem is up, address 10.1.2.3"])
    commands = [text[2:-1] for text in line.asked]
    equal(commands[-5:], ["+CFUN=1", "+CPIN?", "+CEREG?", '+CGDCONT=1,"IP","internet"', "D*99#"])
    # All that a TCP window lets the other side send fits until PPP takes it.
    equal((line.made, found.nic.given, len(fed) > 0), ((1, 115200, 8192, 26, 27), {}, True))
    import umail

    equal(umail.nic is found.nic, True)
    # What stands there for a router's address is the mask.
    equal(found.gateway(), "")


def test_the_provider_s_login_is_given_the_way_that_it_is_asked_for():
    for auth, number in (("pap", 1), ("chap", 2)):
        found, _, _, _ = made(Line(), section(username="web", auth=auth), "hush")
        equal(found.nic.given, {"security": number, "user": "web", "key": "hush"})


def test_without_an_access_point_the_sim_s_own_is_left_as_it_is():
    line = Line()
    given = dict(PLAIN)
    given["modem"] = {"tx": 26, "rx": 27}
    made(line, config.check(given)[0]["modem"])
    equal([text for text in line.asked if "CGDCONT" in text], [])


def test_after_a_reset_of_the_board_alone_the_modem_is_called_back_from_its_call():
    line = Line()
    line.data = True
    _, _, said, _ = made(line, section())
    equal((said.lines, "+++" in line.asked, "ATH\r" in line.asked), (["Modem is up, address 10.1.2.3"], True, True))


def test_its_supply_is_switched_on_and_its_power_key_is_pressed_once_and_only_if_it_does_not_answer():
    made(Line(), section(power=12, power_key=4))
    equal(Pin.seen, [(12, 1), (4, 0), (12, 1)])
    line = Line()
    line.answers[""] = ""
    _, _, said, _ = made(line, section(power=12, power_key=4))
    equal(Pin.seen, [(12, 1), (4, 0), (12, 1), (4, 1), (4, 0)])
    inside("Modem: it does not answer: check its power, that modem.tx goes to its RX", said.lines[0])
    inside("tried again in 5 s", said.lines[0])


def test_each_failure_is_told_apart():
    for command, answer, words in (
        ("+CPIN?", "+CPIN: SIM PIN\r\n\r\nOK", "the SIM asks for its PIN: put it into a phone"),
        ("+CPIN?", "+CME ERROR: 10", "it finds no SIM"),
        ("+CEREG?", "+CEREG: 0,2\r\n\r\nOK", "it finds no mobile network (signal -85 dBm): check the antenna"),
        ("+CEREG?", "+CEREG: 0,3\r\n\r\nOK", "the mobile network refuses this SIM"),
        ('+CGDCONT=1,"IP","internet"', "ERROR", "it refuses the access point internet: check modem.apn"),
        ("D*99#", "NO CARRIER", "the mobile network refuses the call (NO CARRIER): check modem.apn"),
        ("D*99#", "", "the mobile network refuses the call (no answer)"),
    ):
        line = Line()
        line.answers[command] = answer
        _, port, said, _ = made(line, section())
        inside(words, said.lines[0])
    for status, words in ((-7, "the provider refuses the login"), (-9, "there is no PPP"), (3, "there is no PPP")):
        _, _, said, _ = made(Line(), section(username="web"), "hush", status)
        inside(words, said.lines[0])
        equal("hush" in said.text(), False)


def test_no_pin_is_ever_tried_so_that_no_sim_is_locked():
    line = Line()
    line.answers["+CPIN?"] = "+CPIN: SIM PIN\r\n\r\nOK"
    found, port, _, _ = made(line, section())
    for _ in range(5):
        port.pass_time(600)
        found.up()
    equal([text for text in line.asked if "CPIN=" in text], [])


def test_whatever_a_modem_says_is_bounded_and_shown_as_one_line():
    line = Line()
    line.answers["D*99#"] = "\x1b[2J\r\n" + "x" * 5000 + "\r\nNO CARRIER"
    _, _, said, _ = made(line, section())
    equal((len(said.lines[0]) < 700, "\x1b" in said.lines[0], "\n" in said.lines[0]), (True, False, False))


class Clock:
    def __init__(self, time):
        self.time = time

    def now(self):
        return self.time


class Result:
    def __init__(self, stage):
        self.stage = stage


class Outbox:
    report = None


def test_two_mails_in_a_row_that_reach_no_server_end_the_call_which_is_dialled_again():
    line = Line()
    found, port, said, _ = made(line, section())
    box, told = Outbox(), []
    box.report = lambda message, result: told.append(result.stage)
    found.watch(box, Clock(1))
    for stage in ("connect", "rcpt", "resolve", "connect"):
        equal(found.ready(), True)
        box.report(None, Result(stage))
    equal((told, found.ready()), (["connect", "rcpt", "resolve", "connect"], False))
    inside("two mails reached no server, so it hangs up and dials again", said.text())
    equal(found.up(), True)
    equal(len([text for text in line.asked if text[:3] == "ATD"]), 2)


def test_a_call_over_which_no_time_comes_is_ended_and_dialled_again():
    line = Line()
    found, port, said, _ = made(line, section())
    box = Outbox()
    for time, calls in ((1, 1), (None, 2)):
        found.watch(box, Clock(time))
        port.pass_time(299)
        equal(found.up(), True)
        port.pass_time(2)
        equal(found.up(), True)
        equal(len([text for text in line.asked if text[:3] == "ATD"]), calls)
    inside("no time server is reached, so it hangs up and dials again", said.text())


def test_switched_off_its_radio_is_off_too():
    line = Line()
    found, _, _, _ = made(line, section(power=12))
    found.down()
    equal((line.asked[-1], Pin.seen[-1], found.ready()), ("AT+CFUN=0\r", (12, 0), False))


def test_what_this_micropython_lacks_is_said_before_anything_is_switched_on():
    class Without:
        pass

    class Old:
        class PPP:
            active = None

    for network, words in ((Without(), "has no network.PPP"), (Old(), "MicroPython 1.26 or newer")):
        old = sys.modules.get("network")
        sys.modules["network"] = network
        try:
            settings = {"ethernet": (), "modem": section(), "network": network_settings()}
            inside(words, str(raises(ValueError, net_setup.check, settings)))
        finally:
            del sys.modules["network"]
            if old:
                sys.modules["network"] = old
    modem.check(Network())
