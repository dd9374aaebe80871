"""Checks what the configuration says of sensors, outputs and rules, by the tables of the modules that they name."""

from alertnode.config_kinds import REQUIRED, is_made_of, section, table, wrong_text

_MOST_SENSORS = 12
_LONGEST_NAME = 16
# What every sensor on a wire has, and what a recording has of it.
_UNIT = {"unit": ("text", "")}
_COMMON = {
    "unit": ("text", ""),
    "scale": ("numbers", 1, -1000000000, 1000000000),
    "offset": ("numbers", 0, -1000000000, 1000000000),
    "interval": ("number", 0, 0.1, 86400),
    "readings": ("whole", 0, 1, 100),
}
_MONTH = 31 * 86400
_THEN = {"after": ("number", REQUIRED, 1, 10000), "to": ("addresses", REQUIRED)}
_RULE = {
    "name": ("text", REQUIRED),
    "of": ("text", ""),
    "readings": ("whole", 0, 1, 100),
    "for": ("number", 0, 0, _MONTH),
    "repeat": ("number", 0, 0, 8760),
    "urgent": ("switch", ""),
    "to": ("addresses", ()),
    "then": (_THEN, ()),
}
_WIDTH = ("number", 0, 0, 1000000000)
_NUMBER = ("number", REQUIRED, -1000000000, 1000000000)
_LIMIT = {"limit": _NUMBER, "hysteresis": _WIDTH}
_RULES = {
    "above": _LIMIT,
    "below": _LIMIT,
    "outside": {"low": _NUMBER, "high": _NUMBER, "hysteresis": _WIDTH},
    "change": {
        "by": ("number", REQUIRED, 0, 1000000000),
        "within": ("number", REQUIRED, 1, _MONTH),
        "hysteresis": _WIDTH,
    },
    "stuck": {"for": ("number", REQUIRED, 1, _MONTH), "hysteresis": _WIDTH},
    "gone": {"readings": ("whole", 3, 0, 100)},
    "open": {},
    "closed": {},
}


def check(config, problems):
    """Check and complete ``sensor`` or ``sensors``, ``outputs`` and ``rules`` of ``config``, a checked table."""
    known = _sensors(config, problems)
    if isinstance(config.get("rules"), list):
        config["rules"] = _rules(config["rules"], known, config["sensors"], problems)
    if config["battery"] and "trace" in [one["type"] for one in config["sensors"].values()]:
        problems.add("battery", "does not go with a trace, which ends with the first sleep")
    wakers = [one["type"] for one in config["sensors"].values() if one.get("wake")]
    if config["battery"] and wakers:
        # The module that does it.
        name = "wake_meter" if "pulse" in wakers else "wake_pad" if "touch" in wakers else "wake"
        config["battery"]["wake"] = name
    if config["battery"] and (config["summary"] or [rule for rule in config["rules"] or () if _has_time(rule)]):
        config["battery"]["times"] = True
    for name, value in (config["outputs"] or {}).items():
        path = "outputs." + name
        if isinstance(value, dict):
            from alertnode.outputs import find

            config["outputs"][name], _driver = _part(path, value, find, {}, problems)
        else:
            problems.add(path, "is not an object of keys and values in braces { }")


def _has_time(rule):
    """Return True if ``rule`` tells something only because time has passed."""
    return isinstance(rule, dict) and (rule.get("for") or rule.get("repeat") or rule.get("then"))


def _sensors(config, problems):
    """Put all checked sensors into config["sensors"]; return {value: (sensor, unit, is a contact, live)}.

    None stands for values that are unknown, as a sensor is wrong.
    """
    several, one = config["sensors"], config["sensor"]
    config["sensors"] = {}
    if several is REQUIRED or one is REQUIRED:
        return None
    if isinstance(one, dict) == bool(several):
        problems.add("sensor", 'and "sensors" are both there' if several else "is missing")
        return None
    if len(several) > _MOST_SENSORS:
        problems.add("sensors", "holds %d sensors, more than %d" % (len(several), _MOST_SENSORS))
    found = []
    for name in several or ("",):
        path = "sensors." + name[:40] if name or several else "sensor"
        value = several[name] if several else one
        wrong = _name(name) if several else ""
        if wrong or not isinstance(value, dict):
            problems.add(path, wrong or "is not an object of keys and values in braces { }")
            found.append(None)
            continue
        found.append(_sensor(path, name, value, config["sensors"], problems))
    config["sensor"] = config["sensors"].get("")
    if None in found:
        return None
    return {of: what for values in found for of, what in values.items()}


def _name(name):
    if not name:
        return "has no name"
    if len(name) > _LONGEST_NAME:
        return "has a name of more than %d characters" % _LONGEST_NAME
    return "" if is_made_of(name, "_-") else "has a name with other characters than letters, digits, - and _"


