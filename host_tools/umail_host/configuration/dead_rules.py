"""Finds rules that can never alert: a limit beyond what the sensor measures, or no rule at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from umail_host import firmware_rules

# Name of a value → lowest, highest, unit, whether it is a contact's.
_Ends = dict[str, tuple[float | None, float | None, str, bool]]


def sentences(config: Mapping[str, Any], value: Mapping[str, Any]) -> list[str]:
    """Return what is wrong.

    Args:
        config: as it was written.
        value: the same, checked and completed by the firmware's own rules.
    """
    found = []
    if not config.get("rules") and not config.get("summary"):
        found.append(
            '"rules" is empty: nothing would ever alert. Give one such as '
            '{"name": "temperature", "when": "above", "limit": -15}.'
        )
    ends = dict(_ends(value))
    given = value["rules"] and config["rules"]
    # (The firmware adds some behind those; what is wrong already is empty.)
    for place, rule in enumerate(value["rules"][: len(given)]):
        if not rule:
            continue
        if problem := _never(rule, ends.get(rule.get("of") or "")):
            found.append(f'"rules[{place}]" ("{rule["name"]}") can never alert: {problem}.')
        elif problem := _always(rule, ends.get(rule.get("of") or "")):
            found.append(
                f'"rules[{place}]" ("{rule["name"]}") can never be well again: {problem}: give a smaller "hysteresis".'
            )
    return found


def of_nothing(config: Mapping[str, Any]) -> list[str]:
    """Return which rules are about a sensor that a configuration, as it was written, does not name."""
    names = config["sensors"]
    rules = config.get("rules")
    return [
        f'"rules[{place}].of" is "{of[:40]}": say which value the rule is about, one of the sensors {", ".join(names)}.'
        for place, rule in enumerate(rules if isinstance(rules, list) else ())
        if isinstance(rule, Mapping) and isinstance(of := rule.get("of"), str) and of.partition(".")[0] not in names
    ]


def _ends(value: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float | None, float | None, str, bool]]]:
    """Yield each value of the sensors with what it can be, after its calibration."""
    finder = firmware_rules.module("sensors.find")
    for name, section in value["sensors"].items():
        if section["type"] == "trace":
            continue
        try:
            driver = finder.module(section["type"])
        except ImportError:
            continue
        for place, (of, unit, low, high) in enumerate(finder.values(driver, section)):
            scale, offset = (_own(section.get(key), of, place, usual) for key, usual in (("scale", 1), ("offset", 0)))
            both = [None if end is None else end * scale + offset for end in (low, high)]
            if scale < 0:
                both.reverse()
            unit = section.get("unit") or unit if place == 0 else unit
            full = f"{name}.{of}" if name and of else name or of
            yield full, (both[0], both[1], unit, hasattr(driver, "SWITCH"))


def _always(rule: Mapping[str, Any], ends: tuple[float | None, float | None, str, bool] | None) -> str:
    """Return why a rule that has alerted never ends; empty if it can."""
    when, width = rule["when"], rule.get("hysteresis") or 0
    low, high, unit, _ = ends or (None, None, "", False)
    if when == "outside" and rule["low"] + width > rule["high"] - width:
        return f"from {rule['low']:g} and {rule['high']:g} the value must come back by {width:g}, so by more than half"
    if when == "change" and width > rule["by"]:
        return f"the change is {rule['by']:g}, and must come back by {width:g}"
    if when == "above" and low is not None and rule["limit"] - width < low:
        return f"that takes {rule['limit'] - width:g} {unit}, the sensor measures {low:g} {unit} at least"
    if when == "below" and high is not None and rule["limit"] + width > high:
        return f"that takes {rule['limit'] + width:g} {unit}, the sensor measures {high:g} {unit} at most"
    return ""


def _own(given: Any, of: str, place: int, usual: float) -> float:
    """Return the calibration of one value; a single number is the first one's."""
    if isinstance(given, Mapping):
        return float(given.get(of, usual))
    return float(given) if place == 0 and isinstance(given, int | float) else usual


def _never(rule: Mapping[str, Any], ends: tuple[float | None, float | None, str, bool] | None) -> str:
    """Return why a rule never alerts; empty if it can."""
    if ends is None:
        return ""
    low, high, unit, switch = ends
    when = rule["when"]
    if switch and when in ("above", "below", "outside", "change"):
        return 'the sensor is a contact: say "when": "open" or "closed"'
    if when == "above" and high is not None and rule["limit"] >= high:
        return f"the sensor measures {high:g} {unit} at most, the limit is {rule['limit']:g}".replace("  ", " ")
    if when == "below" and low is not None and rule["limit"] <= low:
        return f"the sensor measures {low:g} {unit} at least, the limit is {rule['limit']:g}".replace("  ", " ")
    if when == "outside" and low is not None and high is not None and rule["low"] <= low and rule["high"] >= high:
        return f"the sensor measures {low:g} to {high:g} {unit}, all of it within low and high"
    if when == "change" and low is not None and high is not None and rule["by"] > high - low:
        return f"the sensor measures {low:g} to {high:g} {unit} only"
    return ""
