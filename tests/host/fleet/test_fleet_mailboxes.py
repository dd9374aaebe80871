"""Mails are found wherever they arrive, each once, whatever was moved, flagged, cut off or written anew meanwhile."""

from __future__ import annotations

import mailbox
import os
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.fleet.said import BOARD, KEY, T, deliver, header, mail, maildir
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.pytest_plugin import PASSWORD, USER
from umail_host.fleet import keys, mail_files, scan
from umail_host.fleet.status import Odd
from umail_host.fleet.store import Store
from umail_host.web.client import Api
from umail_host.web.server import WebServer

NOW = T + 1000


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "keys.json"))
    keys.put(BOARD, KEY)
    with Store(tmp_path / "fleet.sqlite") as made:
        yield made


def read(store: Store, where: Path | str) -> int:
    return scan.scan(store, scan.mailbox(str(where)), now=lambda: NOW)


def last(store: Store) -> tuple[int, int] | None:
    found = [(said.number, said.at) for said in store.boards() if said.board == BOARD]
    return found[0] if found else None


def test_a_maildir_is_read_once_though_mails_move_from_new_to_cur_and_get_flags(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    first = deliver(box, mail(n=1), f"{T}.M1P1.host")
    assert read(store, box) == 1
    assert read(store, box) == 0
    first.rename(box / "cur" / f"{first.name}:2,S")
    assert read(store, box) == 0
    (box / "cur" / f"{first.name}:2,S").rename(box / "cur" / f"{first.name}:2,RS")
    deliver(box, mail(n=2, t=T + 60), f"{T + 60}.M1P2.host")
    deliver(box, b"Subject: spam\n\nX-Umail-Status: " + header(n=99).encode() + b"\n", f"{T + 61}.M1P3.host")
    assert read(store, box) == 2
    assert last(store) == (2, T + 60)
    assert not store.odd()


def test_a_mail_of_long_ago_that_is_moved_in_is_found(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    for day in range(5):
        deliver(box, mail(n=10 + day, t=T + day), f"{T + 86400 * day}.M1P1.host")
    assert read(store, box) == 5
    deliver(box, mail(n=20, t=T + 20), f"{T - 86400 * 300}.M1P1.host")
    deliver(box, mail(n=21, t=T + 21), "a name of its own")
    # One of the same day goes, so that there are as many as before.
    (box / "new" / f"{T}.M1P1.host").unlink()
    deliver(box, mail(n=22, t=T + 22), f"{T + 1}.M9P9.host")
    assert read(store, box) == 3
    assert last(store) == (22, T + 22)


def test_only_the_day_that_changed_is_looked_at_mail_by_mail(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    for day in range(30):
        for number in range(3):
            deliver(box, mail(n=day * 3 + number + 1), f"{T + 86400 * day}.M{number}P1.host")
    assert read(store, box) == 90
    deliver(box, mail(n=500), f"{T + 86400 * 29}.M7P1.host")
    asked: list[int] = []
    source, mark = store.source(str(box))
    list(mail_files.maildir(box)(mark, lambda key: bool(asked.append(key)) or store.is_seen(source, key)))
    assert len(asked) == 4


def test_a_scan_that_was_killed_goes_on_where_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = maildir(tmp_path / "mails")
    for number in range(1, 51):
        deliver(box, mail(n=number, t=T + number), f"{T}.M{number}P1.host")
    monkeypatch.setattr(mail_files, "_BATCH", 10)
    take, calls = store.take, []

    def dying(*arguments: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        take(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "take", dying)
    with pytest.raises(KeyboardInterrupt):
        read(store, box)
    monkeypatch.setattr(store, "take", take)
    assert read(store, box) == 30
    assert last(store) == (50, T + 50)
    assert not store.odd()


def test_a_mail_that_cannot_be_read_now_is_read_later_though_nothing_else_changes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = maildir(tmp_path / "mails")
    deliver(box, mail(n=1), f"{T}.M1P1.host")
    for part in ("new", "cur"):
        os.utime(box / part, (T, T))
    real = mail_files._read

    def failing(path: str) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(mail_files, "_read", failing)
    assert read(store, box) == 0
    monkeypatch.setattr(mail_files, "_read", real)
    assert read(store, box) == 1
    assert last(store) == (1, T)


def test_a_folder_in_which_nothing_came_or_went_is_not_listed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = maildir(tmp_path / "mails")
    deliver(box, mail(n=1), f"{T}.M1P1.host")
    for part in ("new", "cur"):
        os.utime(box / part, (T, T))
    assert read(store, box) == 1
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(Path(path).name) or scandir(path))
    assert read(store, box) == 0
    assert listed == []
    deliver(box, mail(n=2, t=T + 5), f"{T + 5}.M1P1.host")
    assert read(store, box) == 1
    assert set(listed) == {"new"}
    # What came within the tick of the clock in which it was listed is found, too.
    changed = (box / "new").stat().st_mtime_ns
    deliver(box, mail(n=3, t=T + 6), f"{T + 6}.M1P1.host")
    os.utime(box / "new", ns=(changed, changed))
    assert read(store, box) == 1


def test_an_mbox_is_read_from_where_it_ended_and_anew_if_it_is_another(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "alerts.mbox"
    box = mailbox.mbox(path)
    box.add(mail(n=1) + b"\nFrom here on it was cold.\n\nFrom the freezer\n")
    box.add(mail(value="", message_id="other@x"))
    box.flush()
    assert read(store, path) == 2
    assert read(store, path) == 0
    box.add(mail(n=2, t=T + 5))
    box.flush()
    assert read(store, path) == 1
    assert last(store) == (2, T + 5)
    # Half a header at the end is read when it is whole.
    whole = b"\nFrom x Mon Nov 23 10:00:00 2026\n" + mail(n=3, t=T + 9).replace(b"\r\n", b"\n")
    with path.open("ab") as file:
        file.write(whole[:150])
    assert read(store, path) == 0
    with path.open("ab") as file:
        file.write(whole[150:])
    assert read(store, path) == 1
    assert last(store) == (3, T + 9)
    path.write_bytes(b"From x Mon Nov 23 10:00:00 2026\n" + mail(n=4, t=T + 10))
    assert read(store, path) == 1
    assert last(store) == (4, T + 10)
    assert not store.odd()


def test_an_eml_that_was_not_whole_is_read_again(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    octets = mail(n=1)
    (folder / "one.eml").write_bytes(octets[:90])
    (folder / "notes.txt").write_bytes(mail(n=5))
    read(store, folder)
    assert last(store) is None
    (folder / "one.eml").write_bytes(octets)
    os.utime(folder / "one.eml", (T, T))
    assert read(store, folder) == 1
    assert last(store) == (1, T)


def test_the_mails_of_the_fake_server_are_read(store: Store, tmp_path: Path) -> None:
    server = FakeServer("generic", mailboxes={USER: PASSWORD}, maildir=tmp_path / "Maildir", keep=1000, capture=False)
    web = WebServer(server)
    with web, server:
        with smtplib.SMTP("localhost", server.port, local_hostname="test.example", timeout=20) as client:
            client.starttls(context=server.ssl_context)
            client.login(USER, PASSWORD)
            client.sendmail(USER, ["ops@contoso.com"], mail(n=1))
        Api(f"http://localhost:{web.port}").wait(1, 10)
        assert read(store, f"http://localhost:{web.port}") == 1
        assert last(store) == (1, T)
    with pytest.raises(UserError, match="is umail serve --web running there"):
        read(store, f"http://localhost:{web.port}")


def test_what_is_no_mailbox_is_told(store: Store, tmp_path: Path) -> None:
    for where, words in (
        (str(tmp_path / "nothing"), "is not a mailbox"),
        ("imaps://user:secret@host/INBOX", "leave the password out"),
        ("imaps://host/INBOX", "is not a mailbox"),
    ):
        with pytest.raises(UserError, match=words) as told:
            read(store, where)
        assert "secret@" not in str(told.value)


# -- what counts -------------------------------------------------------------------------------------------------------


def test_a_copy_is_nothing_new_and_a_replay_never_counts(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    deliver(box, mail(n=5, t=T), f"{T}.M1.host")
    # The same mail in another folder.
    deliver(box, mail(n=5, t=T), f"{T}.M2.host")
    assert read(store, box) == 2
    assert not store.odd()
    # The same header on another mail, much later.
    deliver(box, mail(n=5, t=T, message_id="another@x"), f"{T + 500}.M3.host")
    read(store, box)
    assert last(store) == (5, T)
    assert [(what, count) for what, count, _ in store.odd()] == [(Odd("replayed", BOARD), 1)]


def test_a_mail_that_was_held_back_makes_no_board_seen_later_than_it_was(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    deliver(box, mail(n=9, t=T + 90), f"{T}.M1.host")
    read(store, box)
    deliver(box, mail(n=8, t=T + 80), f"{T + 999}.M2.host")
    read(store, box)
    assert last(store) == (9, T + 90)
    assert not store.odd()


def test_what_is_unsigned_foreign_forged_or_newer_never_counts(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    for number, value in enumerate(
        (
            header().rpartition("; mac=")[0],
            header(id="ff"),
            header(key=b"\1" * 32),
            header(v=2),
            "v=1; id='); DROP TABLE board;--",
            header() + "\r\nX-Umail-Status: " + header(n=8),
        )
    ):
        deliver(box, mail(value, f"{number}@x"), f"{T}.M{number}.host")
    assert read(store, box) == 6
    assert last(store) is None
    counts = {what.kind: count for what, count, _ in store.odd()}
    assert counts == {"damaged": 2, "foreign": 1, "forged": 1, "newer": 1, "unsigned": 1}


def test_a_flood_of_ids_that_nobody_has_does_not_fill_the_store(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    for number in range(1100):
        deliver(box, mail(header(id=f"{number:04x}"), f"{number}@x"), f"{T}.M{number}.host")
    assert read(store, box) == 1100
    assert len(store.odd()) <= 1001
    assert sum(count for _, count, _ in store.odd()) == 1100


def test_a_clock_that_is_ahead_does_not_keep_a_board_from_being_missed(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    deliver(box, mail(n=5, t=T + 10**8), f"{T}.M1.host")
    read(store, box)
    assert last(store) == (5, NOW)


def test_what_is_forgotten_is_replayed_if_it_comes_again(store: Store, tmp_path: Path) -> None:
    box = maildir(tmp_path / "mails")
    deliver(box, mail(n=5, t=T), f"{T}.M1.host")
    deliver(box, mail(n=6, t=T + 500 * 86400), f"{T}.M2.host")
    scan.scan(store, scan.mailbox(str(box)), now=lambda: T + 501 * 86400)
    store.prune(T + 501 * 86400)
    deliver(box, mail(n=5, t=T), f"{T}.M3.host")
    read(store, box)
    assert [what for what, _, _ in store.odd()] == [Odd("replayed", BOARD)]
    assert last(store) == (6, T + 500 * 86400)
