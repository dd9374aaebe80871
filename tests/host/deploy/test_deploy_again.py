"""A deployment goes on by itself while a board goes away in the middle of it, and gives up when that has no end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host.config.test_config_check import GOOD
from umail_host.deploy import lacking, run, transfer
from umail_host.device import boards
from umail_host.device.board import BoardError
from umail_host.errors import UserError
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

SPEC = boards.load("virtual")
Attempts = Callable[[str], tuple[transfer.Report, list[str]]]


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> Attempts:
    """`carry_out` with the ends of its attempts given, a letter each.

    ``g``: the board goes away at once; ``a``: it goes away after its foreign main.py was put aside; ``w``: well.
    """

    def carried_out(ends: str) -> tuple[transfer.Report, list[str]]:
        left = iter(ends)

        def bring(plan: run.Plan, link: object, report: transfer.Report, *_: object) -> boards.BoardSpec:
            end = next(left)
            if end == "a":
                report.warnings.append("/main.py was not ours")
            if end != "w":
                raise BoardError("the board at COM3 does not answer")
            return SPEC

        @contextlib.contextmanager
        def hold(self: run.Plan, stay_open: bool) -> Iterator[object]:
            yield object()

        monkeypatch.setattr(run, "_bring", bring)
        monkeypatch.setattr(run.Plan, "hold", hold)
        report, said = transfer.Report(), list[str]()
        assert run.carry_out(run.Plan("COM3"), report, lambda *_: None, said.append)[0] is SPEC
        assert next(left, None) is None
        return report, said

    return carried_out


@pytest.mark.parametrize("ends", ["w", "gw", "ggw", "gaw", "ggaw", "ggagw"])
def test_what_failed_before_a_foreign_program_was_put_aside_does_not_count(attempts: Attempts, ends: str) -> None:
    _, said = attempts(ends)
    assert said == ["the board went away; trying again"] * (len(ends) - 1)


@pytest.mark.parametrize("ends", ["ggg", "ggagg"])
def test_a_board_that_always_goes_away_is_given_up_with_what_to_do(attempts: Attempts, ends: str) -> None:
    with pytest.raises(UserError, match="Run the command again: it goes on where this one stopped"):
        attempts(ends)


def test_that_memory_is_short_is_told_once_however_often_the_board_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = iter((True, True))

    def warnings(*_: object) -> list[str]:
        if next(lost, False):
            raise BoardError("the board does not answer")
        return []

    monkeypatch.setattr(lacking, "warnings", warnings)
    report = transfer.Report()
    with VirtualBoard(tmp_path, "ESP32_GENERIC") as virtual:
        much = Settings.of(GOOD | {"summary": "07:00"}, fresh=True)
        plan = run.Plan(virtual.port, board="ESP32_GENERIC", settings=much, reset=False)
        run.carry_out(plan, report, lambda *_: None, lambda _: None)
    assert next(lost, None) is None
    assert len([text for text in report.warnings if "may run out of memory while it mails" in text]) == 1
