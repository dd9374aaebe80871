"""Every form of message over real sockets and TLS, from both interpreters and drivers, read back by two parsers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wire_device import USER, Device

from message_corpus import CORPUS, given, judge

BIG = bytes(range(256)) * 40
CHUNKS: dict[str, Any] = {}
NO_BINARY = {"binarymime": False}
DATA = {"binarymime": False, "chunking": False}
ASCII = {**DATA, "eightbit": False}


def written(folder: Path, number: int, data: bytes, **named: Any) -> dict[str, Any]:
    """An attachment for the device, in a file of its own."""
    path = folder / f"{number}.attached"
    path.write_bytes(data)
    return {"path": str(path), **named}


def for_device(name: str, folder: Path) -> dict[str, Any]:
    """A message of the corpus as a job has it: its attachments as files, paths and bytes in turn."""
    put = given(name)
    files = []
    for number, file in enumerate(put.pop("attachments", ())):
        kind = "octets" if number % 2 or len(file.source) < 10 else "path"
        named = {"name": file.name, "cid": file.cid, "as": kind}
        files.append(written(folder, len(list(folder.iterdir())), file.source, **named))
    return {"sender": ["Kühl, Raum", USER], "bcc": "boss@contoso.com", "attachments": files, "text": None, **put}


@pytest.mark.parametrize("switches", [CHUNKS, DATA, ASCII], ids=["binary", "8bit", "7bit"])
def test_both_parsers_find_what_was_put_in(
    device: Device, serve: Any, tmp_path: Path, switches: dict[str, Any]
) -> None:
    server = serve("generic", **switches)
    # The whole corpus lies in the job, and a board would have one of them.
    device.command = ["heapsize=2m" if word.startswith("heapsize=") else word for word in device.command]
    names = [name for name in CORPUS if name != "5 MB" or switches is CHUNKS or switches is DATA]
    results = device.send(server, *[for_device(name, tmp_path) for name in names])
    assert [(name, r) for name, r in zip(names, results, strict=True) if "accepted" not in r] == []
    assert len(server.sessions) == 1
    for name, delivery in zip(names, server.inbox.deliveries, strict=True):
        assert "boss@contoso.com" in delivery.recipients
        assert b"boss" not in delivery.content
        judge(name, delivery.content)
        if delivery.envelope.body != "BINARYMIME":
            assert max(map(len, delivery.content.split(b"\r\n"))) <= 998
            assert b"\n" not in delivery.content.replace(b"\r\n", b"")
        if switches is ASCII:
            assert delivery.content.isascii()


def encodings(content: bytes) -> set[str]:
    """The transfer encodings that stand in a message."""
    found = content.split(b"Content-Transfer-Encoding: ")[1:]
    return {part.split(b"\r\n")[0].decode() for part in found}


@pytest.mark.parametrize(
    ("switches", "body", "encoding"),
    [
        (CHUNKS, "BINARYMIME", "binary"),
        (NO_BINARY, "8BITMIME", "base64"),
        (DATA, "8BITMIME", "base64"),
        (ASCII, "7BIT", "base64"),
        ({"faults": "binarymime-refused@1-"}, "8BITMIME", "base64"),
        ({"refused_parameters": ("BODY=BINARYMIME",)}, "8BITMIME", "base64"),
    ],
)
def test_the_encoding_is_what_the_server_takes_from_each_kind_of_source(
    device, serve, tmp_path, switches, body, encoding
):
    server = serve("generic", **switches)
    kinds = ("path", "octets", "reader")
    mails = [{"text": "38 °C\n" * 9, "attachments": [written(tmp_path, 1, BIG, **{"as": kind})]} for kind in kinds]
    results = device.send(server, *mails)
    assert ["error" in r for r in results] == [False] * 3, results
    for delivery in server.inbox.deliveries:
        assert delivery.envelope.body == body
        assert encoding in encodings(delivery.content)
        (file,) = delivery.message.iter_attachments()
        assert file.get_content() == BIG
    assert [delivery.envelope.parameters.get("SIZE") is None for delivery in server.inbox.deliveries] == [
        False,
        False,
        True,
    ]


def test_text_is_8bit_or_the_shorter_of_quoted_printable_and_base64(device, serve):
    # The first to a server that has not shown yet that it takes chunks is in letters that cannot be commands.
    texts = [{"text": "plain"}, {"text": "ä few letters beyond ASCII\n" * 5}, {"text": "температура\n" * 20}]
    server = serve("generic")
    device.send(server, *texts)
    assert [encodings(delivery.content) for delivery in server.inbox.deliveries[1:]] == [{"8bit"}, {"8bit"}]
    server = serve("generic", **ASCII)
    device.send(server, *texts)
    assert [encodings(delivery.content) for delivery in server.inbox.deliveries[1:]] == [
        {"quoted-printable"},
        {"base64"},
    ]


def test_html_with_an_image_beside_a_file(device, serve, tmp_path):
    server = serve("m365-submission")
    files = [
        written(tmp_path, 1, b"\x89PNG" * 2000, name="p.png", cid="p"),
        written(tmp_path, 2, b"a;b\n" * 2000, name="log.csv"),
    ]
    device.one(server, {"text": "plain", "html": '<img src="cid:p">', "attachments": files})
    (mail,) = server.inbox.wait(1)
    assert mail.get_body(("plain",)).get_content().strip() == "plain"
    assert mail.get_body(("html",)).get_content().strip() == '<img src="cid:p">'
    (image,) = [part for part in mail.walk() if part["Content-ID"] == "<p>"]
    assert image.get_content() == b"\x89PNG" * 2000
    assert [part.get_filename() for part in mail.iter_attachments()] == ["log.csv"]


def test_what_is_larger_than_the_server_takes_is_refused_before_a_byte_of_it(device, serve, tmp_path):
    server = serve("generic", size=20_000)
    mails = [{"attachments": [written(tmp_path, 1, BIG * 4, **{"as": kind})]} for kind in ("path", "reader")]
    results = device.send(server, *mails, {})
    assert [result.get("key") for result in results] == ["size", "size", None], results
    assert server.sessions[0].octets_in < 20_000
    assert len(server.inbox.deliveries) == 1


def test_addresses_beyond_ascii_need_smtputf8(device, serve):
    server = serve("generic")
    assert device.one(server, {"to": "jürgen@contoso.com"})["accepted"] == ["jürgen@contoso.com"]
    assert "SMTPUTF8" in server.inbox.deliveries[0].envelope.parameters
    error = device.one(serve("generic", smtputf8=False), {"to": "jürgen@contoso.com"})
    assert (error["kind"], error["key"]) == ("permanent", "smtputf8")


@pytest.mark.parametrize("text", ["short", "long " * 2000], ids=["one flight", "two"])
def test_who_is_refused_is_told_and_the_others_get_it(device, serve, text):
    people = [f"p{number}@contoso.com" for number in range(4)]
    for switches in (CHUNKS, DATA):
        server = serve("generic", faults="rcpt-550@2,rcpt-452@3", **switches)
        receipt = device.one(server, {"to": people, "text": text})
        assert receipt["accepted"] == [people[0], people[3]]
        assert receipt["refused"] == [[people[1], 550], [people[2], 452]]
        server = serve("generic", faults="rcpt-550@1-", **switches)
        error = device.one(server, {"to": people, "text": text})
        assert (error["stage"], len(error["refused"])) == ("rcpt", 4)
        assert not server.inbox.deliveries


def test_more_recipients_than_an_envelope_takes_are_all_reached_once(device, serve):
    people = [f"p{number}@contoso.com" for number in range(60)]
    for profile, kind, most in (("m365-hve", "hve", 50), ("generic", "submission", 25)):
        server = serve(profile, max_recipients=most)
        receipt = device.one(server, {"to": people}, route={"kind": kind})
        assert "accepted" in receipt, receipt
        assert (sorted(receipt["accepted"]), receipt["refused"]) == (sorted(people), [])
        reached = [delivery.recipients for delivery in server.inbox.deliveries]
        assert sorted(person for envelope in reached for person in envelope) == sorted(people)
        assert max(map(len, reached)) == most
        # What the route knows costs no further connection; what only the server knows does, once QUIT has gone.
        assert len(server.sessions) == (1 if kind == "hve" else 3)
        assert len({delivery.message["Message-ID"] for delivery in server.inbox.deliveries}) == 1


def test_reports_on_the_delivery_are_asked_for_where_they_are_offered(device, serve):
    wanted = {"notify": ["failure", "delay"], "ret": "hdrs"}
    server = serve("m365-submission")
    assert "accepted" in device.one(server, wanted)
    envelope = server.inbox.deliveries[0].envelope
    assert envelope.parameters["RET"] == "HDRS"
    assert envelope.recipients[0].parameters == {"NOTIFY": "FAILURE,DELAY"}
    assert "accepted" in device.one(serve("gmail"), wanted, route={"kind": "gmail"})
