"""Makes the rules of a checked configuration; needed once."""

from alertnode.rules import Rule


def make(rules, window=0):
    """Return the rules of the configuration's list ``rules``; ``window`` is in milliseconds."""
    return [_made(rule, window) for rule in rules]


def _made(section, window):
    when = section["when"]
    kind = Rule
    if when in ("outside", "change", "stuck"):
        from alertnode import rule_kinds

        kind = getattr(rule_kinds, when[0].upper() + when[1:])
    more = section.get("limit", 0.5), section.get("hysteresis", 0), section.get("readings", 1)
    rule = kind(section["name"], when, *more)
    rule.window = window
    rule.of = section.get("of", "")
    # A sensor that says nothing may hide anything.
    rule.urgent = section.get("urgent", "") is True or (section.get("urgent", "") == "" and when == "gone")
    for key, name, unit in (("for", "lasts", 1000), ("repeat", "repeat", 3600000)):
        if section.get(key):
            setattr(rule, name, round(section[key] * unit))
    if section.get("to"):
        rule.to = tuple(section["to"])
    if section.get("then"):
        rule.then = round(section["then"]["after"] * 60000), tuple(section["then"]["to"])
    rule.set(section)
    return rule
