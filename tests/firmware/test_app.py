"""The loop: readings become mails, once each; nothing waits unfed; whatever is down is told and made up for."""

from alertnode import platform, seldom
from alertnode.app import App
from alertnode.mailer import Mailer
from alertnode.rules import Rule
from alertnode.sensors.trace import Trace
from check import equal, inside, raises
from firmware_fakes import NOON, MailError, Outbox, Port, Said, Sensor, Umail, Wifi, clock


class Journal:
    """Stands for the Log."""

    def __init__(self):
        self.say = Said()
        self.show = Said()


class World:
    """An App with everything around it faked."""

    def __init__(self, values, unix=NOON, rules=None):
        self.port = Port(unix)
        self.log = Journal()
        self.fed = 0
        self.clock = clock(self.port, self.log.say)
        self.port.servers["pool"] = NOON
        self.wifi = Wifi()
        self.sensor = Sensor(self.clock, values)
        self.outbox = Outbox(self.clock.uptime)
        self.mailer = Mailer(Umail(), self.outbox, "a@x", ["ops@x"], self.log.say)
        self.app = App(
            "freezer-3",
            self.sensor,
            rules or [Rule("temperature", "above", 37.2, 0.2)],
            self.mailer,
            self.clock,
            self.wifi,
            self.log,
            self.feed,
            self.sleep,
        )

    def feed(self):
        self.fed = self.clock.uptime()

    def sleep(self, milliseconds):
        # The watchdog would bite if a wait is long and unfed.
        equal(self.clock.uptime() + milliseconds - self.fed < 1500, True, "unfed")
        self.port.sleep(milliseconds)

    def run(self):
        while not self.sensor.finished:
            if self.app.sense() and self.app.online():
                self.mailer.flush()
            self.app.wait(self.sensor.pause(self.app.interval))
        return [message.subject for message in self.outbox.sent]


def test_one_alert_and_one_recovery_leave_at_once():
    world = World((37, 37.5, 38, 37.1, 36.9, 36))
    equal(world.run(), [
        "Temperature 37.5 °C, limit 37.2 °C (freezer-3)",
        "Temperature 36.9 °C, back to normal (freezer-3)",
    ])  # fmt: skip
    equal((world.app.alerts, world.app.recoveries), (1, 1))
    inside("temperature 37.5 °C is above 37.2 °C: alert mailed to ops@x in 5 round trips", world.log.say.text())


def test_a_lost_wifi_keeps_the_mails_in_order_and_says_so_once():
    world = World((38, 36, 38, 38))
    world.wifi.is_up = False
    equal(world.run(), [])
    equal([line for line in world.log.say.lines if "waits: Wi-Fi" in line], ["1 mail waits: Wi-Fi is down"])
    world.wifi.is_up = True
    world.app.wait(1000)
    equal([m.subject.split(", ")[1][:5] for m in world.outbox.sent], ["limit", "back ", "limit"])
    inside("Measured:  2026-11-24 12:00:00 UTC\n", world.outbox.sent[0].text)


def test_no_mail_goes_while_the_clock_is_unset_and_all_go_after():
    world = World((38, 38), unix=946684800)
    del world.port.servers["pool"]
    equal(world.run(), [])
    inside("1 mail waits: the clock is not set", world.log.say.text())
    world.port.servers["pool"] = NOON
    world.app.wait(3600000)
    equal(len(world.outbox.sent), 1)
    inside("0 s after the start", world.outbox.sent[0].text)


def test_a_server_that_fails_is_asked_again_while_the_sensor_is_read():
    world = World([38] * 10)
    world.outbox.failures = [MailError("temporary"), MailError("temporary")]
    equal(len(world.run()), 1)
    equal(len(world.log.show.lines), 10)


def test_a_clock_that_jumps_during_an_excursion_makes_no_second_mail():
    for jump in (86400 * 400, -86400 * 200):
        world = World((38, 38, 38, 36))
        world.app.sense()
        world.app.wait(60000)
        world.port.clock += jump * 1000
        while not world.sensor.finished:
            world.app.sense()
            world.app.wait(60000)
        equal((world.app.alerts, world.app.recoveries), (1, 1))
        inside("3 min before", world.outbox.sent[1].text)


