"""What `umail update publish` seals, a board opens; whatever happens to it on its way, a board refuses it."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cryptolib_cpython
from umail_host import firmware_rules
from umail_host.errors import UserError
from umail_host.update import bundle

sys.modules.setdefault("cryptolib", cryptolib_cpython)
BOARD = "240ac4c0ffee"
KEY = bytes(range(32))
PATHS = st.from_regex(r"/[a-z]{1,8}(/[a-z0-9_]{1,8}){0,3}\.[a-z]{1,4}", fullmatch=True)
FILES = st.dictionaries(PATHS, st.binary(max_size=3000), max_size=6)
SECRETS = st.dictionaries(st.sampled_from(["mail_password", "oauth_secret", "wifi_password"]), st.text(max_size=80))


def opened(octets: bytes, key: bytes = KEY) -> tuple[int, dict[str, Any], dict[str, bytes]]:
    """Return version, head and files, as the board's own code reads them."""
    rules = firmware_rules.module("bundle")
    file = io.BytesIO(octets)
    version, nonce = rules.verify(file, len(octets), key)
    body = rules.Body(file, len(octets), key, nonce)
    head, files = body.head(), {}
    while found := body.file():
        path, size = found
        files[path] = body.take(size)
    return version, head, files


@settings(max_examples=60, deadline=None)
@given(FILES, SECRETS, st.binary(min_size=32, max_size=32), st.integers(1, 2**60), st.binary(min_size=16, max_size=16))
def test_whatever_is_sealed_is_opened_as_it_was(
    files: dict[str, bytes], secrets: dict[str, str], key: bytes, version: int, nonce: bytes
) -> None:
    octets = bundle.seal(key, BOARD, version, files, secrets, nonce=nonce)
    found, head, opened_files = opened(octets, key)
    assert (found, head["version"], head["board"], head["secrets"]) == (version, version, BOARD, secrets)
    assert opened_files == files


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_changed_cut_or_mixed_is_refused(data: st.DataObject) -> None:
    one = bundle.seal(KEY, BOARD, 5, {"/a.txt": b"one" * 300}, {"mail_password": "x"})
    two = bundle.seal(KEY, BOARD, 6, {"/a.txt": b"two" * 300}, {"mail_password": "x"})
    kind = data.draw(st.sampled_from(["flip", "cut", "add", "mix", "swap"]))
    at = data.draw(st.integers(0, len(one) - 1))
    if kind == "flip":
        changed = one[:at] + bytes([one[at] ^ (1 << data.draw(st.integers(0, 7)))]) + one[at + 1 :]
    elif kind == "cut":
        changed = one[:at]
    elif kind == "add":
        changed = one[:at] + data.draw(st.binary(min_size=1, max_size=20)) + one[at:]
    elif kind == "mix":
        changed = one[:at] + two[at:]
    else:
        changed = one[:at][::-1] + one[at:]
    if changed in (one, two):
        return
    with pytest.raises(firmware_rules.module("bundle").Refused):
        opened(changed)


def test_two_bundles_of_the_same_share_nothing_but_their_head() -> None:
    one, two = (bundle.seal(KEY, BOARD, 5, {"/a": b"x" * 100}, {}) for _ in range(2))
    assert one[16:32] != two[16:32]
    assert one[36:] != two[36:]
    assert b"/a" not in one


def test_it_is_sealed_as_the_firmwares_tests_have_it() -> None:
    files = {"/config.json": b'{"a": 1}', "/lib/x.mpy": b"x" * 20}
    sealed = bundle.seal(KEY, BOARD, 1790000000, files, {"mail_password": "pw"}, True, b"\xff" * 16)
    source = (Path(__file__).parents[2] / "firmware" / "test_bundle.py").read_text(encoding="utf-8")
    assert sealed.hex() in "".join(source.split()).replace('""', "")


def test_one_that_a_board_would_not_take_is_not_made() -> None:
    with pytest.raises(UserError, match="more than the 1049 kB that a board takes"):
        bundle.seal(KEY, BOARD, 5, {"/a": bytes(1 << 20)}, {})
