"""The status header between board and computer: what a board writes is read; whatever is changed does not count."""

from __future__ import annotations

import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.fleet.said import BOARD, KEY, T, header
from umail_host import firmware_rules
from umail_host.fleet import status


def key_of(identity: str) -> bytes | None:
    return KEY if identity == BOARD else None


def kind(value: str) -> str:
    found = status.read(value, key_of)
    return found.kind if isinstance(found, status.Odd) else "good"


def written(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the firmware's own code writes for a board of that name."""
    module: Any = firmware_rules.module("status")
    monkeypatch.setattr(module, "_identity", lambda: BOARD)
    outbox = types.SimpleNamespace(
        heartbeat=len, beat=1000, now=lambda: 400, dead=list, expires=[("secret", 3600)], route=None
    )
    outbox.route = types.SimpleNamespace(fails=1, refusal="auth basic_disabled")
    node = types.SimpleNamespace(
        board=name,
        mailer=types.SimpleNamespace(outbox=outbox, pending=lambda: 2),
        rules=[types.SimpleNamespace(name="too; warm", active=True)],
        clock=types.SimpleNamespace(now=lambda: T, uptime=lambda: 5000),
        readings={"": types.SimpleNamespace(value=3.9)},
    )
    message = types.SimpleNamespace(headers=[])
    module.sign(message, node, "", [6, 99], KEY.hex())
    [(title, value)] = message.headers
    assert title == status.HEADER
    return str(value)


def test_what_a_board_writes_is_read_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = status.read(written("Kühltruhe 3", monkeypatch), key_of)
    assert isinstance(found, status.Status)
    assert (found.board, found.name, found.number, found.at, found.due) == (BOARD, "Kühltruhe 3", 7, T, T + 600)
    assert (found.battery, found.waiting, found.alerts, found.uptime) == (3900, 2, ("too; warm",), 5)
    assert [name for name, _ in found.expires] == ["secret"]
    assert found.refusal == "auth basic_disabled"


def test_a_name_that_is_cut_within_a_character_is_still_text(monkeypatch: pytest.MonkeyPatch) -> None:
    found = status.read(written("ü" + "日本語" * 20, monkeypatch), key_of)
    assert isinstance(found, status.Status)
    assert found.name
    assert "\ufffd" not in found.name


def test_folding_on_the_way_changes_nothing() -> None:
    value = header()
    assert kind(value.replace("; ", ";\r\n\t ")) == "good"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (header(key=b"\1" * 32), "forged"),
        (header(id="ffff"), "foreign"),
        (header().rpartition("; mac=")[0], "unsigned"),
        (header(v=2, whatever="x"), "newer"),
        (header(v=0), "damaged"),
        (header(n=None), "damaged"),
        (header(n="1" * 13), "damaged"),
        (header(t="soon"), "damaged"),
        (header(id=None), "damaged"),
        (header() + "; mac=", "damaged"),
        (header(name="\x1b[2J"), "damaged"),
        ("", "damaged"),
        ("v=1;" * 5000, "damaged"),
    ],
)
def test_what_does_not_count_is_told_as_what_it_is(value: str, wanted: str) -> None:
    assert kind(value) == wanted


@given(st.data())
def test_no_changed_character_counts(data: st.DataObject) -> None:
    value = header()
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda c: c != value[at]))
    changed = value[:at] + other + value[at + 1 :]
    if "".join(changed.split()) != "".join(value.split()):
        assert kind(changed) != "good"
    assert kind(value[:at]) != "good"


@given(st.text(max_size=300))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert kind(text) != "good"