def test_the_sensors_going_and_coming_is_logged_once_each():
    world = World((36, None, None, 36))
    world.run()
    lines = [line for line in world.log.say.lines if "sensor" in line]
    equal(lines, ["the sensor is gone: no answer", "the sensor is back"])


def test_an_urgent_sensor_is_read_before_its_time():
    world = World((0, 1))
    world.sensor.urgent = lambda: True
    world.app.wait(60000)
    equal(world.clock.uptime() < 1000, True)


def test_the_end_of_a_trace_is_told():
    world = World((37, 38, 36))
    world.sensor.values, world.sensor.missing = 3, 2
    world.run()
    Trace.finish(world.app.sensor, world.app)
    equal(world.log.say.lines[-2:], [
        "readings missing or not a number: 2",
        "trace finished: 3 readings, 1 alert, 1 recovery",
    ])  # fmt: skip


def test_a_heartbeat_says_what_is_and_what_is_under_way():
    world = World((38, 38))
    inside("no reading yet", seldom.heartbeat(world.app).subject)
    world.app.sense()
    message = seldom.heartbeat(world.app)
    equal(message.subject, "At work, 38 °C (freezer-3)")
    inside("temperature (under way)", message.text)


def test_last_words_travel_with_the_next_mail_once():
    world = World((38, 36))
    world.app.state = Memory()
    world.app.more = ["The board was reset by its watchdog."]
    world.run()
    inside("The board was reset by its watchdog.", world.outbox.sent[0].text)
    equal("watchdog" in world.outbox.sent[1].text, False)
    equal((world.app.state.told_times, world.app.state.saved), (1, 2))


def test_what_the_flash_refused_to_keep_is_kept_once_it_takes_it():
    world = World((36, 38, 38))
    memory = world.app.state = Memory()
    memory.refused = True
    world.app.sense()
    world.app.sense()
    world.app.wait(30 * 60000)
    equal(memory.saved, 0)
    # Else the next excursion would count as told after a power cut.
    memory.refused = False
    world.app.wait(16 * 60000)
    equal(memory.saved, 1)
    world.app.wait(60 * 60000)
    equal(memory.saved, 1)
    equal(len([line for line in world.log.say.lines if "flash is full or worn" in line]), 1)


class Memory:
    """Stands for the State."""

    told_times = saved = 0
    refused = False

    def told(self):
        self.told_times += 1

    def save(self, rules, unix):
        if self.refused:
            raise OSError(5)
        self.saved += 1

    def follow(self, rules, unix, moment, uptime):
        pass


def test_last_words_of_a_board_that_keeps_no_state_travel_too():
    # One that replays a trace keeps none, and may be reset in it all the same.
    world = World((38, 36))
    world.app.more = ["The board was reset by its watchdog."]
    world.run()
    inside("The board was reset by its watchdog.", world.outbox.sent[0].text)
    equal("watchdog" in world.outbox.sent[1].text, False)


def node(values):
    """A World whose App has marks that outlive a reset."""
    world = World(values)
    world.app.port = world.port
    world.app.state = Memory()
    return world


def test_after_an_hour_without_network_the_board_restarts_then_after_twice_as_long_up_to_a_day():
    world = node([])
    world.wifi.is_up = False
    hours = 3600 * 1000
    for resets, after in ((0, 1), (1, 2), (2, 4), (4, 16), (5, 24), (5, 24)):
        world.port.marks[platform.RESETS] = resets
        world.port.resets = 0
        world.wifi.gone = after * hours - 1
        world.app.online()
        equal(world.port.resets, 0)
        world.wifi.gone = after * hours
        world.app.online()
        equal((world.port.resets, world.port.marks[platform.RESETS]), (1, min(resets + 1, 5)))
    inside("no network for 24 h 0 min: restarting the board", world.log.say.text())
    world.wifi.is_up = True
    world.app.online()
    equal(world.port.marks[platform.RESETS], 0)


