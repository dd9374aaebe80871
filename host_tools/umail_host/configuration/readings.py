"""Says what in a sensor's section does not fit the sensor: a unit that it does not give, an interval too short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Seconds from one reading to the next that the data sheets ask for.
_SLOWEST = {"ds18b20": 0.75, "dht11": 2.0, "dht22": 2.0}
_FROM_CELSIUS = {"°F": '"scale": 1.8, "offset": 32', "F": '"scale": 1.8, "offset": 32', "K": '"offset": 273.15'}


def sentences(config: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the units of a configuration as it was written."""
    found = []
    for path, section in _sections(config):
        remedy = _FROM_CELSIUS.get(str(section.get("unit", "")))
        kind = section.get("type")
        degrees = kind in ("ds18b20", "max31865", "max6675", "mcp9808") or (
            kind in ("dht11", "dht22") and section.get("quantity", "temperature") == "temperature"
        )
        if remedy and degrees and "scale" not in section and "offset" not in section:
            found.append(
                f'"{path}.unit" is "{section["unit"]}", but the sensor gives °C, and a unit is only a word: '
                f"give {remedy} with it, and the limits in {section['unit']}."
            )
    return found


def notes(config: Mapping[str, Any]) -> list[str]:
    """Return a note for each sensor that is to be read more often than it can be."""
    found = []
    for path, section in _sections(config):
        key = f"{path}.interval" if "interval" in section else "interval"
        given, least = section.get("interval", config.get("interval", 60)), _SLOWEST.get(str(section.get("type")), 0)
        if isinstance(given, int | float) and given < least:
            found.append(f'"{key}" is {given}: a reading of "{path}" takes {least:g} s, give {least:g} or more')
    return found


def _sections(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    several = config.get("sensors")
    named = {"sensor": config.get("sensor")}
    if isinstance(several, Mapping):
        named |= {f"sensors.{name}": section for name, section in several.items()}
    yield from ((path, section) for path, section in named.items() if isinstance(section, Mapping))
