"""The fake server's dialogue without I/O: what each command is answered, however its bytes are cut."""

from __future__ import annotations

import base64
import re

import pytest

from umail_host.fake_smtp.core import profiles, providers
from umail_host.fake_smtp.core.dialogue import Dialogue
from umail_host.fake_smtp.core.events import Close, Deliver, Heard, Say, StartTls, Wait
from umail_host.fake_smtp.core.session import Session

USER, PASSWORD, TOKEN = "esp32@contoso.com", "s3cret!pw", "eyJ0eXAi.token"
MAIL = b"From: <esp32@contoso.com>\r\nSubject: Hi\r\nMessage-ID: <1@board>\r\n\r\nwarm\r\n"


def b64(text: str) -> bytes:
    return base64.b64encode(text.encode())


def xoauth2(user: str = USER, token: str = TOKEN) -> bytes:
    return b64(f"user={user}\1auth=Bearer {token}\1\1")


class Peer:
    """A client of one dialogue."""

    def __init__(self, profile: str = "m365-submission", *, tls: bool = True, login: bool = False, **switches) -> None:
        names = profiles.SWITCHES & switches.keys()
        adapted = profiles.adapt(profiles.find(profile), {name: switches.pop(name) for name in names})
        rules = providers.POLICIES[adapted.policy](mailboxes={USER: PASSWORD}, tokens={TOKEN: USER}, **switches)
        self.session = Session(1)
        self.dialogue = Dialogue(adapted, rules, self.session)
        self.events: list = []
        self.dialogue.connected()
        if tls:
            self.dialogue.tls_started("TLSv1.3")
        self.banner = self.take()
        if tls:
            self.send(b"EHLO board.example\r\n")
        if login:
            assert self.send(b"AUTH LOGIN " + b64(USER) + b"\r\n" + b64(PASSWORD) + b"\r\n")[-1].startswith("235")

    def take(self) -> list[str]:
        """The replies since the last call, multi-line ones as one."""
        new = self.dialogue.take()
        self.events += new
        said = b"".join(event.data for event in new if isinstance(event, Say)).decode()
        return re.findall(r"(?:\d{3}-[^\r\n]*\r\n)*\d{3} [^\r\n]*", said)

    def send(self, data: bytes) -> list[str]:
        self.dialogue.receive(data)
        return self.take()

    def codes(self, data: bytes) -> list[str]:
        return [" ".join(reply.split()[:2]) for reply in self.send(data)]

    @property
    def mail(self) -> list:
        return [event.envelope for event in self.events if isinstance(event, Deliver)]


TRANSACTION = b"MAIL FROM:<esp32@contoso.com>\r\nRCPT TO:<ops@contoso.com>\r\n"


def bdat(data: bytes, last: bool = True) -> bytes:
    return b"BDAT %d%s\r\n" % (len(data), b" LAST" if last else b"") + data


def test_exchange_greets_and_offers_what_it_offers_in_its_order():
    peer = Peer(tls=False)
    assert re.match(
        r"220 \S+\.outlook\.office365\.com Microsoft ESMTP MAIL Service ready at .* \[\w+\]", peer.banner[0]
    )
    (clear,) = peer.send(b"EHLO board.example\r\n")
    assert clear.split("\r\n")[1:] == [
        *("250-SIZE 157286400", "250-PIPELINING", "250-DSN", "250-ENHANCEDSTATUSCODES", "250-STARTTLS"),
        *("250-8BITMIME", "250-BINARYMIME", "250-CHUNKING", "250 SMTPUTF8"),
    ]
    assert peer.send(b"STARTTLS\r\n") == ["220 2.0.0 SMTP server ready"]
    peer.dialogue.tls_started()
    (after,) = peer.send(b"EHLO board.example\r\n")
    assert after == clear.replace("STARTTLS", "AUTH LOGIN XOAUTH2")


def test_one_flight_delivers_and_is_answered_as_exchange_answers():
    peer = Peer(login=True)
    assert peer.send(TRANSACTION + bdat(MAIL) + b"QUIT\r\n") == [
        "250 2.1.0 Sender OK",
        "250 2.1.5 Recipient OK",
        "250 2.0.0 OK <1@board> [Hostname=FR4PMB1234.FR4P281.PROD.OUTLOOK.COM]",
        "221 2.0.0 Service closing transmission channel",
    ]
    assert [(m.sender, m.recipients[0].address, m.content, m.user) for m in peer.mail] == [
        (USER, "ops@contoso.com", MAIL, USER)
    ]
    assert isinstance(peer.events[-1], Close)


