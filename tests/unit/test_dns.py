"""DNS: queries, answers as servers give them, and answers that someone else gives."""

import os

from check import equal, inside, raises
from umail import dns
from umail.errors import MailError

ID = b"\x12\x34"


def name(text):
    """A name without compression."""
    return b"".join([bytes([len(x)]) + x.encode() for x in text.split(".") if x]) + b"\0"


def record(owner, kind, data):
    return owner + bytes([0, kind, 0, 1, 0, 0, 1, 44, len(data) >> 8, len(data) & 255]) + data


def answer(question, records=(), flags=b"\x81\x80"):
    """An answer to the packet ``question``; each record is the bytes of one."""
    count = bytes([len(records) >> 8, len(records) & 255])
    return question[:2] + flags + b"\0\1" + count + b"\0\0\0\0" + question[12:] + b"".join(records)


HERE = b"\xc0\x0c"
ADDRESS = bytes([52, 96, 1, 2])


def run(steps, *answers):
    """Drive a generator: each answer is bytes, None, or a function of the packet. Returns (result, what it asked).

    A query over TCP is noted as ("tcp", server, packet, seconds); its answer comes in pieces of 7 bytes.
    """
    asked = []
    given = list(answers)
    server = packet = buffer = what = None
    stream = b""
    try:
        while True:
            what = steps.send(what)
            if isinstance(what, tuple) and what[0] == "udp":
                asked.append(what)
                packet = what[2] or packet
                what = given.pop(0)
                what = what(packet) if callable(what) else what
            elif isinstance(what, tuple):
                server, buffer = (what[1], what[3]) if what[0] == "connect" else (None, None)
                what = None
            elif isinstance(what, bytes):
                asked.append(("tcp", server, what[2:], 0))
                data = given.pop(0)
                data = data(what[2:]) if callable(data) else data or b""
                stream = bytes([len(data) >> 8, len(data) & 255]) + data if data else b""
                what = None
            else:
                piece, stream = stream[:7], stream[7:]
                buffer.space()[: len(piece)] = piece
                buffer.end += len(piece)
                what = len(piece)
    except StopIteration as stop:
        equal((given, buffer), ([], None))
        return stop.value, asked


def gives(*records):
    return lambda packet: answer(packet, records)


def test_a_query_is_rfc_1035():
    equal(
        dns.query("contoso.com", dns.MX, ID),
        ID + b"\1\0\0\1\0\0\0\0\0\0\7contoso\3com\0\0\x0f\0\1",
    )


def test_a_name_that_is_none_is_refused():
    for bad in ("", "a..b", "x" * 64 + ".com", "a b.com", "a\r\n.com", "ü.de", ".".join(["x" * 60] * 5)):
        raises(ValueError, dns.query, bad, dns.A, ID)


def test_addresses_come_in_order():
    found, asked = run(
        dns.addresses("smtp.office365.com", ["192.0.2.53"]),
        gives(record(HERE, dns.A, ADDRESS), record(HERE, dns.A, bytes([10, 0, 0, 1]))),
    )
    equal(found, ["52.96.1.2", "10.0.0.1"])
    equal(asked[0][:2], ("udp", "192.0.2.53"))


def test_aliases_are_followed_in_the_answer_and_beyond_it():
    chain = gives(
        record(HERE, dns.CNAME, name("Outlook.example")),
        record(name("outlook.EXAMPLE"), dns.CNAME, name("x.example")),
        record(name("x.example"), dns.A, ADDRESS),
    )
    equal(run(dns.addresses("smtp.example", ["1.1.1.1"]), chain)[0], ["52.96.1.2"])
    found, asked = run(
        dns.addresses("smtp.example", ["1.1.1.1"]),
        gives(record(HERE, dns.CNAME, name("x.example"))),
        gives(record(HERE, dns.A, ADDRESS)),
    )
    equal(found, ["52.96.1.2"])
    inside(b"\1x\7example\0", asked[1][2])


def test_alias_loops_end():
    loop = gives(record(HERE, dns.CNAME, name("b.example")), record(name("b.example"), dns.CNAME, HERE))
    error = raises(MailError, run, dns.addresses("a.example", ["1.1.1.1"]), *[loop] * 8)
    equal(error.kind, "configuration")


def test_an_address_of_another_name_is_not_taken():
    error = raises(
        MailError,
        run,
        dns.addresses("a.example", ["1.1.1.1"], False),
        gives(record(name("evil.example"), dns.A, ADDRESS)),
    )
    equal(error.key, "dns_no_name")


def test_ipv6_is_asked_for_where_there_is_no_ipv4():
    found, _ = run(
        dns.addresses("a.example", ["1.1.1.1"]),
        gives(),
        gives(record(HERE, dns.AAAA, b"\x20\x01\x0d\xb8" + bytes(11) + b"\1")),
    )
    equal(found, ["2001:db8:0:0:0:0:0:1"])


