"""Wi-Fi: failures in words, growing pauses, a lost connection noticed."""

from alertnode.clock import Uptime
from alertnode.wifi import Wifi
from check import equal, inside
from firmware_fakes import Port, Said, network_settings


class Network:
    """The module `network` with one interface, which connects ``after`` so many looks, or never."""

    STA_IF = 0
    STAT_WRONG_PASSWORD = 202
    STAT_NO_AP_FOUND = 201

    def __init__(self):
        self.after = 3
        self.code = 1001
        self.up = False
        self.tried = []
        self.refuses = False
        self.active_now = False
        self.switched = []
        self.lacks_memory = None
        # Names of the networks that take the board; None: all do.
        self.near = None
        self.configured = []
        self.server = "192.168.1.1"
        self.names = []

    def hostname(self, name):
        self.names.append(name)

    def country(self, code):
        self.names.append(code)

    def config(self, **settings):
        equal(self.active_now, True)
        self.configured.append(settings)

    def ipconfig(self, key=None, dns=None):
        if dns:
            self.server = dns
        return self.server

    def WLAN(self, interface):
        if self.lacks_memory:
            raise self.lacks_memory
        equal(interface, self.STA_IF)
        return self

    def active(self, on):
        if self.lacks_memory:
            raise self.lacks_memory
        self.active_now = on
        self.switched.append(on)

    def disconnect(self):
        self.up = False

    def connect(self, ssid, password):
        if self.refuses:
            raise OSError("Wifi Internal Error")
        self.tried.append((ssid, password))
        self.left = self.after if self.near is None or ssid in self.near else 10**6

    def isconnected(self):
        if self.tried and not self.up and self.after:
            self.left -= 1
            self.up = self.left <= 0
        return self.up

    def status(self):
        return self.code

    def ifconfig(self, fixed=None):
        if fixed:
            self.configured.append(fixed)
        return ("192.168.1.7", "255.255.255.0", "192.168.1.1", "192.168.1.1")


LAB = ("lab", "geheim", 20, "wifi_password")


def wifi(network, networks=(LAB,), **settings):
    port, said, fed = Port(), Said(), []
    section = network_settings(**settings)
    made = Wifi(network, networks, section, Uptime(port), port.sleep, lambda: fed.append(1), said)
    return made, port, said, fed


def test_it_connects_feeds_the_watchdog_and_says_the_address():
    network = Network()
    made, _, said, fed = wifi(network)
    equal(made.up(), True)
    equal(network.tried, [("lab", "geheim")])
    equal(said.lines, ["Wi-Fi lab is up, address 192.168.1.7"])
    equal(len(fed) > 0, True)
    equal(made.up(), True)
    equal(len(network.tried), 1)
    equal(made.gateway(), "192.168.1.1")


def test_each_status_is_explained_and_the_password_never_shown():
    for code, words in (
        (202, "wrong password"),
        (-3, "wrong password"),
        (201, "no access point with this name"),
        (-2, "no access point with this name"),
        (204, "weak signal"),
        (200, "no longer heard"),
        (203, "turned the board away"),
        (1001, "no connection within 20 s"),
    ):
        network = Network()
        network.after = 0
        network.code = code
        made, _, said, _ = wifi(network)
        equal(made.up(), False)
        inside(words, said.lines[0])
        inside("tried again in 5 s", said.lines[0])
        equal("geheim" in said.text(), False)


def test_pauses_grow_to_five_minutes_and_begin_anew_after_success():
    network = Network()
    network.after = 0
    made, port, said, _ = wifi(network)
    for pause in (5, 10, 20, 40, 80, 160, 300, 300):
        equal(made.up(), False)
        inside("tried again in %d s" % pause, said.lines[-1])
        tries = len(network.tried)
        equal(made.up(), False)
        equal(len(network.tried), tries)
        port.pass_time(pause)
    network.after = 1
    equal(made.up(), True)
    network.up, network.after = False, 0
    equal(made.up(), False)
    inside("Wi-Fi lab is lost", said.lines[-2])
    inside("tried again in 5 s", said.lines[-1])


def test_a_radio_that_refuses_is_a_failure_like_others():
    network = Network()
    network.refuses = True
    made, _, said, _ = wifi(network)
    equal(made.up(), False)
    inside("the radio refuses (Wifi Internal Error)", said.lines[0])


def test_down_switches_the_radio_off():
    network = Network()
    made, _, _, _ = wifi(network)
    made.up()
    made.down()
    equal(network.active_now, False)


def test_a_radio_without_memory_is_a_failure_like_others_on_every_release():
    for error in (RuntimeError("Wifi Unknown Error 0x0101"), OSError("WiFi Out of Memory")):
        network = Network()
        network.lacks_memory = error
        made, port, said, _ = wifi(network)
        equal((made.up(), made.gateway()), (False, ""))
        made.down()
        inside("the radio refuses (%s)" % error, said.lines[0])
        network.lacks_memory = None
        port.pass_time(5)
        equal(made.up(), True)
        # Later it may be short again, and the interface is there.
        network.up, network.after, network.lacks_memory = False, 0, error
        equal(made.up(), False)
        inside("the radio refuses (%s)" % error, said.lines[-1])