FLIGHT = (
    b"EHLO board.example\r\nAUTH LOGIN\r\n"
    + b64(USER)
    + b"\r\n"
    + b64(PASSWORD)
    + b"\r\n"
    + TRANSACTION
    + b"DATA\r\n"
    + MAIL.replace(b"warm", b"..\r\n...warm\r\n..")
    + b".\r\nRSET\r\n"
    + TRANSACTION
    + bdat(MAIL[:9], last=False)
    + bdat(b"", last=False)
    + bdat(MAIL[9:], last=False)
    + bdat(b"")
    + b"NOOP\r\nQUIT\r\n"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, len(FLIGHT)])
def test_the_answers_do_not_depend_on_segments(size):
    whole, cut = Peer(), Peer()
    expected = whole.send(FLIGHT)
    answers = [reply for at in range(0, len(FLIGHT), size) for reply in cut.send(FLIGHT[at : at + size])]
    assert answers == expected
    assert [m.content for m in cut.mail] == [m.content for m in whole.mail]
    assert [m.content for m in whole.mail] == [MAIL.replace(b"warm", b".\r\n..warm\r\n."), MAIL]


def test_every_cut_into_two_segments_gives_the_same_answers_and_accounts_for_each_byte():
    expected = Peer().send(FLIGHT)
    for at in range(len(FLIGHT)):
        peer = Peer()
        assert peer.send(FLIGHT[:at]) + peer.send(FLIGHT[at:]) == expected
        heard = b"".join(event.data for event in peer.events if isinstance(event, Heard))
        assert heard.endswith(FLIGHT)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"AUTH LOGIN " + b64(USER) + b"\r\n" + b64("wrong") + b"\r\n", "535 5.7.3"),
        (b"AUTH LOGIN\r\n" + b64(USER) + b"\r\n" + b64(PASSWORD) + b"\r\n", "235 2.7.0"),
        (b"auth login " + b64(USER.upper()) + b"\r\n" + b64(PASSWORD) + b"\r\n", "235 2.7.0"),
        (b"AUTH PLAIN " + b64(f"\0{USER}\0{PASSWORD}") + b"\r\n", "504 5.7.4"),
        (b"AUTH CRAM-MD5\r\n", "504 5.7.4"),
        (b"AUTH XOAUTH2 " + xoauth2() + b"\r\n", "235 2.7.0"),
        (b"AUTH XOAUTH2\r\n" + xoauth2() + b"\r\n", "235 2.7.0"),
        (b"AUTH XOAUTH2 " + xoauth2(token="old") + b"\r\n", "535 5.7.3"),
        (b"AUTH XOAUTH2 " + xoauth2(user="other@contoso.com") + b"\r\n", "535 5.7.3"),
        (b"AUTH LOGIN\r\n*\r\n", "501 5.7.0"),
        (b"AUTH LOGIN !!!\r\n", "501 5.5.4"),
        (b"AUTH XOAUTH2 " + b64("user=x") + b"\r\n", "501 5.5.4"),
        (b"EHLO bad_name\r\n", "501 5.5.4"),
        (b"EHLO \r\n", "501 5.5.4"),
        (b"EHLO [10.0.0.300]\r\n", "501 5.5.4"),
        (b"MAIL FROM:<esp32@contoso.com>\r\n", "530 5.7.57"),
        (b"STARTTLS\r\n", "503 5.5.2"),
        (b"EXPLODE\r\n", "500 5.3.3"),
        (b"NO\0OP\r\n", "501 5.5.4"),
        (b"NOOP\n", "501 5.5.4"),
        (b"NOOP \xff\r\n", "501 5.5.4"),
    ],
)
def test_before_login_exchange_answers(sent, code):
    assert Peer().codes(sent)[-1] == code


@pytest.mark.parametrize("name", [b"board.example", b"localhost", b"[127.0.0.1]", b"[IPv6:::1]"])
def test_ordinary_ehlo_names_are_taken(name):
    assert Peer().send(b"EHLO " + name + b"\r\n")[0].startswith("250")


def test_in_clear_exchange_wants_starttls_and_takes_no_login():
    peer = Peer(tls=False)
    assert peer.codes(b"EHLO board.example\r\nMAIL FROM:<a@b.c>\r\n")[-1] == "451 5.7.3"
    assert peer.codes(b"AUTH LOGIN " + b64(USER) + b"\r\n") == ["504 5.7.4"]


