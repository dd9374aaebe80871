"""The table of sizes: figures measured, written, read back, and any growth told."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from tools import size
from tools.size_node import waiting
from tools.size_table import ALERT_GOAL, Fit, Sizes, compare, parse, render
from umail_host import paths
from umail_host.deploy import image
from umail_host.errors import UserError

SIZES = Sizes(
    mpy={
        "umail": 400,
        "umail.smtp.session": 1500,
        "umail.outbox": 1100,
        "umail.tables.advice_en": 9000,
        "umail.certs.one": 900,
    },
    ram={
        "umail": 900,
        "umail.smtp.session": 2800,
        "umail.outbox": 2000,
        "umail.tables.advice_en": 9500,
        "umail.certs.one": 1100,
    },
    alert=("umail",),
    passing=("umail.smtp.session",),
    alert_ram=3700,
    node={"one sensor": (81_000, 99_000), "three sensors and a summary": (130_000, 134_000)},
)
FITS = [Fit("PLENTY", 200_000, 2_000_000)]


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "lib" / "umail"
    (folder / "certs").mkdir(parents=True)
    (folder / "__init__.py").write_text('"""Doc."""\n')
    (folder / "certs" / "__init__.py").write_text("")
    (folder / "base.py").write_text("import socket\n\n\ndef f():\n    return socket.socket()\n")
    (folder / "top.py").write_text("from umail.base import f\n\nTABLE = bytearray(20000)\n")
    return folder


def test_a_table_reads_back_as_it_was_written():
    assert parse(render(SIZES, FITS)) == SIZES
    without_ram = dataclasses.replace(SIZES, ram={}, alert_ram=0)
    assert parse(render(without_ram, FITS)) == without_ram


def test_certificates_and_advice_are_counted_apart():
    assert SIZES.total("code") == 3000
    assert SIZES.total("advice") == 9000
    assert SIZES.total("certificates") == 900
    assert SIZES.alert_mpy == 1900


def test_the_same_figures_are_no_problem_and_neither_is_what_shrank():
    smaller = dataclasses.replace(SIZES, mpy={**SIZES.mpy, "umail.smtp.session": 900}, alert_ram=10)
    assert compare(SIZES, SIZES, FITS) == []
    assert compare(SIZES, smaller, FITS) == []


@pytest.mark.parametrize("column", ["mpy", "ram"])
def test_growth_beyond_the_tolerance_is_told_by_name(column):
    def grown(by):
        figures = {**getattr(SIZES, column)}
        figures["umail.outbox"] += by
        return dataclasses.replace(SIZES, **{column: figures})

    assert compare(SIZES, grown(20), FITS) == []
    problems = compare(SIZES, grown(200), FITS)
    assert len(problems) == 1
    assert problems[0].startswith(f"umail.outbox ({'.mpy' if column == 'mpy' else 'RAM'}) grew from")


@pytest.mark.parametrize(("place", "when"), [(0, "after its start"), (1, "after a mail")])
def test_growth_of_a_node_that_waits_is_told(place, when):
    def grown(by):
        figures = list(SIZES.node["one sensor"])
        figures[place] += by
        return dataclasses.replace(SIZES, node={**SIZES.node, "one sensor": tuple(figures)})

    assert compare(SIZES, grown(1000), FITS) == []
    (problem,) = compare(SIZES, grown(3000), FITS)
    assert problem.startswith(f"a node with one sensor that waits, {when} (RAM) grew from ")


def test_a_new_module_and_a_module_more_in_an_alert_are_told():
    new = dataclasses.replace(SIZES, mpy={**SIZES.mpy, "umail.new": 300})
    assert "umail.new (.mpy) is new: 300 bytes" in compare(SIZES, new, FITS)[0]
    more = dataclasses.replace(SIZES, alert=(*SIZES.alert, "umail.outbox"))
    assert "what a plain alert loads (.mpy) grew from 1,900 to 3,000" in compare(SIZES, more, FITS)[0]


def test_a_goal_is_shown_with_how_far_it_is_away():
    fat = dataclasses.replace(SIZES, mpy={**SIZES.mpy, "umail": ALERT_GOAL})
    assert "(goal 8,000: missed by 1,500)" in render(fat, FITS)
    assert "(goal 8,000: met)" in render(SIZES, FITS)


def test_a_flash_that_is_too_small_is_told():
    problems = compare(SIZES, SIZES, [Fit("TINY", 2000, 1000)])
    assert problems == ["library and firmware do not fit TINY's flash"]


def test_a_missing_or_broken_table_is_told():
    assert "there is no table yet" in compare(None, SIZES, FITS)[0]
    with pytest.raises(UserError, match="holds no table"):
        parse("# nothing\n")


def test_the_octets_are_those_of_the_mpy_files(library):
    measured = size.measure_mpy(library)
    assert set(measured) == {"umail", "umail.certs", "umail.base", "umail.top"}
    source = (library / "base.py").read_bytes()
    assert measured["umail.base"] == len(image.compile_module(source, "umail.base", "-O3"))


def ram_of(library):
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no node and npm here: apt install nodejs npm")
    cache = paths.library().parent.parent / "build" / "wasm"
    try:
        return size.measure_ram(library, size.measure_mpy(library), ["umail.base", "umail.top"], cache)
    except UserError as error:
        if "npm could not install" in str(error):
            pytest.skip(f"{error}: it needs the npm registry once")
        raise


def test_a_module_that_a_board_can_not_import_is_told_with_the_reason(library):
    (library / "bad.py").write_text("import tempfile\n")
    with pytest.raises(UserError, match=r"RAM not measured: .*no module named 'tempfile'"):
        ram_of(library)


def test_ram_is_measured_without_what_a_module_imports(library):
    ram, together = ram_of(library)
    assert 20_000 < ram["umail.top"] < 21_200
    assert 0 < ram["umail.base"] < 700
    assert together >= ram["umail.base"] + ram["umail.top"]


def test_a_plain_alert_is_really_sent_and_its_modules_are_counted(micropython):
    stay, leave = size.alert_modules(micropython, paths.library())
    assert {"umail", "umail.message", "umail.smtp.session"} <= set(stay)
    assert {"umail.smtp.handshake", "umail.net.tls", "umail.dns", "umail.certs"} <= set(leave)
    assert not [name for name in stay + leave if "advice" in name or "failure" in name]
    # What an undisturbed alert does not run.
    rare = {
        f"umail.{name}" for name in ("checks", "client", "errors", "fallback", "m365_other", "mime.optional_fields")
    }
    rare |= {f"umail.smtp.{name}" for name in ("accepted_recipients", "retry", "transaction", "unexpected")}
    assert not rare & {*stay, *leave}


def test_a_node_that_waits_is_measured_with_what_it_has(micropython):
    found = waiting(micropython)
    assert set(found) == set(parse((paths.library().parent.parent / "docs" / "sizes.md").read_text("utf-8")).node)
    for name in found:
        assert 40_000 < found[name][0] < found[name][1] < 200_000
    # Each part takes something.
    assert found["one sensor"] < found["three sensors"] < found["three sensors and an output"]


def test_library_and_firmware_fit_every_board():
    fits = size.fits(lambda board: {f"/lib/umail/{number}.mpy": bytes(5000) for number in range(10)})
    assert {fit.board: fit.used for fit in fits}["ESP32_GENERIC"] == 10 * 8192
    assert all(fit.used < fit.room for fit in fits)
