"""When to try again, how much may be sent, when alerts become one: pure, so time and chance are what a test says."""

import json

from check import equal
from umail.errors import MailError
from umail.policy import DAY, HOUR, Policy


def half():
    return 0.5


def failure(kind, stage="rcpt", code=450, key=""):
    return MailError(stage, kind, "no", code, key=key)


def test_pauses_double_up_to_the_ceiling_and_are_drawn_from_nothing_up():
    for chance in (0.0, 0.5, 0.99):
        policy = Policy(lambda: chance, first=60, ceiling=3600)
        equal([policy.pause(i) for i in (1, 2, 3, 7, 100)], [1 + int(chance * c) for c in (60, 120, 240, 3600, 3600)])


def test_each_kind_of_failure_has_its_verdict():
    for kind, stage, code, key, state, rests in (
        ("temporary", "rcpt", 450, "", "deferred", False),
        ("temporary", "body", 452, "", "deferred", False),
        ("temporary", "connect", 0, "refused", "pending", True),
        ("temporary", "mail", 421, "", "deferred", True),
        ("temporary", "body", 0, "closed", "deferred", True),
        ("temporary", "mail", 451, "server_busy", "deferred", True),
        ("permanent", "rcpt", 550, "", "dead", False),
        ("permanent", "greeting", 554, "", "pending", True),
        ("configuration", "auth", 535, "credentials", "pending", True),
        ("configuration", "mail", 550, "send_as", "deferred", False),
        ("security", "starttls", 0, "cert_name", "pending", True),
        ("uncertain", "body", 0, "", "uncertain", True),
    ):
        policy = Policy(half)
        got = policy.failed(1000, failure(kind, stage, code, key), 1, 1, 0)[0]
        equal((got, policy.until > 1000), (state, rests), (kind, stage, code, key))


def test_a_wrong_configuration_rests_for_hours_and_longer_each_time():
    policy = Policy(lambda: 0.0)
    rests = []
    now = 0
    for _ in range(4):
        policy.failed(now, failure("configuration", "auth", 535, "credentials"), 1, 0, 0)
        rests.append(policy.until - now)
        now = policy.until
    equal(rests, [6 * HOUR, 12 * HOUR, 24 * HOUR, 24 * HOUR])


def test_what_a_server_holds_against_one_mail_rests_that_mail_and_the_route_only_after_a_second_one():
    policy = Policy(lambda: 0.0)
    refused = failure("configuration", "rcpt", 550, "external_recipient")
    for attempts in (1, 2, 3):
        equal(policy.failed(0, refused, attempts, 0, 0, mail=1), ("deferred", HOUR << attempts - 1))
        equal(policy.until, 0)
    equal(policy.failed(0, failure("configuration", "rcpt", 550, "another"), 1, 0, 0, mail=2), ("deferred", HOUR))
    equal(policy.until, 0)
    equal(policy.failed(0, failure("configuration", "rcpt", 550, "another"), 1, 0, 0, mail=1), ("deferred", HOUR))
    equal(policy.until, HOUR)
    policy.worked()
    policy.failed(0, failure("configuration", "rcpt", 550, "another"), 1, 0, 0, mail=2)
    equal(policy.until, 0)


def test_one_mail_that_breaks_every_connection_never_holds_the_others_up_for_more_than_a_minute():
    for kind, code in (("temporary", 0), ("temporary", 421), ("uncertain", 0)):
        policy = Policy(lambda: 0.999)
        for attempts in range(1, 100):
            policy.failed(1000, failure(kind, "body", code, "closed"), attempts, 0, 0, mail=7)
            equal((policy.until > 1000, policy.until <= 1060), (True, True), (kind, code, policy.until))


def test_a_mail_that_a_person_must_mend_is_given_up_when_its_life_is_over_and_not_days_later():
    policy = Policy(lambda: 0.999)
    refused = failure("configuration", "mail", 550, "")
    state, until = policy.failed(0, refused, 9, 0, policy.life - 10)
    equal((state, until), ("deferred", 11))
    equal(policy.failed(11, refused, 10, 0, policy.life + 1)[0], "dead")


def test_a_pause_that_names_no_time_is_a_quarter_of_an_hour_at_the_most():
    policy = Policy(lambda: 0.999)
    for _ in range(50):
        policy.failed(0, failure("temporary", "connect", 0, "unreachable"), 1, 0, 0)
    equal(800 < policy.until <= 900, True, policy.until)


def test_a_certificate_that_fails_where_one_held_before_is_soon_tried_again():
    first = []
    for known in (True, False):
        policy = Policy(lambda: 0.999)
        for _ in range(20):
            policy.failed(0, failure("security", "starttls", 0, "cert_untrusted"), 1, 0, 0, known=known)
            first.append(policy.until)
    equal((first[0] <= 20, max(first[:20]) <= 1800, max(first[:20]) > 1700), (True, True, True), first)
    equal((first[20] >= HOUR, first[39] >= 24 * HOUR), (True, True))


def test_a_failure_of_the_route_that_lasts_is_told_once_more_after_hours():
    for stage, hours in (("connect", 6), ("starttls", 6), ("auth", 3)):
        policy = Policy(half)
        told = []
        for now in range(0, 30 * HOUR, 900):
            policy.failed(now, failure("temporary", stage, 454, ""), 1, 0, 0)
            if policy.lasting(now, stage):
                told.append(now)
        equal(told, [hours * HOUR], stage)
        policy.worked()
        equal(policy.lasting(40 * HOUR, stage), 0)


