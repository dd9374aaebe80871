"""Where secrets come from: the environment, a real keyring backend, a question without echo; and in which order."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring.core
import pytest

from umail_host import secret_source
from umail_host.errors import UserError

HERE = Path(__file__).parent
NAME = "mail_password"


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Keyring with the backend that the environment names, as it is found in a new process."""
    for name in [name for name in os.environ if name.startswith("UMAIL_SECRET_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "host.provision.fake_keyring.Backend")
    monkeypatch.setenv("FAKE_KEYRING", "{}")
    before = keyring.core.get_keyring()
    keyring.core.init_backend()
    yield monkeypatch
    keyring.core.set_keyring(before)


def test_a_boards_own_comes_before_that_of_all_and_the_environment_before_the_keyring(ring: pytest.MonkeyPatch) -> None:
    assert secret_source.find(NAME, "freezer-3") is None
    ring.setenv("FAKE_KEYRING", json.dumps({NAME: "of all"}))
    assert secret_source.find(NAME, "freezer-3") == "of all"
    ring.setenv("FAKE_KEYRING", json.dumps({NAME: "of all", f"freezer-3/{NAME}": "its own"}))
    assert (secret_source.find(NAME, "freezer-3"), secret_source.find(NAME)) == ("its own", "of all")
    ring.setenv("UMAIL_SECRET_MAIL_PASSWORD", "of the environment")
    assert secret_source.find(NAME, "freezer-3") == "of the environment"
    ring.setenv("UMAIL_SECRET_FREEZER_3_MAIL_PASSWORD", "of the environment, its own")
    assert secret_source.find(NAME, "freezer-3") == "of the environment, its own"
    assert secret_source.find(NAME, "freezer-4") == "of the environment"


def test_a_keyring_that_is_locked_or_absent_is_as_one_that_has_nothing(ring: pytest.MonkeyPatch) -> None:
    ring.setenv("FAKE_KEYRING", "null")
    assert secret_source.find(NAME) is None
    with pytest.raises(UserError, match="set UMAIL_SECRET_MAIL_PASSWORD"):
        secret_source.read(NAME)
    ring.setitem(sys.modules, "keyring", None)
    assert secret_source.find(NAME) is None


def test_what_was_answered_for_one_board_serves_those_that_share_it(ring: pytest.MonkeyPatch) -> None:
    asked = []
    ring.setattr("sys.stdin", io.StringIO())
    ring.setattr("sys.stdin.isatty", lambda: True, raising=False)
    ring.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or "answer")
    answers: dict[str, str] = {}
    ring.setenv("UMAIL_SECRET_FREEZER_2_MAIL_PASSWORD", "its own")
    found = [secret_source.read(NAME, f"freezer-{number}", answers) for number in (1, 2, 3)]
    assert found == ["answer", "its own", "answer"]
    assert asked == ["mail_password: "]


def test_a_question_shows_nothing_of_its_answer() -> None:
    code = f"from umail_host import secret_source as s; print(len(s.read({NAME!r})), 'characters')"
    master, slave = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UMAIL_SECRET_")}
    # A session of its own, whose terminal that is.
    child = subprocess.Popen(
        [sys.executable, "-c", f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); {code}"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=environment
        | {"PYTHON_KEYRING_BACKEND": "host.provision.fake_keyring.Backend", "FAKE_KEYRING": "{}"}
        | {"PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *sys.path])},
    )
    os.close(slave)
    shown = b""
    while b"mail_password: " not in shown:
        shown += os.read(master, 1000)
    os.write(master, b"geheim-123\n")
    try:
        while data := os.read(master, 1000):
            shown += data
    except OSError:
        # The other side has gone.
        pass
    assert child.wait(10) == 0, shown
    os.close(master)
    assert b"10 characters" in shown
    assert b"geheim" not in shown


@pytest.mark.parametrize("name", ["Mail", "a-b", "", "much_too_long_name", "wifi_pasword"])
def test_a_name_that_no_board_reads_is_told(name: str) -> None:
    with pytest.raises(UserError, match=r"the alert node reads no secret of that name; (did you mean|known are)"):
        secret_source.read(name)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mail_password", "abcd ", "begins or ends with a blank"),
        ("mail_password", "abcd\u00a0efgh", "holds a no-break space"),
        ("mail_token", "abcd\u200b", "another invisible character"),
        ("oauth_secret", "abcd\n", "a line break"),
        ("wifi_password", "\u00a0abcd", "holds a no-break space"),
        ("wifi_password", " abcd ", ""),
        ("mail_password", "abcd efgh ijkl mnop", ""),
    ],
)
def test_what_came_along_when_a_secret_was_pasted_is_told(
    ring: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    ring.setenv(f"UMAIL_SECRET_{name.upper()}", value)
    if not words:
        assert secret_source.read(name) == value
        return
    with pytest.raises(UserError, match=words) as told:
        secret_source.read(name)
    assert "abcd" not in str(told.value)
