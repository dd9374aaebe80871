"""An update is kept if it can do what the program before it could; a refusal that this one met as well is none."""

from alertnode.asking import parts
from alertnode.trial import judge
from alertnode.update import after_failure, first
from check import equal, inside

REFUSED = "configuration auth: 535 no (configuration)"
AWAY = "temporary connect: no way to this host (temporary)"


def ability(routes, read=("",), known=("",)):
    return {"routes": routes, "read": list(read), "known": list(known)}


def test_what_is_as_able_is_kept():
    equal(judge(ability([""]), ability([""])), ("", ""))
    equal(judge(ability(["", REFUSED]), ability(["", REFUSED])), ("", ""))
    equal(judge(ability([REFUSED]), ability([""])), ("", ""))
    equal(judge(ability([REFUSED]), ability([REFUSED])), ("", ""))


def test_a_refusal_that_the_old_program_did_not_meet_is_told():
    for before, now in (([""], [REFUSED]), (["", ""], ["", REFUSED]), ([REFUSED, ""], ["", REFUSED])):
        word, why = judge(ability(before), ability(now))
        equal(word, "refused")
        inside("535", why)


def test_a_network_or_provider_that_is_down_is_waited_for():
    word, why = judge(ability([""]), ability([AWAY]))
    equal(word, "waits")
    inside("no way", why)
    equal(judge(ability([AWAY]), ability([AWAY])), ("", ""))


def test_of_other_routes_one_must_be_as_good_as_the_best_before():
    equal(judge(ability([""]), ability([REFUSED, ""])), ("", ""))
    equal(judge(ability(["", REFUSED]), ability([REFUSED]))[0], "refused")


def test_a_value_that_was_read_and_is_gone_is_waited_for():
    before = ability([""], ("a", "b"))
    equal(judge(before, ability([""], ("a", "b"), ("a", "b"))), ("", ""))
    equal(judge(before, ability([""], ("a",), ("a", "b"))), ("waits", "no reading of b"))
    # It is no longer configured, or has another name.
    equal(judge(before, ability([""], ("a",), ("a",))), ("", ""))
    equal(judge(before, ability([""], ("c",), ("c",))), ("", ""))
    equal(judge(before, ability([""], (), ("c",))), ("waits", "no reading of any sensor"))
    equal(judge(ability([""], ()), ability([""], (), ("",))), ("", ""))


def test_an_address_of_a_server_is_taken_apart():
    equal(parts("https://u.example.org/boards/"), ("u.example.org", 443, "/boards"))
    equal(parts("http://192.168.1.5:8017"), ("192.168.1.5", 8017, ""))
    equal(parts("http://x/a/b"), ("x", 80, "/a/b"))


def test_a_board_keeps_its_moment_over_a_start_and_takes_one_by_chance_if_that_is_past():
    day = 86400
    equal(first(day, False, 6400), 6400)
    equal(first(day, True, 6400), 6400)
    # It passed, or is not known: many may start at once after a power cut.
    for left in (0, -5, None):
        found = [first(day, False, left) for _ in range(100)]
        equal(all(0 <= wait < day for wait in found), True)
        equal(max(found) - min(found) > day // 2, True)
        equal(first(day, True, left), 0)


def test_a_server_that_did_not_answer_is_asked_again_by_chance_within_the_usual_time():
    found = [after_failure(86400) for _ in range(200)]
    equal(all(86400 // 4 <= wait <= 86400 for wait in found), True)
    equal(max(found) - min(found) > 86400 // 2, True)
    equal(after_failure(1), 1)
