"""A month of bad weeks gives the same log twice and breaks no invariant; planted faults are found, and shrunk."""

from __future__ import annotations

import binascii
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from made_once import made_once
from weeks import judge, plan, simulate, table
from weeks.causes import CAUSES
from weeks.run import SECRETS, Judged, arguments, replay
from weeks.shrink import shrink

SEED, MONTH = 31, 30
HOUR = 3600 * 1000


@pytest.fixture(scope="module")
def prepared(micropython: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every run needs, compiled."""
    return made_once(tmp_path_factory, "weeks", simulate.prepare)


def test_a_month_of_bad_weeks_breaks_no_invariant_and_gives_the_same_log_twice(prepared: Path) -> None:
    judged = Judged(prepared, SEED, MONTH, None, twice=True)
    assert judged.verdict.wrong == []
    assert judged.verdict.counts["owed"] > 20
    assert judged.verdict.counts["starts"] > 5
    assert len({event["cause"] for event in judged.plan.events}) > 10
    assert int(judged.run.lines[-1].split()[-1]) > 5, "of these connections had real TLS"


@pytest.mark.parametrize(
    ("plant", "kind", "seed"),
    [
        ("lost", "lost", 4),
        ("duplicated", "twice", 4),
        ("late", "late", 0),
        ("stands", "dead", 27),
        ("talks", "bounds", 12),
        ("shares", "guest", 7),
        ("leaves", "bounds", 33),
    ],
)
def test_a_fault_that_somebody_might_write_is_found(prepared: Path, plant: str, kind: str, seed: int) -> None:
    drawn = plan.draw(seed, MONTH)
    run = simulate.run(drawn, prepared, SECRETS, (plant,))
    assert kind in {sentence.split(":")[0] for sentence in judge.judge(run.lines, drawn.events, run.heap).wrong}


def test_a_board_on_battery_in_a_world_that_is_well_spares_its_flash(prepared: Path) -> None:
    judged = Judged(prepared, 2, 6, set())
    assert "battery" in judged.plan.config
    assert judged.verdict.wrong == []
    # The day of the first start has more to write.
    days = [line.split(" ") for line in judged.run.lines if " day " in line][1:]
    written = [int(words[words.index("written") + 1]) for words in days]
    assert max(after - before for before, after in pairwise(written)) < 120_000


def lived(prepared: Path, seed: int, *events: dict[str, Any], days: int = 4) -> list[str]:
    """The log of the board of ``seed`` to which only ``events`` happen; its sensor alerts after four hours."""
    kind = plan.BOARDS[seed % len(plan.BOARDS)]
    found = [{"id": 0, "at": 4 * 3600, "cause": "value", "value": 40.01}]
    for number, event in enumerate(events, 1):
        found.append({"id": number, "label": event["cause"], "both": True, **event})
    found.sort(key=lambda event: event["at"])
    drawn = simulate.Plan(seed, days, plan.config(kind), True, found, "rp2" if "pico" in kind else "esp32")
    run = simulate.run(drawn, prepared, SECRETS)
    assert judge.judge(run.lines, found, run.heap, "battery" in kind).wrong == []
    return run.lines


def minutes(log: list[str], word: str = "takes") -> list[int]:
    """So many minutes after the alert was read each mail was taken."""
    return [int(line.split(" ")[0]) // 60000 - 4 * 60 for line in log if line.split(" ")[1] == word]


def test_while_ipv4_is_dead_a_pico_sends_by_ipv6(prepared: Path) -> None:
    for how in ("silent", "refused"):
        dead = {"at": 3600, "lasts": 86400, "cause": "provider", "label": "ipv4", "how": how, "ipv4": True}
        (late,) = minutes(lived(prepared, 3, dead))
        assert late <= 6, how


def test_while_the_first_provider_is_away_or_refuses_the_second_takes_the_mail(prepared: Path) -> None:
    for fault in (
        {"cause": "provider", "how": "silent"},
        {"cause": "reply", "label": "reply configuration", "stage": "auth", "text": "535 5.7.8 no"},
        {"cause": "reply", "label": "reply temporary", "stage": "body", "text": "451 4.3.0 later"},
    ):
        log = lived(prepared, 4, {"at": 3600, "lasts": 86400, "both": False, **fault})
        assert [line.split(" ", 1)[1] for line in log if " by " in line and " says " not in line] == ["by second"], (
            fault
        )
        assert minutes(log)[0] <= 6


@pytest.mark.parametrize("to", ["first", "later"])
def test_a_mail_that_waits_goes_though_another_version_left_it_there(prepared: Path, to: str) -> None:
    away = {"at": 3600, "lasts": 86400, "cause": "provider", "how": "refused"}
    log = lived(prepared, 0, away, {"at": 40000, "cause": "upgrade", "to": to})
    assert any(f"files as of the {to} version" in line for line in log)
    # (The first version's file of excursions means nothing today: the alert may come once more.)
    assert 1 <= len({line.split(" ")[2] for line in log if " takes " in line}) <= 2


# -- the judge on logs of a few lines ---------------------------------------------------------------------------------


def taken(at: int, mid: str, subject: str, text: str = "t") -> str:
    octets = f"Subject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()
    return f"{at} takes {mid} ops {binascii.b2a_base64(octets, newline=False).decode()}"


ALERT = "Temperature 40.01 °C, limit 30 °C (x)"
BACK = "Temperature 10.01 °C, back to normal (x)"
GOOD = [
    "0 boot power",
    "5000 reads 10.0",
    f"{HOUR} reads 40.01",
    taken(HOUR + 500, "<1>", ALERT),
    f"{HOUR + 560} knows <1>",
    f"{2 * HOUR} reads 10.01",
    taken(2 * HOUR + 500, "<2>", BACK),
    f"{2 * HOUR + 560} knows <2>",
]


def wrong(log: list[str], *events: dict[str, Any], heap: list[int] | None = None) -> list[str]:
    """What the judge says, in its first words."""
    return [sentence.split(":")[0] for sentence in judge.judge(log, list(events), heap).wrong]


def test_a_good_log_is_good() -> None:
    assert wrong(GOOD) == []
    assert judge.owed(judge.read(GOOD, [])) == {("above", "40.01"): HOUR, ("back", "10.01"): 2 * HOUR}


def test_an_alert_that_never_came_is_lost_unless_another_mail_tells() -> None:
    log = GOOD[:3] + GOOD[5:]
    assert wrong(log) == ["lost"]
    for text in (
        "Such mails that were held back in 15 minutes: 2; this is the last of them.",
        "Mails that were dropped, as the outbox was full: 1.",
        "Mails that could not be delivered, or not to all: 1.\nThe last: 550",
        ALERT,
    ):
        assert wrong([*log, taken(3 * HOUR, "<3>", "At work, 10 °C (x)", text)]) == []


def test_the_words_that_the_judge_looks_for_are_those_of_the_outbox() -> None:
    source = (simulate.ROOT / "lib" / "umail" / "queue" / "story.py").read_text(encoding="utf-8")
    for words in (
        "Such mails that were held back in %d minutes: %d",
        "Mails that %s: %d.",
        "were dropped",
        "were damaged",
        "could not be",
    ):
        assert words in source


def test_a_value_is_shown_as_the_firmware_does() -> None:
    assert [judge.shown(value) for value in ("41.0", "40.1", "40.25")] == ["41", "40.1", "40.25"]


def test_what_was_read_when_the_power_went_is_not_owed() -> None:
    cut = [*GOOD[:3], f"{HOUR} stops power", f"{HOUR + 5000} boot power", f"{HOUR + 9000} reads 10.01"]
    assert wrong(cut) == []
    later = [*GOOD[:3], f"{HOUR + 1} stops power", f"{HOUR + 5000} boot power", f"{HOUR + 9000} reads 10.01"]
    assert wrong(later) == ["lost", "lost"]


def test_what_was_kept_in_ram_is_excused_only_if_the_console_said_so_and_the_power_went() -> None:
    said = (
        f"{HOUR} says 12:00 temperature 40.01 °C is above 30 °C: flash is full or worn, the alert is kept in RAM only"
    )
    rest = [f"{2 * HOUR} stops power", f"{2 * HOUR + 5} boot power"]
    assert wrong([*GOOD[:3], said, *rest]) == []
    assert wrong([*GOOD[:3], said]) == ["lost"]


def test_the_same_mail_twice_is_wrong_once_the_board_knows() -> None:
    again = taken(HOUR + 900_000, "<1>", ALERT)
    assert wrong([*GOOD[:5], again, *GOOD[5:]]) == ["twice"]
    assert wrong([*GOOD[:4], again, *GOOD[5:]]) == []
    cut = [*GOOD[:5], f"{HOUR + 561} stops power", f"{HOUR + 6000} boot power", again, *GOOD[5:]]
    assert wrong(cut) == []


def test_one_alert_in_two_mails_is_wrong_unless_a_reset_came_between() -> None:
    other = taken(HOUR + 900_000, "<9>", ALERT)
    assert wrong([*GOOD[:5], other, *GOOD[5:]]) == ["twice"]
    reset = [*GOOD[:5], f"{HOUR + 1000} stops power", f"{HOUR + 6000} boot power", other, *GOOD[5:]]
    assert wrong(reset) == []
    asleep = [*GOOD[:5], f"{HOUR + 6000} boot power", other, *GOOD[5:]]
    assert wrong(asleep) == []
    assert wrong([line.replace("boot power", "boot sleep") for line in asleep]) == ["twice"]


def test_a_mail_that_comes_again_and_again_is_wrong_whatever_the_reason() -> None:
    times = [taken(HOUR + 500 + n * 900_000, "<1>", ALERT) for n in range(6)]
    assert wrong([*GOOD[:3], *times]) == ["twice"]


def test_late_is_what_comes_after_the_bound_of_the_last_cause() -> None:
    bound = CAUSES["provider"].bound * 1000
    away = {"at": 3500, "lasts": 7200, "label": "provider", "cause": "provider", "id": 1}
    end = (3500 + 7200) * 1000
    assert wrong([*GOOD[:3], taken(end + bound, "<1>", ALERT)], away) == []
    assert wrong([*GOOD[:3], taken(end + bound + 1000, "<1>", ALERT)], away) == ["late"]
    assert wrong([*GOOD[:3], taken(HOUR + 61_000, "<1>", ALERT)]) == ["late"]


@pytest.mark.parametrize("name", ["log", "outbox", "written", "erases", "sockets"])
def test_what_is_written_is_bounded(name: str) -> None:
    day = {"crc": "0", "written": "0", "erases": "0", "log": "0", "outbox": "0"}

    def log(count: int) -> list[str]:
        return [*GOOD, f"{24 * HOUR} day " + " ".join(f"{k} {v}" for k, v in (day | {name: str(count)}).items())]

    bounds = {"log": judge.LOG, "outbox": judge.OUTBOX, "written": judge.WRITTEN, "erases": judge.ERASED}
    most = (bounds | {"sockets": judge.SOCKETS})[name]
    assert wrong(log(most)) == []
    assert wrong(log(most + 1)) == ["bounds"]


def test_a_heap_that_grows_is_wrong() -> None:
    assert wrong(GOOD, heap=[1, 1, 600_000, 600_500, 610_000]) == []
    assert wrong(GOOD, heap=[1, 1, 600_000, 700_500, 760_000]) == ["bounds"]


def test_a_node_that_ends_does_nothing_or_logs_in_without_tls_is_wrong() -> None:
    assert wrong([*GOOD, f"{3 * HOUR} dead the node ended"]) == ["dead"]
    idle = [*GOOD, f"{3 * HOUR} stops power", f"{3 * HOUR} boot power", f"{5 * HOUR} ends 1 line"]
    assert wrong(idle) == ["dead"]
    assert wrong([*GOOD, f"{3 * HOUR} leak AUTH without TLS"]) == ["leak"]
    assert wrong([*GOOD, f"{3 * HOUR} wrong hurry: it took 32000 ms"]) == ["guest"]


def test_two_logs_that_differ_are_told_by_their_first_line() -> None:
    assert judge.difference(["a", "b"], ["a", "c"]) == "line 2 is 'b', and 'c' the second time"
    assert judge.difference(["a"], ["a", "c"]) == "1 lines, and 2 the second time"


# -- shrinking, plans, the command -------------------------------------------------------------------------------------


@pytest.mark.parametrize("needed", [{7}, {0, 99}, {3, 4, 50}, set()])
def test_a_failing_list_shrinks_to_what_it_needs(needed: set[int]) -> None:
    asked = []

    def fails(items: list[int]) -> bool:
        asked.append(items)
        return needed <= set(items)

    assert set(shrink(range(100), fails, 200)) == needed
    assert all(items == sorted(items) for items in asked)


def test_shrinking_ends_after_so_many_questions() -> None:
    asked = []
    assert shrink(range(1000), lambda items: bool(asked.append(items)), 20) == list(range(1000))
    assert len(asked) == 20


def test_a_real_failure_shrinks_to_the_event_that_it_needs(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = simulate.run
    monkeypatch.setattr(simulate, "run", lambda *args: run(*args, plant=("stands",)))
    judged = Judged(prepared, 27, 10, None)
    numbers = judged.shrunk()
    assert [event["cause"] for event in judged.plan.events if event["id"] in numbers] == ["crash"]
    line = replay(judged.seed, judged.days, numbers)
    again = arguments(line.split('"')[1].split())
    assert (again.seed, again.days, again.only) == (27, 10, str(numbers[0]))


def test_a_plan_follows_from_its_seed_and_keeps_its_alerts_when_events_are_left_out() -> None:
    whole, same, few = plan.draw(5, 60), plan.draw(5, 60), plan.draw(5, 60, {1, 2})
    assert whole == same
    assert whole != plan.draw(6, 60)
    alerts = [event for event in whole.events if event["cause"] == "value"]
    assert [event for event in few.events if event["cause"] == "value"] == alerts
    assert {event["id"] for event in few.events} <= {0, 1, 2}


def test_every_cause_is_drawn_and_nothing_begins_in_the_days_of_calm() -> None:
    seen = set()
    for seed in range(12):
        drawn = plan.draw(seed, 365)
        calm = (drawn.days - plan.CALM) * 86400
        seen |= {event["label"] for event in drawn.events if "label" in event}
        for event in drawn.events:
            if event["cause"] != "day":
                assert event["at"] + event.get("lasts", 0) + event.get("off", 0) <= calm + 2 * 86400, event
    assert seen == set(CAUSES)


def test_the_page_has_the_table_of_these_causes() -> None:
    page = (simulate.ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    for label, cause in CAUSES.items():
        assert f"| {cause.title} |" in page, label
    assert "Broken invariants: 0." in page
    assert table.span(119) == "119 s"
    assert table.span(900) == "15 min"
    assert table.span(12000) == "3 h 20 min"


def test_every_test_that_the_page_names_exists() -> None:
    page = (simulate.ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    source = "\n".join(path.read_text(encoding="utf-8") for path in (simulate.ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 30
    assert {name for name in named if f"def {name}(" not in source} == set()
