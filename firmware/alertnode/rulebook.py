"""Makes the rules of a checked configuration; needed once."""

from alertnode.rules import Rule


def make(rules, window=0):
    """Return the rules of the configuration's list ``rules``; ``window`` is in milliseconds."""
    return [_made(rule, window) for rule in rules]


def _made(spec, window):
    when = spec["when"]
    kind = Rule
    if when in ("outside", "change", "stuck"):
        from alertnode import rule_kinds

        kind = getattr(rule_kinds, when[0].upper() + when[1:])
    rule = kind(spec["name"], when, spec.get("limit", 0.5), spec.get("hysteresis", 0), spec.get("readings", 1))
    rule.window = window
    rule.of = spec.get("of", "")
    # A sensor that says nothing may hide anything.
    rule.urgent = spec.get("urgent", "") is True or (spec.get("urgent", "") == "" and when == "gone")
    for key, name, unit in (("for", "lasts", 1000), ("repeat", "repeat", 3600000)):
        if spec.get(key):
            setattr(rule, name, round(spec[key] * unit))
    if spec.get("to"):
        rule.to = tuple(spec["to"])
    if spec.get("then"):
        rule.then = round(spec["then"]["after"] * 60000), tuple(spec["then"]["to"])
    rule.set(spec)
    return rule
