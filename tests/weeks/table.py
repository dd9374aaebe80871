"""Makes the table of docs/reliability.md from what the years gave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from weeks.causes import APART, CAUSES
from weeks.judge import AT_ONCE, BATTERY, Verdict
from weeks.simulate import Plan

_SUMS = {
    "owed": "alerts and recoveries that a person must hear of",
    "mails": "mails that the provider took",
    "told in another mail": "of the alerts: held back, dropped or refused, and told in another mail",
    "in RAM only, told on the console, gone with the power": "kept in RAM as the flash refused, gone with the power",
    "came again in the uncertain window, with the same Message-ID": "came again, with the same Message-ID",
    "mailed again after a reset": "mailed again after a reset, as the excursion went on",
    "starts": "starts of a board, without those after deep sleep",
}


@dataclass
class Table:
    """What was seen, summed up."""

    boards: Counter[str] = field(default_factory=Counter)
    days: int = 0
    seconds: list[float] = field(default_factory=list)
    times: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    most: dict[str, int] = field(default_factory=dict)
    longest: dict[tuple[str, bool], int] = field(default_factory=dict)
    wrong: int = 0

    def add(self, plan: Plan, verdict: Verdict, seconds: float) -> None:
        """Add a board."""
        battery = "battery" in plan.config
        mail = plan.config["mail"]
        kind = "by two routes" if "fallback" in mail else "by token" if "oauth" in mail else "by password"
        kind = "on battery" if battery else kind
        self.boards[kind if plan.port == "esp32" else "Pico W " + kind] += 1
        self.days += plan.days
        self.seconds.append(seconds)
        self.times.update(event["label"] for event in plan.events if "label" in event)
        self.wrong += len(verdict.wrong)
        for name, count in verdict.counts.items():
            if name.startswith("most "):
                self.most[name] = max(self.most.get(name, 0), count)
            else:
                self.sums[name] += count
        for label, late in verdict.longest.items():
            key = (label, battery)
            self.longest[key] = max(self.longest.get(key, 0), late)

    def text(self) -> str:
        """The table in Markdown."""
        boards = ", ".join(f"{count} {name}" for name, count in sorted(self.boards.items()))
        lines = [
            f"{len(self.seconds)} boards ({boards}), {self.days} days in all; {sum(self.seconds):.0f} s of CPU, "
            f"{max(self.seconds) * 365 / (self.days / len(self.seconds)):.0f} s at the most for a board-year. "
            f"Broken invariants: {self.wrong}.",
            "",
            "| what | number |",
            "|---|---|",
            *(f"| {title} | {self.sums[name]:,} |" for name, title in _SUMS.items()),
            *(f"| {name} of one board | {count:,} |" for name, count in sorted(self.most.items())),
            "",
            "| cause | times | longest, mains | bound | longest, battery | bound |",
            "|---|---|---|---|---|---|",
            self._row("nothing", "nothing: from the reading to the provider", AT_ONCE),
            *(self._row(label, cause.title, cause.bound) for label, cause in CAUSES.items()),
        ]
        return "\n".join(lines) + "\n"

    def _row(self, label: str, title: str, bound: int) -> str:
        times = str(self.times[label]) if label in CAUSES else ""
        on_battery = bound + BATTERY if label in CAUSES and label not in APART else bound
        mains, battery = (span(self.longest.get((label, which))) for which in (False, True))
        return f"| {title} | {times} | {mains} | {span(bound)} | {battery} | {span(on_battery)} |"


def span(seconds: int | None) -> str:
    """``12 s``, ``15 min``, ``3 h 20 min``."""
    if seconds is None:
        return "–"
    if seconds < 120:
        return f"{seconds} s"
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
