"""`umail fleet` reads a mailbox of a real Dovecot: by password and XOAUTH2, read-only, and only what is new."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_servers import DovecotImap, Missing

from host.fleet.said import BOARD, KEY, T, mail, maildir
from umail_host.errors import UserError
from umail_host.fleet import imap, keys, scan
from umail_host.fleet.store import Store

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DovecotImap]:
    try:
        with DovecotImap(tmp_path_factory.mktemp("dovecot-imap")) as server:
            yield server
    except Missing as missing:
        pytest.skip(str(missing))


class Box:
    """One folder of Dovecot's user, the store that reads it, and how many mails were put into it."""

    def __init__(self, server: DovecotImap, name: str, folder: Path) -> None:
        self.server, self.path = server, maildir(server.maildir / f".{name}")
        _owned(self.path)
        self.root = folder / "root.pem"
        self.root.write_text(ssl.DER_cert_to_PEM_cert(server.ca_der))
        self.store = Store(folder / "fleet.sqlite")
        self.count = 0
        user = server.login[0].replace("@", "%40")
        self.tls = f"imaps://{user}@localhost:{server.tls_port}/{name}"
        self.starttls = f"imap://{user}@localhost:{server.port}/{name}"

    def deliver(self, **changes: object) -> Path:
        self.count += 1
        made = self.path / "new" / f"{T + self.count}.M{self.count}P1.host"
        made.write_bytes(mail(**changes))
        _owned(made)
        return made

    def read(self, where: str = "") -> int:
        return scan.scan(self.store, scan.mailbox(where or self.tls, self.root), now=lambda: T + 9999)

    @property
    def last(self) -> list[int]:
        return [said.number for said in self.store.boards()]


def _owned(path: Path) -> None:
    if os.geteuid() == 0:
        for one in (path, *path.rglob("*")):
            os.chown(one, 1, 1)


@pytest.fixture
def box(dovecot: DovecotImap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "keys.json"))
    monkeypatch.setenv("UMAIL_SECRET_IMAP_PASSWORD", dovecot.login[1])
    keys.put(BOARD, KEY)
    made = Box(dovecot, f"box{next(NUMBERS)}", tmp_path)
    with made.store:
        yield made


@pytest.mark.parametrize("way", ["tls", "starttls"])
@pytest.mark.parametrize("login", ["password", "xoauth2"])
def test_new_mails_are_read_once_by_either_login(
    box: Box, way: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if login == "xoauth2":
        monkeypatch.delenv("UMAIL_SECRET_IMAP_PASSWORD")
        monkeypatch.setenv("UMAIL_SECRET_IMAP_TOKEN", box.server.token)
    where = getattr(box, way)
    for number in range(1, 4):
        box.deliver(n=number)
    assert box.read(where) == 3
    assert box.read(where) == 0
    box.deliver(n=9)
    assert box.read(where) == 1
    assert box.last == [9]
    assert not box.store.odd()


def test_nothing_in_the_mailbox_changes(box: Box) -> None:
    made = [box.deliver(n=number) for number in range(1, 4)]
    before = [path.read_bytes() for path in made]
    assert box.read() == 3
    # Dovecot itself moves mails from new to cur only if a client may; none has a flag now.
    left = sorted([*(box.path / "new").iterdir(), *(box.path / "cur").iterdir()])
    assert [path.name.partition(":2,")[2] for path in left] == ["", "", ""]
    assert sorted(path.read_bytes() for path in left) == sorted(before)
    account = scan.mailbox(box.tls, box.root).account
    assert account is not None
    with imap.Connection(account) as connection:
        assert not any(b"\\Seen" in found for found in connection.client.get_flags([1, 2, 3]).values())
        # (Dovecot says OK to it, and does nothing.)
        with contextlib.suppress(Exception):
            connection.client.set_flags([1], [rb"\Seen"])
        assert not any(b"\\Seen" in found for found in connection.client.get_flags([1, 2, 3]).values())
    assert {path.name.partition(":2,")[2] for path in (box.path / "cur").iterdir()} <= {""}


def test_mails_that_were_renumbered_are_read_anew_and_counted_once(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 4):
        box.deliver(n=number)
    assert box.read() == 3
    for name in ("dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.cache", "dovecot-uidvalidity"):
        (box.path / name).unlink(missing_ok=True)
    for path in (box.path).parent.glob("dovecot-uidvalidity*"):
        path.unlink()
    # (UIDVALIDITY is the second in which it is made.)
    listed = box.path / "dovecot-uidlist"
    listed.write_text("3 V777 N1 G0123456789abcdef0123456789abcdef\n")
    _owned(listed)
    box.deliver(n=4)
    assert box.read() == 4
    assert box.last == [4]
    assert not box.store.odd()
    assert box.read() == 0


def test_many_mails_come_in_pieces_and_a_broken_scan_goes_on(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_WINDOW", 5)
    for number in range(1, 24):
        box.deliver(n=number)
    (box.path / "new" / f"{T + 7}.M7P1.host").unlink()
    take, calls = box.store.take, []

    def dying(*arguments: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        take(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(box.store, "take", dying)
    with pytest.raises(KeyboardInterrupt):
        box.read()
    monkeypatch.setattr(box.store, "take", take)
    assert box.read() == 22 - 10
    assert box.last == [23]


def test_far_apart_uids_are_asked_for_first(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_WINDOW", 2)
    monkeypatch.setattr(imap, "_SPARSE", 3)
    for number in range(1, 61):
        box.deliver(n=number)
    assert box.read() == 60
    for path in [*(box.path / "new").iterdir(), *(box.path / "cur").iterdir()][3:]:
        path.unlink()
    fresh = Store(box.path.parent / "another.sqlite")
    with fresh:
        account = scan.mailbox(box.tls, box.root).account
        assert account is not None
        with imap.Connection(account) as connection:
            batches = list(connection.new({}))
    assert sum(len(batch.heads) for batch in batches) == 3


def test_a_new_mail_is_told_while_waiting(box: Box) -> None:
    box.deliver(n=1)
    account = scan.mailbox(box.tls, box.root).account
    assert account is not None
    with imap.Connection(account) as connection:
        list(connection.new({}))
        threading.Timer(0.3, lambda: box.deliver(n=2)).start()
        begun = time.monotonic()
        assert connection.wait(20)
        assert time.monotonic() - begun < 15
        assert not connection.wait(0.2)


@pytest.mark.parametrize(
    ("secret", "words"), [("wrong", "refuses the login"), ("", "imap_password of esp32@example.org is not known")]
)
def test_a_login_that_fails_is_one_sentence_without_the_secret(
    box: Box, secret: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMAIL_SECRET_IMAP_PASSWORD", secret)
    with pytest.raises(UserError, match=words) as told:
        box.read()
    assert "wrong" not in str(told.value)


def test_a_certificate_that_does_not_hold_gets_no_login(box: Box) -> None:
    before = box.server.logged()
    with pytest.raises(UserError, match="certificate that does not hold"):
        scan.scan(box.store, scan.mailbox(box.tls))
    assert "Login:" not in box.server.logged()[len(before) :]


def test_a_folder_or_server_that_is_not_there_is_one_sentence(box: Box) -> None:
    with pytest.raises(UserError, match="can't be read: select failed"):
        box.read(box.tls + "-not")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    with pytest.raises(UserError, match="can't be read"):
        box.read(f"imaps://a%40b@localhost:{port}/INBOX")
