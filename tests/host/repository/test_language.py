"""Documentation and docstrings keep to the project's words: none that a reader has to think about twice."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Pages that are made from other sources, which have tests of their own.
MADE = {"hil-results.md"}
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name not in MADE and page.parent.name != "de"]
PAGES += [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")]
INSTEAD = {
    r"\bmend(s|ed|ing)?\b": "fix",
    r"(?<![Tt]here )\b(is|are) no (?!longer\b)": "is not a, there is no, … has no",
    r"\boctets?\b": "bytes; octets only in the sentence that names an RFC",
    r"(?<=[^.:|] )[Ww]here (there (is|are) (none|one)|it is wanted|needed)\b": "if",
    r"\bbeside (that|this|it)\b": "next to",
}


def sentences(page: Path) -> list[str]:
    """The page's prose: no code, of which the console shows what programs say."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.split(r"(?<=[.:;])\s|\|", re.sub(r"`[^`]*`|\"[^\"]*\"", "", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_uses_the_words_of_the_project(page: Path) -> None:
    found = []
    for sentence in sentences(page):
        for pattern, better in INSTEAD.items():
            if re.search(pattern, sentence) and not (
                "octet" in pattern and re.search(r"RFC|CONTRIB|only beside", sentence)
            ):
                found.append(f"{' '.join(sentence.split())!r}: {better}")
    assert found == []


NO_VERB = re.compile(
    r"(What|Where|Which|Whether|How|If|When|Why|The|A|An|All|Each|Every|Some|Only|One|No|This|That|Those|These|With|For)\b"
)


def functions(file: Path) -> list[tuple[str, str]]:
    """Each function with a docstring; but properties and fixtures, which are named after what they are."""
    found = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.FunctionDef)]
    found = [
        node for node in found if not re.search("property|fixture", str(list(map(ast.unparse, node.decorator_list))))
    ]
    return [(f"{file.name}, {node.name}", ast.get_docstring(node) or "Say") for node in found]


@pytest.mark.parametrize("folder", ["lib/umail", "firmware", "host_tools", "tools"])
def test_the_docstring_of_a_function_begins_with_a_verb(folder: str) -> None:
    told = [one for file in sorted((ROOT / folder).rglob("*.py")) for one in functions(file)]
    assert [(where, text.splitlines()[0]) for where, text in told if NO_VERB.match(text)] == []
    assert sum(text != "Say" for _, text in told) > 20
