"""Battery mode: the radio is on only when there is something to send, and never longer than its budget."""

import gc
import json
import os

from alertnode import loading, mail_setup, platform
from alertnode.app import App
from alertnode.battery import Battery, slept
from alertnode.last_words import keep_last_words, last_words
from alertnode.mailer import Mailer
from alertnode.rules import Rule
from alertnode.state import State
from battery_life import Journal, Life
from check import equal, inside, raises, scratch
from firmware_fakes import NOON, MailError, Outbox, Port, Sensor, Umail, clock

if not hasattr(gc, "threshold"):
    gc.threshold = lambda count: None


def test_without_anything_to_send_the_radio_stays_off():
    life = Life()
    equal([life.wake(20) for _ in range(3)], [600, 600, 600])
    equal(life.radio, [0, 0, 0])


def test_after_power_on_the_time_is_fetched_once():
    life = Life(unix=946684800)
    life.wake(20)
    life.wake(20)
    equal(life.radio, [1, 0])
    equal(life.wifi.on, False)


def test_a_mail_goes_before_the_time_is_asked_for_if_the_board_knows_it():
    life = Life()
    asked = []
    life.port.ntp = lambda host: asked.append(len(life.outbox.sent)) or NOON
    life.wake(38)
    equal(len(life.outbox.sent), 1)
    equal(asked, [1])
    life.wake(20)
    equal((len(life.outbox.sent), asked), (2, [1]))


def test_an_excursion_over_many_sleeps_is_one_alert_and_one_recovery():
    life = Life(readings=3)
    for value in (38, 38, 38, 38, 38, 36, 35):
        life.wake(value)
    equal(["limit" in m.subject for m in life.outbox.sent], [True, False])
    equal(life.radio, [0, 0, 1, 0, 0, 1, 0])
    inside("Began:     2026-11-24 12:00:00 UTC, 50 min before", life.outbox.sent[1].text)
    inside("Since:     2026-11-24 12:00:00 UTC", life.outbox.sent[0].text)
    equal([budget is not None and budget <= 60 for budget in life.outbox.budgets], [True] * len(life.outbox.budgets))


def test_a_wifi_that_stays_away_is_tried_less_and_less_and_the_alert_goes_when_it_is_back():
    life = Life()
    life.wifi.is_up = False
    for _ in range(40):
        life.wake(38)
    tried = len([tries for tries in life.radio if tries])
    equal(3 <= tried <= 8, True, tried)
    life.wifi.is_up = True
    for _ in range(30):
        life.wake(38)
    equal(len(life.outbox.sent), 1)


def test_a_mail_that_is_due_before_the_next_reading_wakes_the_board():
    life = Life()
    life.wake(20)
    life.outbox.failures = [MailError("temporary")]
    equal(life.wake(38), 60)
    life.wake(38)
    equal(len(life.outbox.sent), 1)


def test_a_time_that_an_alert_waits_for_ends_the_sleep_and_other_sleeps_are_as_long_as_ever():
    life = Life(lasts=90000)
    equal(life.wake(20), 600)
    # (A second more, as the time of its beginning is kept in whole ones.)
    equal(life.wake(38) - 90 in (0, 1), True)
    equal(life.outbox.sent, [])
    equal(life.wake(38), 600)
    equal(len(life.outbox.sent), 1)
    # Over before it has ended; one that ends later than the next reading; a reading that is missing as it ends.
    equal([life.wake(20), life.wake(38) < 92, life.wake(20)], [600, True, 600])
    equal(Life(lasts=3600000).wake(38), 600)
    life = Life(lasts=90000)
    equal([life.wake(38) < 92, life.wake(None)], [True, 600])
    # As many readings as the rule wants are waited for, at the interval.
    life = Life(lasts=90000, readings=3)
    equal([life.wake(38) < 92, life.wake(38), life.wake(38)], [True, 600, 600])
    equal(len(life.outbox.sent), 1)


def test_what_is_told_later_of_an_excursion_that_lasts_ends_the_sleep_too():
    life = Life(then=(90000, ("boss@x",)), repeat=300000)
    told = [life.wake(38) for _ in range(4)]
    equal((told[0] in (90, 91), told[1] in (209, 210, 211), told[2] in (299, 300, 301)), (True, True, True), told)
    equal(len(life.outbox.sent), 4)


def test_a_power_cut_during_an_excursion_makes_no_second_alert():
    life = Life()
    life.wake(38)
    life.port.kept = b""
    life.wake(38)
    equal(len(life.outbox.sent), 1)
    life.wake(20)
    equal(len(life.outbox.sent), 2)