def test_what_was_remembered_never_blocks_for_ever():
    policy = Policy(half)
    policy.load({"until": 1 << 60, "paid": [1 << 60, 1 << 61], "new": "field"})
    policy.bound(1000)
    equal(policy.wait(1000) <= 2 * DAY, True)


def test_another_cause_begins_anew_and_success_ends_the_rest():
    policy = Policy(lambda: 0.0)
    for key in ("credentials", "credentials", "send_as"):
        policy.failed(0, failure("configuration", "auth", 535, key), 1, 0, 0)
    equal(policy.until, 6 * HOUR)
    equal(policy.fails, 1)
    policy.worked()
    equal(policy.wait(0), 0)


def test_a_quota_of_24_hours_is_waited_for():
    policy = Policy(half)
    state, until = policy.failed(0, failure("temporary", "body", 554, "daily_limit"), 1, 0, 0, DAY)
    equal((state, until > DAY, policy.until > DAY), ("deferred", True, True))


def test_old_mails_die_at_a_failure_and_doubtful_ones_after_the_third_time():
    policy = Policy(half)
    equal(policy.failed(0, failure("temporary"), 9, 0, policy.life + 1)[0], "dead")
    equal(policy.failed(0, failure("temporary"), 9, 0, policy.life)[0], "deferred")
    equal(policy.failed(0, failure("uncertain", "body", 0), 1, 2, 0)[0], "uncertain")
    equal(policy.failed(0, failure("uncertain", "body", 0), 1, 3, 0)[0], "dead")


def test_no_minute_and_no_day_ever_holds_more_than_the_limit():
    for per_minute, per_day, recipients in ((10, 300, 1), (1, 0, 1), (30, 100, 3), (7, 50, 1)):
        policy = Policy(half, per_minute=per_minute, per_day=per_day)
        now = 5
        sent = []
        for _ in range(400):
            now += policy.wait(now)
            policy.spend(now, recipients)
            sent.append(now)
        for period, most, each in ((60, per_minute, 1), (DAY, per_day, recipients)):
            start = 0
            for i, at in enumerate(sent):
                while sent[start] <= at - period:
                    start += 1
                held = (i - start + 1) * each
                if most and held > max(most, 1) + each - 1:
                    raise AssertionError("%d in %d s; the limit is %d" % (held, period, most))


def test_a_limit_lets_half_of_it_go_at_once():
    policy = Policy(half, per_minute=10, per_day=0)
    count = 0
    while not policy.wait(0):
        policy.spend(0, 1)
        count += 1
    equal(count, 5)


def test_the_memory_survives_as_json():
    policy = Policy(half, per_minute=2, per_day=0)
    policy.spend(100, 1)
    policy.failed(100, failure("configuration", "auth", 535, "credentials"), 1, 0, 0)
    policy.admit(100, "door", False, False)
    again = Policy(half, per_minute=2, per_day=0)
    again.load(json.loads(json.dumps(policy.dump())))
    equal(again.dump(), policy.dump())
    equal(again.wait(100), policy.wait(100))
    equal(again.admit(110, "door", False, False), (1000, "door"))


def test_alerts_of_a_key_are_held_until_the_window_ends_and_windows_widen_while_they_go_on():
    policy = Policy(half, window=900, widest=3600)
    got = [policy.admit(now, "door", False, False)[0] for now in range(0, 4 * HOUR, 60)]
    own = [i * 60 for i, until in enumerate(got) if not until]
    equal(own, [0])
    ends = sorted(set(got) - {0})
    equal(ends, [900, 2700, 6300, 9900, 13500, 17100])


def test_a_quiet_window_begins_anew():
    policy = Policy(half, window=900)
    for now, held in ((0, False), (10, True), (2000, True), (9000, False), (9900, False)):
        equal(bool(policy.admit(now, "door", False, False)[0]), held, now)


def test_a_window_has_room_for_one_recovery():
    policy = Policy(half, window=900)
    got = [bool(policy.admit(i, "door", i % 2 == 1, False)[0]) for i in range(6)]
    equal(got, [False, False, True, True, True, True])


def test_keys_do_not_hold_each_other_and_only_so_many_are_remembered():
    policy = Policy(half, per_hour=0)
    for i in range(100):
        equal(policy.admit(i, "key %d" % i, False, False)[0], 0)
    equal(len(policy.keys), 16)
    equal(policy.admit(101, "key 99", False, False)[0] > 0, True)
    equal(policy.admit(102, "key 1", False, False)[0], 0)


def test_an_hour_has_a_cap_over_all_keys_beyond_which_only_the_urgent_goes():
    policy = Policy(half, per_hour=3)
    got = [policy.admit(10, "key %d" % i, False, False) for i in range(5)]
    equal([until for until, _ in got], [0, 0, 0, 10 + HOUR, 10 + HOUR])
    equal(got[4][1], "")
    equal(policy.admit(20, None, False, False), (10 + HOUR, ""))
    equal(policy.admit(20, "fire", False, True), (0, "fire"))
    equal(policy.admit(10 + HOUR, None, False, False), (0, None))
