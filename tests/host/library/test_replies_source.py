"""The tables made from lib/replies: up to date, complete, and used by the library's own errors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tools import make_replies
from umail.net import tls_failure
from umail.smtp import failure
from umail_host.errors import UserError

LIBRARY = make_replies.ROOT / "lib" / "umail"


def test_generated_files_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.make_replies", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_pattern_can_match() -> None:
    """A row hidden by an earlier, wider one would be a remedy that nobody ever reads."""
    from umail.replies import classify

    entries = make_replies.read()
    for row in make_replies.rows(entries):
        enhanced = row.enhanced.partition("-")[0]
        first = row.code or enhanced.partition(".")[0][:1]
        text = row.words.replace("*", " ")
        if row.stages == "t":
            found = {classify("token", 400, "", f"AADSTS{enhanced}: {text}" if enhanced else text)[1]}
        else:
            found = {
                classify(stage, int((code + "59")[:3]), code[0] + enhanced if enhanced[:1] == "." else enhanced, text)[
                    1
                ]
                for stage in make_replies.STAGES[:-1]
                for code in ([first] if first else ["4", "5"])
                if not row.stages or stage[0] in row.stages
            }
        assert row.key in found, row


def _values(node: ast.AST) -> list[ast.expr]:
    """What stands for a key: MailError(…, key="…"), session.error("…"), error(session, "…") and def …(key="…")."""
    if isinstance(node, ast.FunctionDef):
        named = node.args.args[len(node.args.args) - len(node.args.defaults) :]
        return [value for name, value in zip(named, node.args.defaults, strict=True) if name.arg == "key"]
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    values = [keyword.value for keyword in node.keywords if keyword.arg == "key"]
    place = int(bool(node.args) and getattr(node.args[0], "id", "") in ("self", "session"))
    return values + {"error": node.args[place : place + 1], "MailError": node.args[5:6]}.get(name, [])


def _keys(path: Path) -> set[str]:
    """The keys that the errors of a module bear."""
    leaves = [
        leaf
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for value in _values(node)
        for leaf in ast.walk(value)
    ]
    return {
        leaf.value for leaf in leaves if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and leaf.value
    }


def test_every_error_the_library_raises_has_advice() -> None:
    entries = make_replies.read()
    missing = {f"{path.name}: {key}" for path in LIBRARY.rglob("*.py") for key in _keys(path) if key not in entries}
    assert not missing
    assert {key for _, key in tls_failure._MEANING} | set(failure._ERRORS) <= set(entries)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[a]\nkind = "t"\nen = "A."', "m365.toml, .a.: kind must"),
        ('[a]\nkind = "temporary"\nen = "A."', "its line in firmware/languages/de.toml must be"),
        ('[a]\nkind = "temporary"\nen = "A"', "en must be"),
        ('[a]\nkind = "temporary"', "en must be"),
        ('[a]\nkind = "temporary"\nen = "A."\nreply = ["x"]', "reply is not a word"),
    ],
)
def test_a_faulty_source_is_told_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "m365.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        make_replies.read(tmp_path)


def test_a_missing_source_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"m365\.toml is missing"):
        make_replies.read(tmp_path)
