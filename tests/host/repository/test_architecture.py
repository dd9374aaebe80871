"""docs/architecture.md and CONTRIBUTING.md name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WHERE = PAGE.partition("## Where is …?")[2].partition("\n## ")[0]
ANSWERS = re.findall(r"^\| (?!question|---)(.+?) \| (.+) \|$", WHERE, re.MULTILINE)


def named(answer: str) -> list[tuple[str, str]]:
    """The (file, name) pairs of an answer; the name is "" if the file alone is the answer."""
    found: list[tuple[str, str]] = []
    for word in re.findall(r"`([^`]+)`", answer):
        if "/" in word:
            found.append((word, ""))
        else:
            found.append((found[-1][0], word))
    return found


@pytest.mark.parametrize(("question", "answer"), ANSWERS, ids=[question[:30] for question, _ in ANSWERS])
def test_what_answers_a_question_is_there(question: str, answer: str) -> None:
    pairs = named(answer)
    assert pairs
    for file, name in pairs:
        paths = list(ROOT.glob(file.rstrip("/")))
        assert paths, file
        for part in name.split("."):
            source = paths[0].read_text(encoding="utf-8") if name else ""
            assert not name or re.search(rf"\b(def|class) {part}\b|\b{part}\b.* = ", source), f"{name} in {file}"


def test_the_five_questions_of_a_newcomer_are_answered() -> None:
    questions = " ".join(question for question, _ in ANSWERS)
    for word in ("5xx to RCPT", "Date", "Wi-Fi", "`umail deploy`", "configuration key"):
        assert word in questions


def test_every_folder_that_is_named_is_there() -> None:
    table = PAGE.partition("| folder |")[2].partition("\n\n")[0]
    folders = re.findall(r"^\| `([^`]+)/`", table, re.MULTILINE)
    assert len(folders) >= 9
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
    inside = re.findall(r"`(\w+)`", next(line for line in table.splitlines() if line.startswith("| `lib/umail/`")))
    assert [name for name in inside if not (ROOT / "lib" / "umail" / name).is_dir()] == []
    kinds = re.findall(r"`(\w+)`", next(line for line in table.splitlines() if line.startswith("| `tests/`")))
    assert [name for name in kinds if not (ROOT / "tests" / name).is_dir()] == []


def test_what_contributing_asks_to_be_run_is_there() -> None:
    paths = re.findall(r"(?<![\w/])((?:tests|docs|lib|boards|firmware|examples|host_tools)/[\w./]*\w)", CONTRIBUTING)
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", CONTRIBUTING)) <= targets


def test_contributing_is_forty_lines_at_most() -> None:
    assert CONTRIBUTING.count("\n") <= 40


def test_the_figures_of_transient_modules_are_about_those_of_the_size_table() -> None:
    page = (ROOT / "docs" / "decisions" / "transient-modules.md").read_text(encoding="utf-8")
    sizes = (ROOT / "docs" / "sizes.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(umail[\w.]*)` \| [\d,]+ \| ([\d,]+) \| ?(\w*)", sizes, re.MULTILINE)
    ram = {name: int(size.replace(",", "")) for name, size, _ in table}
    stays = re.search(r"^\| a plain alert.*\| ([\d,]+) \|$", sizes, re.MULTILINE)
    assert stays is not None
    expected = [
        int(stays[1].replace(",", "")),
        sum(ram[name] for name, _, when in table if when == "passes"),
        ram["umail.smtp.failure"] + ram["umail.tables.replies"],
        ram["umail.tables.advice_en"],
    ]
    said = [float(figure) * 1024 for figure in re.findall(r"\| ([\d.]+)(?: to [\d.]+)? KiB \|", page)]
    assert said == pytest.approx(expected, rel=0.15)
