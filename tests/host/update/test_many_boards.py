"""Very many boards: their questions do not fall upon a server together, and what all share is made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import updates
from umail_host.deploy import image
from umail_host.fleet import keys
from umail_host.provision.fleet import Fleet
from umail_host.update import publish, record


@pytest.mark.parametrize("what", list(updates.SCENES))
def test_a_server_sees_no_peak_above_twice_the_mean_whatever_befalls_all_boards(what: str) -> None:
    assert updates.peak(5000, updates.SCENES[what], width=3600) <= 2


def test_a_fixed_wait_after_a_failure_would_be_a_peak() -> None:
    scene = updates.SCENES["server away for 2 days"]
    assert updates.peak(5000, scene, width=3600, again=lambda every: every // 8) > 4


def test_publishing_for_many_compiles_reads_keys_and_writes_the_record_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keys.VARIABLE, "")
    file = updates.made(tmp_path, 30)
    counts = {"package": 0, "every": 0, "save": 0}

    def counted(module: object, name: str) -> None:
        really = getattr(module, name)

        def called(*arguments: object, **more: object) -> object:
            counts[name] += 1
            return really(*arguments, **more)

        monkeypatch.setattr(module, name, called)

    counted(image, "package")
    counted(keys, "every")
    counted(record, "save")
    out = tmp_path / "out"
    order = publish.Order(Fleet(file), out, "ESP32_GENERIC")
    assert {one.what for one in publish.publish(order, lambda outcome: None)} == {"published"}
    # (The library, the firmware.)
    assert counts == {"package": 2, "every": 1, "save": 1}
    assert len(list(out.glob("*.umail"))) == 30
    assert not list(out.glob("*.part"))


def test_what_is_handed_out_has_its_number_in_the_record_though_a_later_board_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keys.VARIABLE, "")
    file = updates.made(tmp_path, 3)
    keys.put(updates.identity(2), None)
    order = publish.Order(Fleet(file), tmp_path / "out", "ESP32_GENERIC")
    published: list[publish.Outcome] = []
    with pytest.raises(publish.UserError, match="freezer-2 has no key yet"):
        publish.publish(order, published.append)
    known = record.load(file)
    assert [known[one.identity].version for one in published] == [one.version for one in published]
    assert len(list((tmp_path / "out").glob("*.umail"))) == 2
