"""The administrator's keys: made once for each board, kept where only their owner reads them, refused if damaged."""

from __future__ import annotations

import concurrent.futures
import json
import os
from pathlib import Path

import keyring.core
import pyrage
import pytest

from umail_host.errors import UserError
from umail_host.fleet import keys

BOARD = "240ac4000001"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept" / "keys.json"
    monkeypatch.setenv(keys.VARIABLE, str(path))
    return path


def test_a_key_is_made_once_and_found_however_the_id_is_written(file: Path) -> None:
    assert keys.get(BOARD) is None
    key = keys.ensure("24:0A:C4:00:00:01")
    assert len(key) == 32
    assert keys.ensure(BOARD) == keys.get("24-0a-c4-00-00-01") == key
    assert keys.every() == {BOARD: key}
    assert keys.ensure("ff") != key
    keys.put(BOARD, None)
    assert keys.get(BOARD) is None
    assert keys.ensure(BOARD) != key


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_only_its_owner_may_read_the_file(file: Path) -> None:
    keys.ensure(BOARD)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        keys.get(BOARD)


def test_systemd_keeps_a_credential_by_its_own_means(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys.ensure(BOARD)
    file.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    assert keys.get(BOARD) == key


@pytest.mark.parametrize("locks", [True, False])
def test_two_at_once_lose_no_key(file: Path, monkeypatch: pytest.MonkeyPatch, locks: bool) -> None:
    if not locks:
        # As on Windows.
        monkeypatch.setattr(keys, "fcntl", None)
    names = [f"{number:012x}" for number in range(24)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(keys.ensure, names + names))
    assert made[:24] == made[24:]
    assert keys.every() == dict(zip(names, made[:24], strict=True))


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"version": 1, "keys": {"ff": "12"}}', '{"version": 2, "keys": {}}']
)
def test_a_file_that_is_not_right_is_told_and_not_written_over(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(UserError, match="backup"):
        keys.ensure(BOARD)
    assert file.read_text() == content


def test_an_age_file_is_read_by_its_identity_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, mine, another = tmp_path / "keys.age", tmp_path / "mine", tmp_path / "another"
    for name in (mine, another):
        name.write_text(f"# created: today\n{pyrage.x25519.Identity.generate()}\n")
    monkeypatch.setenv(keys.VARIABLE, str(path))
    with pytest.raises(UserError, match=keys.IDENTITY):
        keys.ensure(BOARD)
    monkeypatch.setenv(keys.IDENTITY, str(mine))
    key = keys.ensure(BOARD)
    assert key.hex().encode() not in path.read_bytes()
    assert path.read_bytes().startswith(b"age-encryption.org/v1")
    assert keys.get(BOARD) == key
    monkeypatch.setenv(keys.IDENTITY, str(another))
    with pytest.raises(UserError, match="not encrypted to the identity"):
        keys.get(BOARD)


def test_a_file_that_is_no_identity_is_not_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "identity"
    wrong.write_text("AGE-SECRET-KEY-1SECRETOFSOMEBODY\n")
    monkeypatch.setenv(keys.VARIABLE, str(tmp_path / "keys.age"))
    monkeypatch.setenv(keys.IDENTITY, str(wrong))
    with pytest.raises(UserError) as told:
        keys.ensure(BOARD)
    assert "SOMEBODY" not in str(told.value)


def test_keys_may_be_in_the_systems_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "host.fleet.writable_keyring.Backend")
    monkeypatch.setenv(keys.VARIABLE, "keyring")
    before = keyring.core.get_keyring()
    keyring.core.init_backend()
    try:
        key = keys.ensure(BOARD)
        assert keys.get(BOARD) == key
        keys.put(BOARD, None)
        assert keys.get(BOARD) is None
        with pytest.raises(UserError, match="list its keys"):
            keys.every()
    finally:
        keyring.core.set_keyring(before)


def test_derived_keys_differ_by_purpose() -> None:
    key = bytes(32)
    assert len({keys.derived(key, purpose) for purpose in ("status", "update-enc", "update-mac")} | {key}) == 4


def test_the_file_is_json_that_a_person_can_carry_over(file: Path) -> None:
    key = keys.ensure(BOARD)
    assert json.loads(file.read_text()) == {"version": 1, "keys": {BOARD: key.hex()}}