def test_mail_hosts_come_by_preference():
    found, _ = run(
        dns.mail_hosts("contoso.com", ["1.1.1.1"]),
        gives(
            record(HERE, dns.MX, b"\0\x14" + name("backup.example")),
            record(HERE, dns.MX, b"\0\x0a\7contoso\xc0\x14"),
            record(HERE, dns.MX, b"\0\0" + name("contoso-com.mail.protection.outlook.com")),
        ),
    )
    equal(found, ["contoso-com.mail.protection.outlook.com", "contoso.com", "backup.example"])


def test_a_domain_that_takes_no_mail_says_so():
    for records in ((), (record(HERE, dns.MX, b"\0\0\0"),)):
        error = raises(MailError, run, dns.mail_hosts("contoso.com", ["1.1.1.1"]), gives(*records))
        equal((error.kind, error.key, error.stage), ("configuration", "dns_no_name", "resolve"))


def no_such_name(packet):
    return answer(packet, (), b"\x81\x83")


def nothing(packet):
    return answer(packet)


def test_no_such_name_is_believed_once_no_server_knows_more():
    for told in (no_such_name, None, lambda packet: answer(packet, (), b"\x81\x82")):
        steps = dns.addresses("a.example", ["1.1.1.1", "2.2.2.2"])
        error = raises(MailError, run, steps, no_such_name, told)
        equal((error.kind, error.key), ("configuration", "dns_no_name"))


def test_a_router_that_knows_no_name_while_its_line_is_down_is_not_the_last_to_be_asked():
    for told in (no_such_name, nothing):
        found, asked = run(
            dns.addresses("a.example", ["192.168.1.1", "9.9.9.9"]), told, gives(record(HERE, dns.A, ADDRESS))
        )
        equal((found, [a[1] for a in asked]), (["52.96.1.2"], ["192.168.1.1", "9.9.9.9"]))
        host = record(HERE, dns.MX, b"\0\0" + name("mx.example"))
        found, asked = run(dns.mail_hosts("a.example", ["192.168.1.1", "9.9.9.9"]), told, gives(host))
        equal((found, [a[1] for a in asked]), (["mx.example"], ["192.168.1.1", "9.9.9.9"]))


def test_servers_are_tried_in_turn_and_more_patiently():
    found, asked = run(
        dns.addresses("a.example", ["1.1.1.1", "2.2.2.2"]),
        None,
        lambda p: answer(p, (), b"\x81\x82"),
        lambda p: answer(p, (), b"\x81\x85"),
        gives(record(HERE, dns.A, ADDRESS)),
    )
    equal(found, ["52.96.1.2"])
    equal([(a[1], a[3]) for a in asked], [("1.1.1.1", 2), ("2.2.2.2", 2), ("1.1.1.1", 4), ("2.2.2.2", 4)])
    error = raises(MailError, run, dns.addresses("a.example", ["1.1.1.1"]), None, None)
    equal((error.kind, error.key), ("temporary", "dns"))


def test_each_query_has_its_own_random_id():
    _, asked = run(dns.addresses("a.example", ["1.1.1.1"]), None, gives(record(HERE, dns.A, ADDRESS)))
    equal(asked[0][2][:2] == asked[1][2][:2], False)


def test_forged_answers_are_passed_over_within_the_same_wait():
    def other_id(packet):
        return bytes([packet[0] ^ 1]) + answer(packet, [record(HERE, dns.A, b"evil")])[1:]

    def other_question(packet):
        return answer(packet[:12] + packet[12:].replace(b"a", b"b"), [record(HERE, dns.A, b"evil")])

    def a_query(packet):
        return answer(packet, [record(HERE, dns.A, b"evil")], b"\1\0")

    found, asked = run(
        dns.addresses("a.example", ["1.1.1.1"]),
        other_id,
        other_question,
        a_query,
        b"",
        gives(record(HERE, dns.A, ADDRESS)),
    )
    equal(found, ["52.96.1.2"])
    equal([a[2] is None for a in asked], [False, True, True, True, True])


def test_a_truncated_answer_is_fetched_by_tcp_however_it_is_cut():
    for cut in (1, 2, 3, 1000):
        steps = dns.addresses("a.example", ["1.1.1.1#54"])
        question = next(steps)[2]
        what = steps.send(answer(question, (), b"\x83\x80"))
        equal(what[:3], ("connect", "1.1.1.1", 54))
        buffer = what[3]
        equal(steps.send(None), bytes((0, len(question))) + question)
        octets = answer(question, [record(HERE, dns.A, ADDRESS)])
        octets = bytes((0, len(octets))) + octets
        waits = [steps.send(None)]
        while octets:
            space = buffer.space()
            part = octets[:cut]
            space[: len(part)] = part
            buffer.end += len(part)
            octets = octets[len(part) :]
            waits.append(steps.send(len(part)))
        equal((waits[0], waits[1:-1], waits[-1]), (2, [0] * (len(waits) - 2), ("close",)))
        equal(raises(StopIteration, steps.send, None).value, ["52.96.1.2"])