def test_what_follows_starttls_in_clear_is_never_run():
    peer = Peer(tls=False)
    assert len(peer.send(b"EHLO board.example\r\nSTARTTLS\r\nMAIL FROM:<evil@b.c>\r\n")) == 2
    assert isinstance(peer.events[-1], StartTls)
    peer.dialogue.tls_started()
    assert peer.codes(b"MAIL FROM:<a@b.c>\r\n") == ["503 5.5.2"], "EHLO is forgotten with the clear channel"


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        (b"MAIL FROM:<a@b.c>\r\nMAIL FROM:<a@b.c>\r\n", ["250 2.1.0", "503 5.5.2"]),
        (b"MAIL FROM:a@b.c\r\n", ["501 5.1.7"]),
        (b"MAIL FROM:<a b@c.d>\r\n", ["501 5.1.7"]),
        (b"MAIL FROM:<a@b.c> SIZE=999999999999\r\n", ["552 5.3.4"]),
        (b"MAIL FROM:<a@b.c> BODY=9BIT\r\n", ["501 5.5.4"]),
        (b"MAIL FROM:<a@b.c> FOO=1\r\n", ["501 5.5.4"]),
        ("MAIL FROM:<ä@b.c>\r\n".encode(), ["501 5.1.7"]),
        ("MAIL FROM:<ä@b.c> SMTPUTF8\r\nRCPT TO:<ü@b.c>\r\n".encode(), ["250 2.1.0", "250 2.1.5"]),
        (b"MAIL FROM:<a@b.c>\r\nRCPT TO:<>\r\n", ["250 2.1.0", "501 5.1.3"]),
        (b"MAIL FROM:<a@b.c>\r\nRCPT TO:<x@y.z> NOTIFY=NEVER\r\n", ["250 2.1.0", "250 2.1.5"]),
        (b"RCPT TO:<x@y.z>\r\nDATA\r\n", ["503 5.5.2", "503 5.5.2"]),
        (b"MAIL FROM:<a@b.c>\r\nDATA\r\n", ["250 2.1.0", "503 5.5.2"]),
        (b"MAIL FROM:<a@b.c> BODY=BINARYMIME\r\nRCPT TO:<x@y.z>\r\nDATA\r\n", ["250 2.1.0", "250 2.1.5", "503 5.5.2"]),
        (b"RSET\r\nVRFY x\r\nHELP\r\n", ["250 2.0.0", "252 2.1.5", "214-This server"]),
    ],
)
def test_after_login_exchange_answers(sent, codes):
    assert Peer(login=True).codes(sent) == codes


def test_octets_of_a_refused_chunk_never_run_as_commands():
    for profile, code in (("m365-submission", "503 5.5.2"), ("generic", "554 5.5.1")):
        peer = Peer(profile, login=True)
        evil = b"MAIL FROM:<evil@b.c>\r\nRCPT TO:<x@y.z>\r\nBDAT 0 LAST\r\n"
        assert peer.codes(b"MAIL FROM:<a@b.c>\r\nRCPT TO:<bad>\r\n" + bdat(evil) + b"NOOP\r\n") == [
            *("250 2.1.0", "501 5.1.3", code, "250 2.0.0")
        ]
        assert peer.codes(bdat(evil, last=False) + bdat(evil))[-1][:3] == "503"
        assert peer.mail == []


def test_binarymime_keeps_every_octet_and_bare_line_feeds_are_refused_elsewhere():
    peer = Peer(login=True)
    binary = MAIL + bytes(range(256)) + b"\n.\n\r\n.\r\n"
    start = b"MAIL FROM:<esp32@contoso.com> BODY=BINARYMIME\r\nRCPT TO:<x@y.z>\r\n"
    assert peer.codes(start + bdat(binary[:99], last=False) + bdat(binary[99:]))[-1] == "250 2.0.0"
    assert peer.mail[0].content == binary
    assert peer.codes(TRANSACTION + b"DATA\r\n" + MAIL + b"a\nb\r\n.\r\n")[-1] == "550 5.6.11"
    assert peer.codes(TRANSACTION + bdat(MAIL + b"a\nb"))[-1] == "550 5.6.11"


def test_a_lone_dot_ends_only_between_two_crlf():
    peer = Peer("generic")
    tricky = MAIL + b"a\n.\nb\r\n.\nc\n.\r\nd\r\n"
    assert peer.codes(TRANSACTION + b"DATA\r\n" + tricky.replace(b"\r\n.", b"\r\n..") + b".\r\n")[-1] == "250 2.0.0"
    assert peer.mail[0].content == tricky


def test_content_beyond_size_is_refused_and_not_kept():
    peer = Peer("generic", size=100)
    for way in (b"DATA\r\n" + b"x" * 500 + b"\r\n.\r\n", bdat(b"x" * 500)):
        assert peer.codes(TRANSACTION + way)[-1] == "552 5.3.4"
    assert peer.codes(b"NOOP\r\n") == ["250 2.0.0"]


