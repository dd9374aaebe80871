"""The German pages say what the English ones say: the same headings, commands, tables, codes, numbers and links."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = sorted(path.name for path in (DOCS / "de").glob("*.md"))
FENCE = re.compile(r"^(?: *|\d+\. )```\w*\n.*?^ *```$", re.DOTALL | re.MULTILINE)


def both(page: str) -> tuple[str, str]:
    return tuple((folder / page).read_text(encoding="utf-8") for folder in (DOCS, DOCS / "de"))  # type: ignore[return-value]


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", text)


def sections(text: str) -> list[str]:
    """What stands below each heading."""
    return re.split(r"^#+ .*$", prose(text), flags=re.MULTILINE)[1:]


def rows(text: str) -> list[list[str]]:
    """The cells of all rows of tables; a bar in code is not a border."""
    return [re.split(r"(?<!\\)\|", row)[1:-1] for row in re.findall(r"^\|.*\|$", prose(text), re.MULTILINE)]


def codes(text: str) -> Counter[str]:
    """Words in code, and codes of replies."""
    return Counter(re.findall(r"`[^`]+`|\b[45]\d\d(?= )|\b[45]\.\d+\.\d+\b|\bAADSTS\d+|\bMC\d+|\bALERT\d+", text))


def numbers(text: str) -> Counter[str]:
    """Numbers as both languages write them: 10,000 is 10.000, 4.7 is 4,7."""
    bare = re.sub(r"\]\([^)]*\)|`[^`]*`|https?://\S+|\w*\.\w+\.com\S*", "", text)
    return Counter(re.sub(r"[.,]", "", number) for number in re.findall(r"\d[\d.,]*\d|\d", bare))


def links(text: str) -> list[tuple[str, bool]]:
    """Where links lead: the page or the address, and whether to a part of it."""
    found = re.findall(r"\]\(([^)#]*)(#[^)]*)?\)", prose(text))
    return [(re.sub(r"^(\.\./|de/)", "", target), bool(part)) for target, part in found]


@pytest.mark.parametrize("page", PAGES)
def test_headings_are_those_of_the_english_page(page: str) -> None:
    english, german = (
        [len(level) for level in re.findall(r"^(#+) ", prose(text), re.MULTILINE)] for text in both(page)
    )
    assert german == english


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_those_of_the_english_page(page: str) -> None:
    english, german = (FENCE.findall(text) for text in both(page))
    assert german == english
    assert english


@pytest.mark.parametrize("page", PAGES)
def test_tables_have_the_rows_columns_and_codes_of_the_english_page(page: str) -> None:
    english, german = (rows(text) for text in both(page))
    assert [len(row) for row in german] == [len(row) for row in english]
    for here, there in zip(english, german, strict=True):
        for english_cell, german_cell in zip(here, there, strict=True):
            assert codes(german_cell) == codes(english_cell)


@pytest.mark.parametrize("page", PAGES)
def test_each_section_has_the_codes_numbers_and_links_of_the_english_one(page: str) -> None:
    english, german = (sections(text) for text in both(page))
    for here, there in zip(english, german, strict=True):
        assert codes(there) == codes(here)
        assert numbers(there) == numbers(here)
        assert links(there) == links(here)


@pytest.mark.parametrize("page", PAGES)
def test_anchors_within_the_german_pages_are_there(page: str) -> None:
    text = both(page)[1]
    for target, part in re.findall(r"\]\((?!http|\.\.)([\w-]*(?:\.md)?)#([^)]+)\)", prose(text)):
        there = (DOCS / "de" / (target or page)).read_text(encoding="utf-8")
        slugs = {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", prose(there), re.MULTILINE)
        }
        assert part in slugs, f"{target}#{part}"


def test_the_pages_for_administrators_and_beginners_are_there() -> None:
    assert PAGES == ["first-alert.md", "microsoft-365.md", "when-mail-does-not-arrive.md"]