def _sensor(path, name, value, sensors, problems):
    from alertnode.sensors import find

    before = len(problems.sentences)
    is_trace = value.get("type") == "trace"
    if is_trace and name:
        problems.add(path + ".type", 'is "trace", which stands alone under "sensor"')
        return None
    result, driver = _part(path, value, find, _UNIT if is_trace else _COMMON, problems)
    sensors[name] = result
    if driver is None or len(problems.sentences) > before:
        return None
    if not name:
        for key, usual in getattr(driver, "ALONE", {}).items():
            result[key] = result[key] or usual
    values = find.values(driver, result)
    result["unit"] = result["unit"] or values[0][1]
    short = [one[0] for one in values]
    for key in ("scale", "offset"):
        if isinstance(result.get(key), dict):
            for of in result[key]:
                if of not in short:
                    problems.add("%s.%s" % (path, key), 'is "%s"' % of[:40], short)
    full = {}
    for i, (of, unit, _low, _high) in enumerate(values):
        # What a recording's gaps are is the recording's.
        what = name, result["unit"] if not i else unit, hasattr(driver, "SWITCH"), not is_trace
        full[name + "." + of if name and of else name or of] = what
    return full


def _part(path, value, find, common, problems):
    """Check the section of a sensor or an output; return it and its module, None if that is not known."""
    kind = value.get("type")
    types = find.TYPES.split(",")[1:-1]
    if "values" in value and kind not in types:
        return _own(path, value, find, common, problems)
    driver = None
    if isinstance(kind, str) and wrong_text("part", kind) == "":
        try:
            driver = find.module(kind)
            keys = driver.KEYS
        except (ImportError, AttributeError):
            driver = None
    kinds = {name: {} for name in types}
    if driver is not None:
        kinds[kind] = keys
    elif kind in types:
        problems.add(path + ".type", 'is "%s", whose program is not on this board' % kind)
        return value, None
    return section(path, value, "type", kinds, common, problems), driver


def _own(path, value, find, common, problems):
    """Check the section of a part of one's own, of which "values" are the names and units: its other keys are free."""
    keys = dict(common)
    keys["type"] = ("part", REQUIRED)
    keys["values"] = (list, REQUIRED)
    result = dict(value)
    result.update(table(path + ".", {key: value[key] for key in value if key in keys}, keys, problems))
    for one in result["values"] or ():
        if not isinstance(one, list) or len(one) != 2 or not isinstance(one[0], str) or not isinstance(one[1], str):
            problems.add(path + ".values", "is not a list of names and units")
            return result, None
    return result, find.module(result["type"]) if result["type"] else None


def _rules(rules, known, sensors, problems):
    result = []
    names = []
    for number, rule in enumerate(rules):
        path = "rules[%d]" % number
        if not isinstance(rule, dict):
            problems.add(path, "is not an object of keys and values in braces { }")
            continue
        rule = section(path, rule, "when", _RULES, _RULE, problems)
        if rule["name"] in names:
            problems.add(path + ".name", 'is "%s" once more' % rule["name"])
        names.append(rule["name"])
        if rule["when"] == "outside" and rule["low"] is not None and rule["high"] is not None:
            if rule["low"] >= rule["high"]:
                problems.add(path + ".low", "is not less than high")
        if known:
            _of(path, rule, known, problems)
        result.append(rule)
    if known:
        _complete(result, names, known, sensors)
    return result


def _complete(rules, names, known, sensors):
    """Give the rules their sensors' readings, and each live sensor one for being gone: broken must not look quiet."""
    watched = []
    for rule in rules:
        sensor = known[rule["of"]][0] if rule["of"] in known else rule["of"]
        if rule["urgent"] == "" and sensors.get(sensor, {}).get("type") == "battery":
            rule["urgent"] = True
        if rule["when"] == "gone":
            watched.append(sensor)
        elif not rule["readings"]:
            rule["readings"] = sensors.get(sensor, {}).get("readings") or 1
    for sensor in sensors:
        live = [known[of] for of in known if known[of][0] == sensor and known[of][3]]
        if live and sensor not in watched:
            rule = {"name": ("%s sensor" % sensor).strip(), "when": "gone", "readings": 3}
            while rule["name"] in names:
                rule["name"] += "*"  # type: ignore[operator]
            if sensor:
                rule["of"] = sensor
            rules.append(rule)


def _of(path, rule, known, problems):
    """Check which value ``rule`` is about, and whether it is one that it can be about."""
    of = rule["of"]
    words = sorted(known)
    sensors = sorted({known[name][0] for name in known if known[name][0]})
    if rule["when"] == "gone":
        words += [name for name in sensors if name not in known]
    if not of:
        if len(known) == 1:
            of = rule["of"] = words[0]
        elif rule["when"] == "gone" and len(sensors) < 2:
            of = rule["of"] = (sensors or [""])[0]
        else:
            problems.add(path + ".of", "is missing, and there are several values", words)
            return
    elif of not in words:
        problems.add(path + ".of", 'is "%s"' % of[:40], words)
        return
    if of in known and rule["when"] in ("open", "closed") and not known[of][2]:
        problems.add(path + ".when", 'is "%s", which only a contact can be' % rule["when"])
