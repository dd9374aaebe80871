"""What servers really answered is taken for what it is: posted replies, token errors, every registered code."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tools import make_replies
from umail.replies import classify
from umail.smtp.failure import refusal
from umail.smtp.session import Reply

DATA = make_replies.ROOT / "tests" / "data"
EARLY = ("greeting", "ehlo", "starttls", "auth")
LATE = ("mail", "rcpt", "data", "body")
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)


class Session:
    """As much of a session as a refusal needs."""

    state = "busy"

    def __init__(self, stage: str) -> None:
        self.stage = stage


@functools.cache
def _entries() -> dict[str, dict[str, Any]]:
    return make_replies.read()


def table(name: str) -> Iterator[list[str]]:
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


def judged(stage: str, reply: str) -> tuple[str, str]:
    lines = reply.split("\\n")
    error = refusal(Session(stage), Reply(int(lines[0][:3]), [line[4:].encode() for line in lines]))
    return error.kind, error.key


def test_every_posted_reply_is_of_the_right_kind_and_gets_the_right_advice() -> None:
    wrong = []
    for stage, reply, kinds, keys, _ in table("posted_replies.tsv"):
        kind, key = judged(stage, reply)
        if kind not in kinds.split() or (keys and key not in keys.split()):
            wrong.append(f"{stage} {reply}: {kind} {key}, not {kinds} {keys}")
    assert not wrong, "\n".join(wrong)


def test_every_posted_reply_says_where_it_was_posted() -> None:
    rows = list(table("posted_replies.tsv"))
    assert len({(stage, reply) for stage, reply, *_ in rows}) == len(rows) > 300
    assert all(row[4].startswith(("https://", "http://")) for row in rows)


def test_every_posted_answer_of_a_token_endpoint_is_taken_for_what_it_is() -> None:
    wrong = []
    for status, error, text, kind, keys, source in table("token_errors.tsv"):
        assert source.startswith("https://")
        got = classify("token", int(status), "", f"{error}: {text}")
        if got[0] != kind or got[1] not in keys.split():
            wrong.append(f"{status} {error} {text}: {got}, not {kind} {keys}")
    assert not wrong, "\n".join(wrong)


def test_every_registered_code_has_a_kind_and_a_remedy_in_both_languages() -> None:
    entries = make_replies.read()
    wrong = []
    for numbers, stage, kind, key, always in table("enhanced_codes.tsv"):
        assert all(entries[key][language] for language in ("en", "de"))
        soft = kind if always else "temporary"
        for code, wanted in ((550, kind), (450, soft)):
            got = classify(stage, code, f"{code // 100}.{numbers}", "")
            if got[0] != wanted or (code == 550 and got[1] != key):
                wrong.append(f"{code} {code // 100}.{numbers} at {stage}: {got}, not {wanted} {key}")
    assert not wrong, "\n".join(wrong)


def test_the_table_of_codes_has_the_whole_registry() -> None:
    last = {0: 0, 1: 10, 2: 4, 3: 6, 4: 7, 5: 6, 6: 10, 7: 30}
    registry = {f"{subject}.{detail}" for subject, end in last.items() for detail in range(end + 1)}
    assert registry <= {numbers for numbers, *_ in table("enhanced_codes.tsv")}


@pytest.mark.parametrize("stage", EARLY)
def test_before_a_mail_no_refusal_is_about_a_mail(stage: str) -> None:
    about_mails = {key for key, entry in make_replies.read().items() if entry.get("mail")}
    for code in range(400, 600):
        for words in ("", "Sender address rejected", "Message too large", "User unknown", "SPF check failed"):
            kind, key = classify(stage, code, "", words)
            assert key not in about_mails, (code, words, key)
            assert kind == "configuration" or (kind == "temporary" and code < 500), (code, words, kind)


@pytest.mark.parametrize("stage", LATE)
def test_an_unknown_refusal_waits_for_a_person(stage: str) -> None:
    about_size = {552, 523, 534} if stage in ("mail", "data", "body") else {556} if stage == "rcpt" else set()
    for code in set(range(500, 600)) - about_size:
        for enhanced in ("", "5.0.0", "5.7.1", "5.9.9"):
            assert classify(stage, code, enhanced, "whatever")[0] != "permanent", (code, enhanced)
    assert classify(stage, 550, "", "")[0] == "configuration"


@settings(deadline=None)
@given(st.sampled_from(EARLY + LATE + ("quit",)), st.integers(400, 499), TEXTS)
@example("body", 450, "5.3.4 message too large")
@example("rcpt", 451, "user unknown")
def test_nothing_is_given_up_for_a_4yz(stage: str, code: int, text: str) -> None:
    assert judged(stage, f"{code} {text}")[0] in ("temporary", "configuration")


@settings(deadline=None)
@given(st.sampled_from(EARLY + LATE + ("quit",)), st.integers(400, 599), TEXTS)
def test_any_reply_gets_a_kind_and_a_key_that_has_advice(stage: str, code: int, text: str) -> None:
    kind, key = judged(stage, f"{code} {text}")
    assert kind in make_replies.KINDS
    assert key in _entries()


def test_boards_judge_as_computers_do(micropython: str, tmp_path: Path) -> None:
    rows = [(stage, reply) for stage, reply, *_ in table("posted_replies.tsv")]
    (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    program = """
import json, sys
sys.path.insert(0, sys.argv[1])
from umail.smtp.failure import refusal
from umail.smtp.session import Reply
class Session:
    state = "busy"
with open(sys.argv[2]) as file:
    rows = json.load(file)
for stage, reply in rows:
    session = Session()
    session.stage = stage
    lines = reply.split("\\\\n")
    error = refusal(session, Reply(int(lines[0][:3]), [line[4:].encode() for line in lines]))
    print(error.kind, error.key)
"""
    (tmp_path / "judge.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [micropython, str(tmp_path / "judge.py"), str(make_replies.ROOT / "lib"), str(tmp_path / "rows.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [" ".join(judged(*row)) for row in rows]
