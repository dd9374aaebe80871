"""The header that says how a board is: signed as RFC 2104 has it, numbered without going back, ASCII in any case."""

from binascii import hexlify, unhexlify

from alertnode import status
from alertnode.hmac256 import hmac256, same
from check import equal, inside
from firmware_fakes import NOON, Port

KEY = "0b" * 32


def test_codes_are_those_of_rfc_4231():
    for key, data, code in (
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ):
        equal(hexlify(hmac256(key, data)).decode(), code)
        equal(hmac256(key, data[:3], data[3:]), hmac256(key, data))


def test_codes_that_differ_in_a_bit_or_in_length_are_not_the_same():
    code = hmac256(b"key", b"data")
    equal(same(code, bytes(code)), True)
    equal(same(code, code[:-1]), False)
    for at in (0, 31):
        wrong = bytearray(code)
        wrong[at] ^= 1
        equal(same(code, bytes(wrong)), False)


def test_a_number_never_comes_twice_whatever_power_clock_and_flash_do():
    port = Port()
    seen = []
    for start in (NOON, NOON, 0, NOON - 9999, 0):
        # Each start begins without what RAM had.
        used = [0, 0]
        seen += [status.number(used, start, port) for _ in range(40)]
    equal(seen, sorted(set(seen)))
    port.full = True
    used = [0, 0]
    seen += [status.number(used, NOON, port) for _ in range(40)]
    equal(seen, sorted(set(seen)))
    # Erased: the clock goes on from there.
    port.files = {}
    port.full = False
    inside(status.number([0, 0], seen[-1] + 5, port), (seen[-1] + 6,))


def test_the_counter_is_written_once_a_start_and_once_for_32_mails():
    port = Port()
    written = []
    write = port.write
    port.write = lambda path, data: (written.append(data), write(path, data))
    used = [0, 0]
    for _ in range(64):
        status.number(used, NOON, port)
    equal(len(written), 2)


def test_a_word_is_ascii_without_what_a_header_a_list_or_a_terminal_minds():
    equal(status.word("Kühl; truhe,\x1b[2J\r\n="), "K%C3%BChl%3B%20truhe%2C%1B%5B2J%0D%0A%3D")
    equal(len(status.word("ü" * 500)), 72)


class Node:
    """As much of an App as a status tells of."""

    def __init__(self, **values):
        for name in values:
            setattr(self, name, values[name])


def node(**more):
    route = Node(fails=more.pop("fails", 0), refusal="auth m365_smtp_auth_off")
    outbox = Node(
        heartbeat=len, beat=1000, now=lambda: 400, dead=lambda: [1], expires=[("client secret", 3600)], route=[route]
    )
    mailer = Node(outbox=outbox, pending=lambda: 2)
    rules = [Node(name="too warm", active=True), Node(name="door", active=False)]
    clock = Node(now=lambda: NOON, uptime=lambda: 12345)
    readings = {"cell": Node(value=3.9004)}
    return Node(board="Gefriertruhe ü", mailer=mailer, rules=rules, clock=clock, readings=readings)


def test_a_mail_says_once_how_the_board_is_and_nothing_else_changes():
    message = Node(headers=[("X-Mine", "1")])
    used = [5, 9]
    status.sign(message, node(fails=1), "cell", used, KEY)
    status.sign(message, node(fails=1), "cell", used, KEY)
    equal([name for name, _ in message.headers], ["X-Mine", "X-Umail-Status"])
    value = message.headers[1][1]
    fields = dict([field.split("=", 1) for field in value.split("; ")])
    for name, wanted in (
        ("v", "1"),
        ("t", str(NOON)),
        ("name", "Gefriertruhe%20%C3%BC"),
        ("up", "12"),
        ("wait", "2"),
        ("dead", "1"),
        ("due", str(NOON + 600)),
        ("bat", "3900"),
        ("on", "too%20warm"),
        ("ref", "auth%20m365_smtp_auth_off"),
        ("n", "7"),
    ):
        equal(fields[name], wanted, name)
    inside("client%20secret:", fields["exp"])
    text = value[: value.index("; mac=")].replace(" ", "").encode()
    equal(hexlify(hmac256(hmac256(unhexlify(KEY), b"status"), text)[:16]).decode(), fields["mac"])
    equal(value.encode().decode("ascii"), value)


def test_what_a_board_does_not_have_is_left_out():
    message = Node(headers=[])
    quiet = node()
    quiet.rules = []
    quiet.mailer.outbox.expires = ()
    quiet.mailer.outbox.heartbeat = None
    status.sign(message, quiet, None, [5, 9], KEY)
    for name in ("bat=", "on=", "exp=", "due=", "ref="):
        equal(name in message.headers[0][1], False, name)


def test_the_next_heartbeat_is_told_as_it_will_be_when_it_has_been_moved_to_its_hour():
    from alertnode import secrets, signing

    made = node()
    made.mailer.flushed = (lambda: setattr(made.mailer.outbox, "beat", 4000),)
    made.log = Node(show=lambda text: equal(text, ""))
    before, secrets.get = secrets.get, lambda name: KEY
    try:
        message = Node(headers=[])
        signing.make(made, {"": {"type": "adc"}})(message)
    finally:
        secrets.get = before
    inside("; due=%d; " % (NOON + 3600), message.headers[0][1])
