"""The Maildir is the truth: its index may be deleted, damaged or old, and the same mails are found."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.web.conftest import mail
from umail_host.fake_smtp.core.events import Envelope, Recipient
from umail_host.fake_smtp.record.inbox import Inbox
from umail_host.web.indexer import Indexer
from umail_host.web.store import Store


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "Maildir")


def deliver(inbox: Inbox, *mails: bytes) -> None:
    for number, octets in enumerate(mails):
        content = octets.replace(b"\n", b"\r\n")
        inbox.deliver(Envelope("a@b.example", {}, [Recipient("c@d.example")], content), number + 1, time.time())


def opened(inbox: Inbox) -> Store:
    return Store(inbox.path, "another run")


def without_number(store: Store) -> list[dict[str, object]]:
    return store.find({}, 0, 100)[1]


@pytest.mark.parametrize("harm", ["deleted", "damaged", "kept"])
def test_an_inbox_of_an_earlier_run_opens_again_whatever_became_of_its_index(inbox, harm):
    deliver(inbox, mail("one"), mail("two"), mail("three"))
    store = opened(inbox)
    before = without_number(store)
    store.close()
    index = inbox.path.with_name("Maildir.index")
    assert index.exists()
    if harm == "deleted":
        index.unlink()
    elif harm == "damaged":
        for left in inbox.path.parent.glob("Maildir.index-*"):
            left.unlink()
        index.write_bytes(b"no database" * 1000)
    again = opened(inbox)
    assert without_number(again) == before
    assert [row["subject"] for row in before] == ["three", "two", "one"]
    assert [row["recipients"] for row in before] == [["c@d.example"]] * 3
    again.close()


def test_what_another_program_removed_or_added_is_noticed(inbox):
    deliver(inbox, mail("one"), mail("two"))
    opened(inbox).close()
    for path in (inbox.path / "new").iterdir():
        if b"Subject: one" in path.read_bytes():
            path.unlink()
    (inbox.path / "cur" / "1700000000.M1P1.other:2,S").write_bytes(octets := mail("three"))
    store = opened(inbox)
    found = store.find({}, 0, 10)[1]
    assert {row["subject"] for row in found} == {"two", "three"}
    (foreign,) = [row["id"] for row in found if row["subject"] == "three"]
    assert store.content(foreign) == octets.replace(b"\n", b"\r\n")
    assert store.delete({}, foreign) == 1
    assert not list((inbox.path / "cur").iterdir())
    store.close()


@pytest.mark.parametrize(
    ("where", "subjects"),
    [
        ({"q": "freezer"}, ["Freezer warm", "freezer cold"]),
        ({"q": "FREEZER warm"}, ["Freezer warm"]),
        ({"q": "größe"}, ["Größe 100%"]),
        ({"q": "100%"}, ["Größe 100%"]),
        ({"q": "a_b"}, []),
        ({"text": "door"}, ["freezer cold"]),
        ({"recipient": "c@d.example"}, ["Freezer warm", "freezer cold", "Größe 100%"]),
        ({"sender": "nobody"}, []),
        ({"subject": "cold"}, ["freezer cold"]),
        ({"message_id": "<x@y>"}, ["Größe 100%"]),
    ],
)
def test_a_search_finds_by_address_subject_text_and_message_id(inbox, where, subjects):
    deliver(
        inbox,
        *(mail("Größe 100%", "aXb", message_id="<x@y>"), mail("freezer cold", "the Door")),
        mail("Freezer warm", ""),
    )
    store = opened(inbox)
    assert sorted(row["subject"] for row in store.find(where, 0, 10)[1]) == sorted(subjects)
    store.close()


def test_alert_and_recovery_are_one_thread(inbox):
    alert = mail("warm", message_id="<1@b>")
    deliver(inbox, alert, mail("other"), mail("normal", message_id="<2@b>", In_Reply_To="<1@b>", References="<1@b>"))
    store = opened(inbox)
    rows = store.find({}, 0, 10)[1]
    assert [row["threaded"] for row in rows] == [2, 1, 2]
    _, thread = store.find({"thread": rows[0]["thread"]}, 0, 10)
    assert [row["subject"] for row in thread] == ["normal", "warm"]
    store.close()


def test_a_mail_comes_back_byte_for_byte(inbox):
    content = b"Subject: x\r\n\r\n.dot\r\nFrom here\r\n\r\n\xff\xfe end without line end"
    binary = b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\n\r\r\n\0"
    inbox.deliver(Envelope("a@b.example", {}, [Recipient("c@d.example")], content), 1, time.time())
    inbox.deliver(Envelope("a@b.example", {"BODY": "BINARYMIME"}, [Recipient("c@d.example")], binary), 1, time.time())
    store = opened(inbox)
    assert [store.content(key) for key in store.keys({})] == [content, binary]
    store.close()


LINES = [
    *(
        b"Subject: =?utf-8?q?K=C3=BChlraum?=",
        b"Subject: one",
        b" folded",
        b"\t",
        b"From: \xff <a@b.example>",
        b"to: c@d.example",
    ),
    *(b"Message-ID: <1@x>", b"References: <0@x> <1@x>", b"In-Reply-To: <0@x>", b"Content-Type: text/html", b"", b"--x"),
    *(
        b"Content-Type: multipart/mixed; boundary=x",
        b"Content-Transfer-Encoding: base64",
        b"QWxhcm0=",
        b"\xc3\xa4 <b>9</b>",
    ),
    *(b"Content-Disposition: attachment; filename=a", b"--x--", b"a\rb", b"\x00", b"From me", b"x" * 20_000),
]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.sampled_from(LINES)), max_size=3), st.sampled_from(["", "ä@b.example"]))
def test_a_mail_is_indexed_as_it_comes_as_it_is_from_its_file(mails: list[list[bytes]], sender: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inbox = Inbox(Path(folder) / "Maildir")
        store = Store(inbox.path, "this run")
        indexer = Indexer(store, lambda rows: None)
        inbox.watch(indexer.take)
        for lines in mails:
            content = b"".join(line + b"\r\n" for line in lines)
            inbox.deliver(
                Envelope(sender, {}, [Recipient("c@d.example"), Recipient("e@f.example")], content), 7, time.time()
            )
        indexer.close()
        came = without_number(store)
        store.remake()
        read = without_number(store)
        store.close()
    assert len(came) == len(mails)
    for row in (*came, *read):
        row.pop("time")  # the file's name has its own
    assert came == read
