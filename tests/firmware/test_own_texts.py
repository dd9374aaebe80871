"""Subject and text of one's own: by templates, or by a module; the usual ones whatever fails."""

import sys

from alertnode import event_texts, own_texts
from alertnode.rules import Event, Rule
from alertnode.sensors.reading import Reading
from check import equal, inside

SECTION = {"subject": "", "text": (), "own": ""}


class Problems:
    """Collects what a check finds."""

    def __init__(self):
        self.found = []

    def add(self, key, what, words=()):
        self.found.append((key, what, words))


def event(value=-9.0, why="", when="above"):
    rule = Rule("freezer", when, -15)
    return Event("alert", rule, Reading(value, "°C", 60000, why), 0, value)


def made(section, *events):
    said = []
    own = own_texts.Own(dict(SECTION, **section), said.append)
    events = list(events) or [event()]
    standard = event_texts.mail(events[0], "cellar", str, "alertnode 1", events[1:])
    result = [own.mail(events, "cellar", str, "alertnode 1", standard) for _ in range(2)]
    equal(result[0], result[1])
    return result[0] + (said, standard)


def test_a_template_holds_what_there_is_to_say():
    subject, text, said, standard = made({
        "subject": "{event}: {name} {value} > {limit} ({board})",
        "text": ["{what}", "{time} {since} {about}", "", "{text}", "Call 030 1234"],
    })  # fmt: skip
    equal(subject, "alert: freezer -9.0 °C > -15 °C (cellar)")
    equal(text.split("\n")[:3], ["freezer -9 °C is above -15 °C", "60000 0 alertnode 1", ""])
    inside(standard[1], text)
    equal((text[-15:], said), ("\nCall 030 1234\n", []))


def test_one_of_the_two_leaves_the_other_as_it_is():
    subject, text, _, standard = made({"subject": "{name}"})
    equal((subject, text), ("freezer", standard[1]))
    subject, text, _, standard = made({"text": ["{name}"]})
    equal((subject, text), (standard[0], "freezer\n"))


def test_alerts_of_one_reading_fill_the_text_each():
    door = Event("alert", Rule("door", "open"), Reading(1, "", 0), None, None)
    subject, text, _, _ = made({"subject": "{name}", "text": ["{name} {value} {limit}", "{board}"]}, event(), door)
    equal((subject, text), ("freezer", "freezer -9.0 °C -15 °C\ncellar\n\ndoor 1 \ncellar\n"))


def test_what_a_sensor_says_is_text_and_neither_a_template_nor_a_header():
    evil = "{board} {text} %s\r\nBcc: x@example.org\x00"
    subject, text, _, _ = made({"subject": "{value}", "text": ["{value}"]}, event(None, evil, "gone"))
    equal(subject, "{board} {text} %s  Bcc: x@example.org ")
    inside("{board} {text} %s", text)


def test_unknown_names_and_braces_are_found():
    for line, wrong in (
        ("{name} } ok", None), ("{foo}", "foo"), ("{", ""), ("{name", "name"), ("{}", ""),
        ("{name.__class__}", "name.__class__"),
        ("{{name}}", ""), ("{0}", "0"), ("{name!r}", "name!r"), ("{name:>9}", "name:>9"),
    ):  # fmt: skip
        equal(own_texts.unknown(line), wrong)
    problems = Problems()
    own_texts.check({"subject": "{foo}", "text": ["{name}", "{bar}", "{baz}"], "own": ""}, problems)
    equal([problem[:2] for problem in problems.found], [
        ("texts.subject", 'has "foo" in braces'), ("texts.text", 'has "bar" in braces')
    ])  # fmt: skip
    equal(problems.found[0][2], own_texts.NAMES)


class Module:
    """Stands for a module of one's own that is loaded already."""

    def __init__(self, **names):
        for name in names:
            setattr(self, name, names[name])


def with_module(module, *events):
    sys.modules["texts.mine"] = sys.modules["texts"] = module
    try:
        return made({"own": "mine", "text": ["usual"]}, *events)
    finally:
        del sys.modules["texts.mine"], sys.modules["texts"]


def test_a_module_says_what_it_likes_and_none_leaves_the_usual():
    subject, text, said, standard = with_module(Module(subject=lambda event: "<%s>\nX: y" % event.rule.name))
    equal((subject, text, said), ("<freezer> X: y", "usual\n", []))
    subject, text, said, standard = with_module(Module(text=lambda event: "line\nline\n", subject=lambda event: None))
    equal((subject, text, said), (standard[0], "line\nline\n", []))


def test_a_module_that_fails_is_told_once_and_the_usual_mail_goes():
    for broken in (lambda event: 1 // 0, lambda event: 5):
        subject, text, said, standard = with_module(Module(text=broken, subject=broken))
        equal((subject, text, len(said)), (standard[0], "usual\n", 1))
        inside("texts/mine.py fails, the mail has its usual words: ", said[0])
    subject, text, said, standard = made({"own": "missing_one"})
    equal(((subject, text), len(said)), (standard, 1))