def test_a_tcp_answer_that_does_not_come_leads_to_the_next_server():
    for failure in (OSError(111), 0):
        steps = dns.addresses("a.example", ["1.1.1.1", "2.2.2.2"])
        question = next(steps)[2]
        equal(steps.send(answer(question, (), b"\x83\x80"))[0], "connect")
        if failure:
            equal(steps.throw(failure), ("close",))
        else:
            steps.send(None)
            equal(steps.send(None), 2)
            equal(steps.send(0), ("close",))
        equal(steps.send(None)[:2], ("udp", "2.2.2.2"))


def test_an_answer_cut_at_any_octet_is_refused_whole():
    question = dns.query("contoso.com", dns.MX, ID)
    whole = answer(
        question,
        [record(HERE, dns.MX, b"\0\x0a\2mx\xc0\x0c"), record(b"\2mx\xc0\x0c", dns.A, ADDRESS)],
    )
    equal(
        dns.parse(whole, question),
        (
            0,
            False,
            [(b"contoso.com", dns.MX, (10, b"mx.contoso.com")), (b"mx.contoso.com", dns.A, "52.96.1.2")],
        ),
    )
    for size in range(len(whole)):
        raises(dns.Malformed, dns.parse, whole[:size], question)


def test_compression_loops_and_strange_labels_are_refused():
    question = dns.query("contoso.com", dns.MX, ID)
    at = len(question) + 14
    for target in (
        bytes([0xC0, at]),
        bytes([0xC0, at + 2]),
        b"\1x" + bytes([0xC0, at]),
        b"\xff\xff",
        b"\x40a",
        b"\x80a",
        b"\2\r\n\0",
        b"\3a.b\0",
        b"\3a b\0",
        b"\1a\0more",
        b"".join([b"\x3f" + b"x" * 63] * 4) + b"\0",
    ):
        packet = answer(question, [record(HERE, dns.MX, b"\0\x0a" + target)])
        raises(dns.Malformed, dns.parse, packet, question)
    # Nothing can be asked about an alias without a name.
    raises(dns.Malformed, dns.parse, answer(question, [record(HERE, dns.CNAME, b"\0")]), question)


def test_unknown_records_are_left_out():
    question = dns.query("contoso.com", dns.A, ID)
    packet = answer(question, [record(HERE, 16, b"\4text"), record(HERE, 46, bytes(50)), record(HERE, dns.A, b"12345")])
    equal(dns.parse(packet, question), (0, False, []))


def test_addresses_and_local_names_need_no_query():
    equal(run(dns.addresses("192.0.2.1", ["1.1.1.1"])), (["192.0.2.1"], []))
    equal(run(dns.addresses("2001:db8::1", ["1.1.1.1"])), (["2001:db8::1"], []))
    for host in ("localhost", "board.local", "printer", "a.localhost"):
        equal(run(dns.addresses(host, ["1.1.1.1"])), (None, []))
    equal(run(dns.addresses("smtp.example", [])), (None, []))
    equal(raises(MailError, run, dns.mail_hosts("contoso.com", [])).kind, "configuration")


def test_servers_come_from_resolv_conf():
    path = "resolv.tmp"
    with open(path, "w") as file:
        file.write("# one\nsearch contoso.com\nnameserver 192.0.2.1\n nameserver  2001:db8::1 \nnameserver\n")
        file.write("nameserver 0.0.0.0\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n")
    try:
        equal(dns.servers(path), ["192.0.2.1", "2001:db8::1", "192.0.2.2"])
    finally:
        os.remove(path)
    equal(dns.servers(path), [])


def test_servers_come_from_the_network_interface_of_a_board():
    import sys

    class WLAN:
        def __init__(self, interface):
            pass

        def ifconfig(self):
            return ("192.0.2.9", "255.255.255.0", "192.0.2.1", "192.0.2.53")

    class Old:
        STA_IF = 0

    class New:
        @staticmethod
        def ipconfig(what):
            return {"dns": "192.0.2.54"}[what]

    Old.WLAN = WLAN
    for network, wanted in ((Old, ["192.0.2.53"]), (New, ["192.0.2.54"])):
        sys.modules["network"] = network
        try:
            equal(dns.servers("none"), wanted)
        finally:
            del sys.modules["network"]