def test_sender_must_be_the_mailbox_and_that_shows_after_the_content():
    peer = Peer(login=True)
    other = TRANSACTION.replace(b"esp32@", b"boss@")
    assert peer.codes(other + bdat(MAIL)) == ["250 2.1.0", "250 2.1.5", "550 5.7.60"]
    assert peer.codes(TRANSACTION + bdat(MAIL.replace(b"esp32@", b"boss@")))[-1] == "554 5.2.252"
    allowed = Peer(login=True, send_as={USER: ["boss@contoso.com"]})
    assert allowed.codes(other + bdat(MAIL))[-1] == "250 2.0.0"


def test_the_fourth_session_of_a_mailbox_is_told_so():
    peer = Peer(login=True)
    for number in (2, 3, 4):
        peer.dialogue.policy._open[USER].add(number)
    assert peer.codes(TRANSACTION + bdat(MAIL))[-1] == "432 4.3.2"
    peer.dialogue.policy.closed(Session(4, user=USER))
    assert peer.codes(TRANSACTION + bdat(MAIL))[-1] == "250 2.0.0"


def test_basic_authentication_can_be_off():
    peer = Peer(basic_auth=False)
    assert peer.codes(b"AUTH LOGIN " + b64(USER) + b"\r\n" + b64(PASSWORD) + b"\r\n")[-1] == "550 5.7.30"
    assert peer.codes(b"AUTH XOAUTH2 " + xoauth2() + b"\r\n")[-1] == "235 2.7.0"


def test_a_server_that_ignores_the_initial_response_asks_for_the_user_name_again():
    peer = Peer(login_initial_response=False)
    assert peer.send(b"AUTH LOGIN " + b64(USER) + b"\r\n") == ["334 VXNlcm5hbWU6"]
    assert peer.send(b64(USER) + b"\r\n") == ["334 UGFzc3dvcmQ6"]
    assert peer.codes(b64(PASSWORD) + b"\r\n") == ["235 2.7.0"]


def test_gmail_explains_a_bad_token_before_it_refuses():
    peer = Peer("generic", xoauth2_refusal="gmail")
    (challenge,) = peer.send(b"AUTH XOAUTH2 " + xoauth2(token="old") + b"\r\n")
    assert b'"status":"400"' in base64.b64decode(challenge[4:])
    assert peer.codes(b"\r\n") == ["535 5.7.8"]


def test_the_tarpit_delays_refusals_only():
    peer = Peer(tarpit=5.0)
    peer.send(b"NOOP\r\nEXPLODE\r\n")
    waits = [event.seconds for event in peer.events if isinstance(event, Wait)]
    assert waits == [5.0]


@pytest.mark.parametrize("name", ["pipelining", "chunking", "eightbit", "binarymime", "smtputf8", "dsn", "enhanced"])
def test_each_capability_can_be_withdrawn(name):
    offered, withdrawn = Peer("generic").dialogue.profile, Peer("generic", **{name: False}).dialogue.profile
    assert len(withdrawn.capabilities(True)) == len(offered.capabilities(True)) - 1


def test_without_chunking_octets_run_as_commands_as_they_would_on_a_real_server():
    assert Peer("generic", chunking=False).codes(TRANSACTION + b"BDAT 6 LAST\r\nNOOP\r\n")[2:] == [
        "500 5.5.2",
        "250 2.0.0",
    ]


def test_talking_out_of_turn_ends_the_session_where_synchronisation_is_enforced():
    peer = Peer("generic", enforce_sync=True)
    assert peer.codes(b"EHLO x\r\nNOOP\r\n") == ["554 5.5.0"]
    assert any(isinstance(event, Close) for event in peer.events)
    assert Peer("generic", enforce_sync=True).codes(TRANSACTION) == ["250 2.1.0", "250 2.1.5"]


def test_lines_are_bounded():
    peer = Peer()
    assert peer.send(b"A" * 100_000) == []
    assert len(peer.dialogue.buffer) == 0
    assert peer.codes(b"A\r\nNOOP\r\n") == ["500 5.5.2", "250 2.0.0"]


def test_a_client_that_only_errs_is_dropped():
    peer = Peer()
    assert peer.codes(b"EXPLODE\r\n" * 60)[-1] == "421 4.7.0"


def test_the_core_of_the_fake_server_does_no_io():
    import ast
    import pathlib

    folder = pathlib.Path(profiles.__file__).parent
    core = ["dialogue", "commands", "content", "sasl", "syntax", "events", "session", "profiles", "refused"]
    for name in core:
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not modules & {"socket", "ssl", "asyncio", "selectors", "threading"}, name