def test_after_ten_minutes_without_network_the_radio_is_switched_off_and_on():
    network = Network()
    network.after = 0
    made, port, said, _ = wifi(network)
    begin = made.away()
    for _ in range(4 * 60):
        made.up()
        port.pass_time(15)
    offs = len([on for on in network.switched if not on])
    equal(4 <= offs <= 6, True, offs)
    equal(made.away() - begin >= 3600000, True)
    network.after = 1
    port.pass_time(300)
    equal((made.up(), made.away()), (True, 0))


def test_a_network_that_comes_and_goes_writes_few_lines_to_flash():
    network = Network()
    network.after = 1
    port, kept, shown = Port(), Said(), Said()
    made = Wifi(network, [LAB], network_settings(), Uptime(port), port.sleep, str, kept, shown)
    for _ in range(3 * 720):
        network.after = 1
        made.up()
        network.up, network.after = False, 0
        made.ready()
        port.pass_time(5)
    equal(len(kept.lines) <= 3 * 21 + 1, True, len(kept.lines))
    equal(len(shown.lines) > 1000, True)
    inside("more lines on the Wi-Fi were not kept", kept.text())


def test_a_radio_that_was_off_on_purpose_misses_no_network():
    network = Network()
    made, port, said, _ = wifi(network)
    made.up()
    made.down()
    port.pass_time(7200)
    network.up, network.after = False, 0
    equal(made.up(), False)
    equal(made.away() < 60000, True)
    equal("off and on" in said.text(), False)


def test_a_network_that_no_radio_has_found_since_is_missed_while_it_is_off_too():
    network = Network()
    made, port, _, _ = wifi(network)
    made.up()
    network.up, network.after = False, 0
    for _ in range(3):
        # As on a board on battery that never starts anew, such as a Pico W.
        made.down()
        port.pass_time(1800)
        equal(made.up(), False)
    equal(made.away() >= 3600000, True, made.away())
    network.after = 1
    made.down()
    port.pass_time(1800)
    equal((made.up(), made.away()), (True, 0))


CELLAR = ("cellar", "auch geheim", 5, "wifi_password_2")


def test_the_networks_of_a_list_are_tried_in_order_and_each_failure_is_said():
    network = Network()
    network.near, network.code = ("cellar",), 201
    made, port, said, _ = wifi(network, (LAB, CELLAR))
    begun = port.milliseconds
    equal(made.up(), True)
    equal(network.tried, [("lab", "geheim"), ("cellar", "auch geheim")])
    equal(
        said.lines,
        [
            "Wi-Fi lab: no access point with this name: check wifi.ssid and the distance; the next one is tried",
            "Wi-Fi cellar is up, address 192.168.1.7",
        ],
    )
    equal(20000 <= port.milliseconds - begun < 25000, True)
    # Lost: the first has the first word again.
    network.up, network.left, network.near = False, 10**6, ("lab",)
    equal(made.up(), True)
    equal(network.tried[2:], [("lab", "geheim")])
    equal(said.lines[2:], ["Wi-Fi cellar is lost", "Wi-Fi lab is up, address 192.168.1.7"])


def test_if_no_network_of_a_list_takes_the_board_it_pauses_and_names_each_secret():
    network = Network()
    network.near, network.code = (), 202
    made, _, said, _ = wifi(network, (LAB, CELLAR))
    equal(made.up(), False)
    inside("umail deploy --secret wifi_password; the next one is tried", said.lines[0])
    inside("Wi-Fi cellar: wrong password: umail deploy --secret wifi_password_2; tried again in 5 s", said.lines[1])
    equal(len(said.lines), 2)


def test_name_country_power_and_a_fixed_address_are_set_before_it_connects():
    network = Network()
    fixed = {"address": "192.168.1.9", "gateway": "192.168.1.1", "dns": "192.168.1.53"}
    made, _, _, _ = wifi(network, hostname="freezer-3", country="DE", tx_power=8, **fixed)
    equal(made.up(), True)
    equal(network.names, ["freezer-3", "DE"])
    equal(network.configured, [{"txpower": 8}, ("192.168.1.9", "255.255.255.0", "192.168.1.1", "192.168.1.53")])
    network = Network()
    made, _, _, _ = wifi(network, address="192.168.1.9", gateway="192.168.1.1")
    made.up()
    equal(network.configured, [("192.168.1.9", "255.255.255.0", "192.168.1.1", "192.168.1.1")])


def test_the_configured_dns_server_comes_back_after_each_answer_of_dhcp():
    network = Network()
    made, _, _, _ = wifi(network, dns="9.9.9.9")
    equal((made.up(), network.server), (True, "9.9.9.9"))
    network.server = "192.168.1.1"
    equal((made.ready(), network.server), (True, "9.9.9.9"))
