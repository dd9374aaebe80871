"""What travels to a server before it has shown that it takes chunks has no effect there, whatever the mail says."""

from __future__ import annotations

import email
import email.policy

from hypothesis import example, given, settings
from hypothesis import strategies as st

from command_server import VERBS, CommandServer
from umail.delivery import Delivery
from umail.message import Message
from umail.route import Route

OFFERS = ["PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "SIZE 0"]
OWN = ["EHLO", "MAIL", "RCPT", "BDAT", "DATA", "QUIT"]
DANGEROUS = st.sampled_from(
    [
        *VERBS,
        *(verb.lower() for verb in VERBS),
        "RCPT TO:<evil@x.org>",
        "MAIL FROM:<evil@x.org>",
        " rcpt to:<evil@x.org>",
        "DATA ",
        "\tDATA",
        "\u2028DATA",
        "\x0cDATA",
        "\u00a0RCPT TO:<evil@x.org>",
        "\uff32CPT TO:<evil@x.org>",
        "x" * 70,
        "x" * 75,
        ".",
        "",
        "°C",
    ]
)
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXT = st.lists(st.one_of(DANGEROUS, st.text(CHARACTERS, max_size=90)), max_size=12).map("\n".join)
LINE = st.lists(st.one_of(DANGEROUS, st.text(CHARACTERS, max_size=60)), max_size=8).map(
    lambda words: "".join(c for c in " ".join(words) if ord(c) >= 32 and not 127 <= ord(c) < 160)
)
ADDRESSES = st.lists(st.sampled_from(["data@x.org", "rcpt@x.org", "quit@y.org", "b@y.org"]), min_size=1, unique=True)


@given(
    subject=LINE,
    text=TEXT,
    name=LINE,
    people=ADDRESSES,
    html=st.one_of(st.none(), TEXT),
    header=st.one_of(st.none(), LINE),
)
@settings(max_examples=150, deadline=None)
@example(subject="x" * 60 + " RCPT TO:<evil@x.org>", text="t", name="", people=["b@y.org"], html=None, header=None)
@example(subject="s", text="RCPT TO:<evil@x.org>\nDATA \n\n.\n", name="", people=["b@y.org"], html=None, header=None)
@example(
    subject="s",
    text="DATA",
    name="A B C D E F G H I J K L M N O P Q R S T U V W X Y Z DATA",
    people=["b@y.org"],
    html=None,
    header=None,
)
def test_no_line_of_a_mail_ever_has_an_effect(
    subject: str, text: str, name: str, people: list[str], html: str | None, header: str | None
) -> None:
    headers = [] if header is None else [("Mail-From", header), ("Data", header)]
    to = [(name, people[0]), *people[1:]]
    message = Message("a@x.org", to, subject, text, html, headers=headers)
    server = CommandServer(OFFERS)
    server.run(Delivery(Route("h", 25, "plain"), 30, 120).send(message))
    # The only commands are the client's own, and one mail was taken: by DATA, at the second try at the latest.
    said = [line for _, line in server.lines]
    assert [verb for verb, _ in server.lines if verb not in OWN] == []
    assert not [line for line in said if "evil" in line]
    assert [line for line in said if line.startswith("RCPT")] == [
        f"RCPT TO:<{one}>" for one in people
    ] * server.connections
    assert len([line for line in said if line.strip().upper() == "DATA"]) == 1
    (taken,) = server.mails
    found = email.message_from_bytes(taken, policy=email.policy.default)
    assert found["From"] == "a@x.org"


@given(text=TEXT)
@settings(max_examples=100, deadline=None)
def test_a_text_encoded_to_be_no_command_reads_as_it_was_written(text: str) -> None:
    server = CommandServer(["PIPELINING", "CHUNKING"], chunks=True)
    message = Message("a@x.org", ["b@y.org", "c@y.org", "d@y.org"], "Freezer 3 is warm", text)
    receipt = server.run(Delivery(Route("h", 25, "plain"), 30, 120).send(message))
    found = email.message_from_bytes(server.mails[0]).get_payload(decode=True)
    if len(server.mails[0]) < 4096 and len([line for verb, line in server.lines if verb == "BDAT"]) == 1:
        assert receipt.round_trips == 2
        wanted = (text or "Freezer 3 is warm").replace("\r\n", "\n").replace("\r", "\n").encode()
        assert found.replace(b"\r\n", b"\n").rstrip(b"\n") == wanted.rstrip(b"\n")


def test_a_plain_alert_costs_no_round_trip_more_and_the_next_travels_as_it_is() -> None:
    server = CommandServer(["PIPELINING", "CHUNKING"], chunks=True)
    delivery = Delivery(Route("h", 25, "plain"), 30, 120)
    message = Message("a@x.org", ["b@y.org", "c@y.org", "d@y.org"], "Freezer 3 is warm", "Data lost.\n-11.5 °C")
    assert server.run(delivery.send(message)).round_trips == 2
    assert server.run(delivery.send(message)).round_trips == 1
    assert b"=44ata lost." in server.mails[0]
    assert b"\r\nData lost." in server.mails[1] or b"base64" in server.mails[1] or b"quoted" in server.mails[1]
