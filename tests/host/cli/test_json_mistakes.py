"""Mistakes in JSON that people write are told with their line and what to do, not as the parser tells them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umail_host import files, json_mistakes
from umail_host.errors import UserError

MISTAKES = {
    '{"a": "x"\n "b": 1}': 'a comma is missing after the value of "a" (line 1)',
    '{"a": 1\n\n\n "b": 1}': 'a comma is missing after the value of "a" (line 1)',
    '{"a": {"b": 1}\n "c": 1}': "a comma is missing after } (line 1)",
    '{"a": 1,\n "b": 3,\n}': "there is a comma too many before } (line 2)",
    '{"a": [1, 2,]}': "there is a comma too many before ] (line 1)",
    '{"a": 1,\n "limit": -15,5}': 'there is a comma in the value of "limit": numbers have a point, '
    "such as -15.5 (line 2)",
    '{"a": 1, // seconds\n "b": 2}': "there are no comments in JSON: remove it (line 1)",
    '# mine\n{"a": 1}': "there are no comments in JSON: remove it (line 1)",
    "{\n'a': 1}": "text goes in double quotes: write \" instead of ' (line 2)",
    '{"a":\n “x”}': '“ is not a double quote: write " on both sides of a text (line 2)',
    '{"a": lab}': 'text goes in double quotes: write " on both sides of the value of "a" (line 1)',
    "{a: 1}": 'text goes in double quotes: "a" (line 1)',
    '{"a": True}': "write true instead of True (line 1)",
    '{"a": None}': "write null instead of None (line 1)",
    '{"a": "lab\n, "b": 1}': 'a double quote is missing at the end of the value of "a" (line 1)',
    '{"a": 1} x': "something follows the end: remove it (line 1)",
    '{"a": 1}\n}': "there is a } too many (line 1)",
    '{"a" 1}': "a colon is missing between a key and its value (line 1)",
    '{"a": 1': "it breaks off at the end: a } or ] is missing (line 1)",
    '{"a": 007}': 'a number does not begin with 0: remove the 0 at the beginning of the value of "a" (line 1)',
    '{"a": .5}': "a number begins with a digit or a minus: write 5, -5 or 0.5 (line 1)",
    '{"a": 1.}': "a number has a digit on both sides of its point (line 1)",
    '{"a": "C:\\dir"}': "a backslash in a text is written twice: \\\\ (line 1)",
    '{"a": 1; "b": 2}': "write a comma instead of ; (line 1)",
    '{"a": [1, 2}': "a ] is missing before } (line 1)",
    '{"a": }': "something is missing before } (line 1)",
    '{"a": 5min}': 'something follows the number in the value of "a": write the number alone, without a unit (line 1)',
    '{"a": -15°C}': 'something follows the number in the value of "a": write the number alone, without a unit (line 1)',
    '{"a": 15%}': 'something follows the number in the value of "a": write the number alone, without a unit (line 1)',
    '{"a": 0x3c}': "JSON has no hexadecimal numbers: write a decimal one, or an address in double quotes, "
    '"0x76" (line 1)',
    '{"a": "x\ty"}': "a tab in a text is written \\t: replace it by that, or by a blank (line 1)",
    '{"a":\u00a060}': "there is an invisible character, U+00A0: write a plain blank instead, or nothing (line 1)",
    '{"a": "b"\u200b}': "there is an invisible character, U+200B: write a plain blank instead, or nothing (line 1)",
    '{"a": − 15}': "− is not a minus: write - right before the number (line 1)",
    '{"a": - 15}': 'a minus stands right before its digits, in the value of "a" (line 1)',
    '{"a": "b"c"}': 'a double quote is missing, or one too many, in the value of "a"; one in a text is written '
    '\\" (line 1)',
    "<!DOCTYPE html>": "it is HTML, a web page: download the file itself (line 1)",
    '{"a": 1}\0\0': "it holds NUL bytes, so it is damaged: copy it again (line 1)",
    '{"a": @x}': "here a value is expected: a number, true, false, or a text in double quotes (line 1)",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_to_do(tmp_path: Path, text: str) -> None:
    file = tmp_path / "freezer.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as told:
        files.table(file, toml=False)
    assert str(told.value) == f"{file} is not JSON: {MISTAKES[text]}"


@pytest.mark.parametrize("text", ['{"a": 0%s}' % ("1" * 5000), '{"a": 0²}', '{"a": -1%s,5}' % ("1" * 5000)])
def test_a_number_of_any_length_or_script_is_one_short_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "f.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as told:
        files.table(file, toml=False)
    assert len(str(told.value)) < len(str(file)) + 120


@given(
    st.text(alphabet="{}[],:\"'\\/#.-+0159eE aTnül“\n\x1b", max_size=40)
    | st.builds(lambda text, at: text[:at] + text[at + 1 :], st.sampled_from(list(MISTAKES)), st.integers(0, 30))
)
def test_whatever_is_written_is_told_in_one_line_that_cannot_steer_a_terminal(text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        told = json_mistakes.sentence(text, error)
        assert told.isprintable()
        assert len(told) < 120
    except ValueError:
        pass


SECRET = "hunter2geheim"
WITH_SECRET = (
    '{"wifi": {"ssid": "lab", "password": "%s"}, "mail": {"to": ["%s", 1]}}' % (SECRET, SECRET),
    '{"pin": %s, "list": [%s]}' % (SECRET, SECRET),
    '{"password": 12%s}' % SECRET,
)


@pytest.mark.parametrize("text", WITH_SECRET)
@pytest.mark.parametrize("put", ["", '"', "'", ",", ":", " ", "}", "]", "\n", "\t", "0", "x", "\\"])
def test_no_value_is_repeated_wherever_the_mistake_is(text: str, put: str) -> None:
    # (A key that is repeated is one before a colon.)
    for at in range(len(text)):
        for wrong in (text[:at] + put + text[at + 1 :], text[:at] + put + text[at:]):
            try:
                json.loads(wrong)
            except json.JSONDecodeError as error:
                told = json_mistakes.sentence(wrong, error)
                assert not {"hunter", "geheim", "2gehei"} & {told[i : i + 6] for i in range(len(told))}, (wrong, told)
