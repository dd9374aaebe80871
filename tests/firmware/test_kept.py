"""What a board on battery keeps of its network over a sleep: it is used while it holds, and costs one try if not."""

from alertnode.clock import Uptime
from alertnode.kept import Kept, send, ttl
from alertnode.wifi import Wifi
from check import equal
from firmware_fakes import NOON, Port, Said, network_settings

PARTS = ("192.168.1.7", "255.255.255.0", "192.168.1.1", "192.168.1.2")
HOST = "smtp.office365.com"


class Time:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


def keep(kept, name):
    """Let ``kept`` keep the address that DHCP gave in the network ``name``."""
    network = Network()
    kept.join(network, name)
    kept.joined(network, name)
    equal(network.done, [])


def answer(question, records):
    """An answer of DNS: ``records`` are (name, kind, TTL, data)."""
    packet = question[:2] + b"\x81\x80\0\1" + bytes((0, len(records), 0, 0, 0, 0)) + question[12:]
    for name, kind, seconds, data in records:
        packet += name + bytes((0, kind, 0, 1)) + seconds.to_bytes(4, "big") + len(data).to_bytes(2, "big") + data
    return packet


def found(kept, host=HOST, failed=(), seconds=300, octets=b"\xc0\0\x02\x05"):
    """Run ``kept.resolve`` to its end with a DNS server that answers; return (addresses, queries)."""
    asked = []
    steps = kept.resolve(host, failed) if failed else kept.resolve(host)
    reply = None
    try:
        while True:
            what = steps.send(reply)
            equal(what[0], "udp")
            asked.append(what[2])
            reply = answer(what[2], [(b"\xc0\x0c", 1, seconds, octets)])
    except StopIteration as stop:
        return stop.value, len(asked)


def with_servers(function):
    """Run ``function`` with a DNS server known."""
    from umail import dns

    usual, dns.servers = dns.servers, lambda: ["192.168.1.2"]
    try:
        return function()
    finally:
        dns.servers = usual


def test_an_address_stands_for_hours_in_its_network_and_no_longer():
    time = Time()
    kept = Kept("", time)
    equal((kept.lease("lab"), kept.dump()), (None, ""))
    keep(kept, "lab")
    text = kept.dump()
    equal(Kept(text, time).lease("lab"), PARTS)
    equal(Kept(text, time).lease("other"), None)
    time.now += 6 * 3600 - 1
    equal(Kept(text, time).lease("lab"), PARTS)
    time.now += 1
    equal(Kept(text, time).lease("lab"), None)
    # A clock that was set back must not make it stand for ever.
    time.now -= 7 * 3600
    equal(Kept(text, time).lease("lab"), None)
    time.now += 3600
    equal(kept.lease("lab"), PARTS)
    equal((kept.dump(False), kept.lease("lab"), kept.dump()), ("", None, ""))


def test_what_was_kept_may_be_anything():
    for text in (
        "", "x", "[]", "[1, 2, 3]", "7", "null", '[["lab"], null]', '[null, ["h", [], 5]]', '[["a", 1, 2, 3, 4, 5], 7]',
        '[["lab", "1", "2", "3", "4", "5"], [1, 2, 3]]',
    ):  # fmt: skip
        kept = Kept(text, Time())
        equal((kept.lease("lab"), kept.dump()), (None, ""), text)


def test_an_answer_of_dns_is_kept_for_as_long_as_it_says():
    def run():
        time = Time()
        kept = Kept("", time)
        equal(found(kept), (["192.0.2.5"], 1))
        kept = Kept(kept.dump(), time)
        time.now += 299
        equal(found(kept), (["192.0.2.5"], 0))
        equal(found(kept, "smtp.example.org"), (["192.0.2.5"], 1))
        kept = Kept(kept.dump(), time)
        time.now += 300
        equal(found(kept, "smtp.example.org"), (["192.0.2.5"], 1))
        # One that says that it must not be kept.
        equal(found(kept, "a.example.org", seconds=0), (["192.0.2.5"], 1))
        equal(kept.dump(), "")

    with_servers(run)


def test_addresses_that_do_not_answer_are_asked_for_again_and_the_same_ones_not_tried_again():
    def run():
        kept = Kept("", Time())
        equal(found(kept), (["192.0.2.5"], 1))
        equal(found(kept, failed=["192.0.2.5"], octets=b"\xc0\0\x02\x06"), (["192.0.2.6"], 1))
        equal(found(kept), (["192.0.2.6"], 0))
        equal(found(kept, failed=["192.0.2.6"], octets=b"\xc0\0\x02\x06"), ([], 1))

    with_servers(run)


def test_the_least_ttl_of_an_answer_counts_and_one_that_is_cut_has_none():
    question = b"\1\2\1\0\0\1\0\0\0\0\0\0\4smtp\7contoso\3com\0\0\1\0\1"
    whole = answer(question, [(b"\xc0\x0c", 5, 3600, b"\1a\xc0\x11"), (b"\1a\xc0\x11", 1, 60, b"\xc0\0\x02\x05")])
    equal(ttl(whole), 60)
    for end in range(len(whole)):
        equal(ttl(whole[:end]), 0, end)
    equal(ttl(answer(question, [(b"\xc0\x0c", 1, 10**6, b"1234")])), 86400)
    equal(ttl(answer(question, [])), 0)


class Network:
    """The module `network` with its one interface, which connects at once."""

    STA_IF = 0

    def __init__(self):
        self.done = []
        self.on = False

    def WLAN(self, interface):
        return self

    def active(self, on):
        self.on = on

    def connect(self, ssid, password):
        self.done.append(ssid)

    def disconnect(self):
        self.done.append("left")

    def isconnected(self):
        return self.done[-1:] == ["lab"]

    def status(self):
        return 0

    def ifconfig(self, parts=None):
        if parts:
            self.done.append(parts)
        return PARTS


def joined(kept, **settings):
    network, port = Network(), Port(NOON)
    networks = [("near", "x", 5, "wifi_password"), ("lab", "x", 5, "wifi_password_2")]
    wifi = Wifi(network, networks, network_settings(**settings), Uptime(port), port.sleep, str, Said())
    wifi.kept = kept
    equal(wifi.up(), True)
    return [one for one in network.done if one != "left"]


def test_a_board_gives_itself_the_address_that_it_had_and_asks_dhcp_in_any_other_network():
    time = Time()
    kept = Kept("", time)
    equal(joined(kept), ["near", "lab"])
    equal(joined(kept), ["near", PARTS, "lab"])
    kept = Kept("", time)
    keep(kept, "near")
    # (DHCP again, as the interface has an address that was kept.)
    equal(joined(kept), [PARTS, "near", "dhcp", "lab"])
    equal(kept.dump(False), "")
    equal(joined(kept), ["near", "lab"])


class Node:
    """An App that is online, with ``pending`` mails that are not due."""

    wifi = None
    chores = ()
    unwritten = 0

    def __init__(self, kept, pending):
        self.clock = self.mailer = self.outbox = self.state = self
        self.kept = kept
        self.values = {}
        self.pending = lambda: pending

    def uptime(self):
        return 0

    def online(self):
        return True

    def due(self):
        return False


def test_a_mail_that_still_waits_lets_the_next_try_ask_for_all_of_it():
    for pending, wanted in ((0, True), (1, False)):
        kept = Kept("", Time())
        keep(kept, "lab")
        node = Node(kept, pending)
        equal(send(node, 60000), True)
        equal(bool(node.values["net"]), wanted)
        equal(Kept(node.values["net"], Time()).lease("lab"), PARTS if wanted else None)