def test_a_state_that_is_damaged_or_newer_counts_as_none():
    for values in (
        None, 7, [], {"version": 2}, {"version": 1}, {"version": 1, "rules": 5}, {"version": 1, "rules": {"t": 3}},
        {"version": 1, "rules": {"t": [True, 1, 2, 3]}}, {"rules": {"t": [True, 1, 2, 3]}},
        {"version": 1, "rules": {"t": {}}},
        {"version": 1, "rules": {"t": {"active": "no", "since": "x", "peak": [], "row": -1}}},
        {"version": 1, "rules": {}, "radio_fails": "x", "radio_due": None, "slept": -3},
    ):  # fmt: skip
        life = Life()
        life.port.kept = life.port.files["/state.json"] = json.dumps(values).encode()
        life.time = 1
        equal(life.wake(38), 600, values)
        equal(len(life.outbox.sent), 1, values)
    for octets in (b"", b"\xff\xfe", b'{"version": 1', b"{" * 50):
        life = Life()
        life.port.kept = life.port.files["/state.json"] = octets
        equal(life.wake(20), 600, octets)


def test_failed_starts_are_forgotten_by_a_board_that_sleeps_too():
    life = Life()
    life.port.marks[platform.FAILS] = 2
    for _ in range(5):
        life.wake(20)
    equal(life.port.marks[platform.FAILS], 2)
    life.wake(20)
    equal(life.port.marks[platform.FAILS], 0)


def test_what_an_earlier_reset_left_to_say_is_not_overwritten():
    port = Port()
    keep_last_words(port, "The board was restarted after a crash. Its log ended:", "nowhere")
    for _ in range(200):
        keep_last_words(port, "The board was reset by its watchdog while it was waiting. Its log ended:", "nowhere")
    lines = last_words(port)
    equal(lines[:2], [
        "The board was restarted after a crash. Its log ended:",
        "The board was reset by its watchdog while it was waiting.",
    ])  # fmt: skip
    equal(len(port.files["/reset.txt"]) < 4000, True)


def test_last_words_are_the_logs_last_lines():
    log = scratch("log.txt")
    port = Port()
    try:
        with open(log, "wb") as file:
            file.write("".join(["12:%02d 37.5 °C\n" % n for n in range(60)]).encode() * 3)
        keep_last_words(port, "why", log)
        lines = last_words(port)
        equal((lines[0], lines[-1], len(lines)), ("why", "12:59 37.5 °C", 13))
    finally:
        os.remove(log)
    equal(last_words(Port()), [])


def test_last_words_of_a_damaged_log_or_none_say_at_least_why():
    log = scratch("log.txt")
    for octets in (b"\xff" * 3000, b"good\n\xff bad\x1b[2J\n", None):
        port = Port()
        try:
            if octets is not None:
                with open(log, "wb") as file:
                    file.write(octets)
            keep_last_words(port, "why", log)
        finally:
            if octets is not None:
                os.remove(log)
        lines = last_words(port)
        equal(lines[0], "why")
        equal([line for line in lines if "\x1b" in line or "\xff" in line], [])


class Post:
    """Stands for the module alertnode.mail_setup; counts how often it was needed, and fails so often before."""

    ONCE = ()

    def __init__(self, life):
        self.life = life
        self.made = []
        self.faults = []

    def route(self, mail):
        return "route"

    def add(self, node, settings, way, slept, uptime):
        if self.faults:
            raise self.faults.pop()
        self.made.append(slept)
        self.life.outbox.uptime = lambda: self.life.time * 1000 + node.clock.uptime()
        node.join(self.life.wifi)
        node.mailer = Mailer(Umail(), self.life.outbox, "a@x", ["ops@x"], self.life.said)


class Sleeper(Life):
    """A board that loads what mails only if it must."""

    def __init__(self, **more):
        Life.__init__(self, **more)
        self.outbox = Outbox(lambda: 0)
        self.post = Post(self)

    def wake(self, value):
        import sys

        import alertnode

        log = self.log = Journal()
        time = clock(self.port, self.said)
        state = State(self.port, self.time > 0)
        rules = [Rule("t", "above", 37, 1, self.readings)]
        state.restore(rules, time.moment)
        app = App("b", Sensor(time, [value]), rules, None, time, None, log, str, self.port.sleep)
        app.interval, app.state, app.port = 600000, state, self.port
        sys.modules["alertnode.mail_setup"] = alertnode.mail_setup = self.post
        before = self.port.milliseconds
        self.wifi.tries = 0
        settings = {"battery": {"budget": 60}, "mail": {}}
        try:
            Battery(app, self.port, settings, None if self.time else "route").wake()
        finally:
            sys.modules["alertnode.mail_setup"] = alertnode.mail_setup = mail_setup
        self.radio.append(self.wifi.tries)
        awake = (self.port.milliseconds - before) // 1000
        self.port.pass_time(self.port.slept_for)
        self.time += awake + self.port.slept_for
        return self.port.slept_for