def test_failed_starts_are_forgotten_an_hour_after_the_first():
    world = node([])
    world.port.marks[platform.FAILS] = 2
    # 20 minutes had passed before the last reset.
    world.port.marks[platform.MINUTES] = 20
    world.app.wait(39 * 60000)
    equal(world.port.marks[platform.FAILS], 2)
    world.app.wait(2 * 60000)
    equal((world.port.marks[platform.FAILS], world.port.marks[platform.MINUTES]), (0, 0))


def test_the_part_that_is_at_work_is_marked():
    world = node([38])
    seen = []
    world.port.mark = lambda place, value: seen.append(value) if place == platform.PART else None
    world.app.sense()
    world.app.online()
    world.app.flush()
    world.app.wait(100)
    equal(seen[:2], [platform.READING, platform.WRITING])
    equal([part in seen for part in (platform.ASKING, platform.SENDING, platform.WAITING)], [True] * 3)


def test_what_waits_is_sent_before_the_first_reading():
    world = node([38])
    world.mailer.put("old", "text", "old", "alert", "k")

    class Stop(Exception):
        pass

    def read():
        equal([message.subject for message in world.outbox.sent], ["old"])
        raise Stop

    world.sensor.read = read
    raises(Stop, world.app.run)


def test_a_network_that_comes_and_goes_while_mails_wait_writes_few_lines_to_flash():
    world = World([])
    world.outbox.until = 10**9
    world.mailer.put("old", "text", "old", "alert", "k")
    for _ in range(720):
        for is_up in (True, False):
            world.wifi.is_up = is_up
            world.app.online()
        world.port.pass_time(5)
    equal(len([line for line in world.log.say.lines if "Wi-Fi is down" in line]), 6)
    equal(len([line for line in world.log.show.lines if "Wi-Fi is down" in line]), 714)


def storm(values):
    """The mails of a rule of a live sensor, as (subject, key, priority), and the console's lines."""
    rule = Rule("temperature", "above", 37.2, 0.2)
    rule.window = 900000
    world = World(values, rules=[rule])
    put, kept = world.outbox.put, []

    def keep(message, key, recovery, priority=1):
        kept.append((message.text.split("\n")[0], key, priority))
        return put(message, key, recovery)

    world.outbox.put = keep
    world.run()
    return kept, world.log.say.text()


def test_a_first_alert_has_no_limit_a_second_says_so_and_further_ones_may_be_held_back():
    kept, said = storm((38, 36, 38, 36, 38, 36))
    equal([(key, priority) for _, key, priority in kept], [
        ("temperature", 2), ("temperature", 1), ("", 1), ("", 1), ("temperature", 1), ("temperature", 1)
    ])  # fmt: skip
    equal("again" in kept[0][0], False)
    inside("is above 37.2 °C, again, 2nd time in 2 min.", kept[2][0])
    inside("again, 3rd time in 4 min", kept[4][0])
    inside("again, 2nd time in 2 min: alert mailed", said)


def test_what_is_not_urgent_waits_in_quiet_hours_and_the_console_says_until_when():
    for urgent in (False, True):
        rule = Rule("temperature", "above", 37.2, 0.2)
        rule.urgent = urgent
        world = World((38,), rules=[rule])
        world.app.quiet = lambda: (3600, "06:00")
        stored = []
        world.outbox.store = lambda entry: stored.append(entry.until)
        world.run()
        equal(stored, [] if urgent else [3600])
        waits = "temperature 38 °C is above 37.2 °C: not urgent, waits until 06:00"
        equal(waits in world.log.say.lines, not urgent)


def test_alerts_of_one_reading_are_one_mail_for_those_whom_they_concern():
    others = Rule("c", "above", 20)
    others.to = ("cook@x",)
    world = World((38,), rules=[Rule("a", "above", 30), Rule("b", "above", 35), others])
    world.run()
    equal([message.recipients for message in world.outbox.sent], [["ops@x"], ["cook@x"]])
    text = world.outbox.sent[0].text
    inside("On freezer-3, a 38 °C is above 30 °C.", text)
    inside("On freezer-3, b 38 °C is above 35 °C.", text)
    equal((text.count("Board:"), world.app.alerts), (1, 3))