def test_what_mails_is_loaded_only_for_a_mail_and_learns_how_long_it_was_away():
    life = Sleeper()
    life.wake(20)
    for _ in range(5):
        life.wake(20)
    equal(life.post.made[1:], [])
    life.wake(38)
    equal(len(life.outbox.sent), 1)
    equal(life.post.made[1:], [6 * 600])
    life.wake(38)
    life.wake(20)
    equal(life.post.made[2:], [2 * 600])
    equal(len(life.outbox.sent), 2)
    equal([tries > 0 for tries in life.radio], [False] * 6 + [True, False, True])


def test_an_alert_outlives_memory_and_flash_that_fail_while_what_mails_is_loaded_for_it():
    # A restart would forget the reading.
    for faults in ([MemoryError()], [OSError(5), MemoryError(), OSError(5)]):
        life = Sleeper()
        life.wake(20)
        life.post.faults = faults
        life.wake(38)
        told = [line for line in life.log.show.lines if line.endswith("what mails cannot be loaded, kept in RAM only")]
        life.wake(20)
        equal([len(faults), len(life.outbox.sent), len(told)], [0, 2, 1])
    life = Sleeper()
    life.wake(20)
    life.post.faults = [MemoryError() for _ in range(9)]
    patience, loading._PATIENCE = loading._PATIENCE, 5
    try:
        raises(MemoryError, life.wake, 38)
    finally:
        loading._PATIENCE = patience
    equal(len(life.post.faults), 3)


def test_a_mail_that_waits_is_tried_when_it_is_due_though_the_outbox_was_not_asked_meanwhile():
    life = Sleeper()
    life.wake(20)
    life.outbox.failures = [MailError("temporary")]
    equal(life.wake(38), 60)
    life.wake(38)
    equal(len(life.outbox.sent), 1)


def test_a_wifi_that_stays_away_is_not_tried_at_each_wake_nor_is_the_library_loaded():
    life = Sleeper()
    life.wifi.is_up = False
    life.wake(20)
    made = len(life.post.made)
    for _ in range(40):
        life.wake(38)
    tried = len([tries for tries in life.radio if tries])
    equal(3 <= tried <= 8, True, tried)
    equal(len(life.post.made) - made <= tried, True)
    life.wifi.is_up = True
    for _ in range(30):
        life.wake(38)
    equal(len(life.outbox.sent), 1)


def test_a_sleep_that_something_ends_early_makes_no_time_pass():
    life = Sleeper()
    life.wake(20)
    state = State(life.port, True)
    life.port.sleep(-400000)
    equal(slept(state, life.port), 200)
    life.port.sleep(400000)
    equal(slept(state, life.port), 600)
    life.port.sleep(90000000)
    equal(slept(state, life.port), 600)


def test_a_sensor_that_is_gone_is_logged_once_over_all_wakes():
    life = Life()
    for value in (20, None, None, None, 20, 20):
        life.wake(value)
    lines = [line for line in life.said.lines if line.startswith("the sensor is ")]
    equal([line.split(":")[0] for line in lines], ["the sensor is gone", "the sensor is back"])


def test_what_only_ram_has_is_stored_before_the_board_sleeps():
    life = Life()
    tries = []
    usual = Outbox.settle
    Outbox.settle = lambda self: tries.append(1) or len(tries) > 2
    try:
        life.wake(20)
        equal(len(tries), 3)
        del tries[:]
        Outbox.settle = lambda self: tries.append(1) or False
        life.wake(20)
        # A flash that goes on refusing must not empty the battery.
        equal(len(tries), 3)
    finally:
        Outbox.settle = usual


def test_what_the_flash_refused_to_know_of_a_mail_that_failed_rests_the_radio_as_the_next_wake_knows_nothing_of_it():
    for refused in (True, False):
        life = Life()
        life.wake(20)
        life.outbox.failures = [MailError("temporary") for _ in range(20)]
        usual = Outbox.flush
        Outbox.flush = lambda self, budget=None: usual(self, budget) or setattr(self, "unwritten", refused)
        try:
            # Six hours of wakes.
            end = life.time + 6 * 3600
            while life.time < end:
                life.wake(38)
        finally:
            Outbox.flush = usual
        tries = len([tries for tries in life.radio if tries])
        equal(tries <= 6 if refused else tries > 20, True, tries)
        life.outbox.failures = []
        while not life.outbox.sent:
            life.wake(38)
        equal(life.time <= end + 4 * 3600, True)


def test_an_excursion_that_the_flash_refused_to_keep_is_kept_once_it_takes_it_though_the_board_slept():
    # Else a power cut would take it for one that was told.
    life = Life()
    life.wake(20)
    life.port.full = True
    for value in (38, 38):
        life.wake(value)
    equal("/state.json" in life.port.files, False)
    life.port.full = False
    life.wake(38)
    kept = life.port.files["/state.json"]
    equal(sorted(json.loads(kept)["rules"]), ["t"])
    life.port.write = None
    life.wake(38)
    equal(life.port.files["/state.json"], kept)
