"""What lamps, relays, buzzers and buttons do, slice by slice."""

import sys

from alertnode.outputs import button, buzzer, led, relay
from check import equal


class Pin:
    OUT, IN, PULL_UP, PULL_DOWN, IRQ_RISING, IRQ_FALLING = 3, 1, 2, 1, 1, 2
    made: list = []

    def __init__(self, number, mode=-1, pull=-1, value=None):
        self.level = 1 if value is None else value
        self.handler = None
        Pin.made.append(self)

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level
        return None

    def irq(self, handler, trigger):
        self.handler = handler


class PWM:
    tones: list = []

    def __init__(self, pin, freq, duty_u16):
        PWM.tones.append(freq)

    def deinit(self):
        PWM.tones.append(0)


class Machine:
    Pin = Pin
    PWM = PWM


class Rule:
    def __init__(self, name):
        self.name = name


class Event:
    def __init__(self, kind):
        self.kind = kind


class Node:
    """The node: its clock passes with ``pass_time``."""

    def __init__(self):
        self.clock = self
        self.now = 1000
        self.does = "ok"
        self.rules = []
        self.waited = 0
        self.did = []

    def uptime(self):
        return self.now

    def status(self):
        return self.does

    def active(self):
        return self.rules

    def waits(self):
        return self.waited

    def test_mail(self):
        self.did.append("test")

    def acknowledge(self):
        self.did.append("acknowledge")


def output(module, **config):
    before = sys.modules.get("machine")
    sys.modules["machine"] = Machine  # type: ignore[assignment]
    node = Node()
    settings = {key: module.KEYS[key][1] for key in module.KEYS}
    settings.update(config)
    try:
        driver = module.Driver(settings, node)
    finally:
        if before:
            sys.modules["machine"] = before
        else:
            del sys.modules["machine"]
    return driver, node, Pin.made[-1]


def levels(driver, node, pin, milliseconds):
    sys.modules["machine"], before = Machine, sys.modules.get("machine")  # type: ignore[assignment]
    seen = []
    for slice in range(milliseconds // 200):
        driver.tick()
        # PWM gives the pin back as a new one.
        seen.append(pin.level)
        node.now += 200
    if before:
        sys.modules["machine"] = before
    return seen


def test_a_led_blinks_differently_for_all_that_the_node_may_do():
    seen = {}
    for does in ("ok", "waits", "offline", "refused"):
        driver, node, pin = output(led, pin=2)
        node.now, node.does = 0, does
        seen[does] = levels(driver, node, pin, 30000)
    equal(sum(seen["ok"]), 12)
    equal(seen["waits"][:16], [1, 1, 0, 0, 1, 1] + [0] * 9 + [1])
    equal(seen["offline"][:5], [1, 1, 0, 0, 1])
    equal(seen["refused"][:11], [1] * 5 + [0] * 5 + [1])
    driver, node, pin = output(led, pin=2, on=0)
    equal((pin.level, levels(driver, node, pin, 5000).count(0)), (1, 2))


def test_a_relay_is_on_while_an_alert_is_under_way():
    driver, node, pin = output(relay, pin=5)
    equal(levels(driver, node, pin, 400), [0, 0])
    node.rules = [Rule("warm")]
    equal(levels(driver, node, pin, 400), [1, 1])
    node.rules = []
    equal(levels(driver, node, pin, 200), [0])
    driver, node, pin = output(relay, pin=5, rules=["cold"], on=0)
    node.rules = [Rule("warm")]
    equal(levels(driver, node, pin, 200), [1])
    node.rules.append(Rule("cold"))
    equal(levels(driver, node, pin, 200), [0])


def test_a_relay_is_on_when_a_mail_has_waited_too_long():
    driver, node, pin = output(relay, pin=5, alerts=False, undelivered=10)
    node.rules = [Rule("warm")]
    node.waited = 599
    equal(levels(driver, node, pin, 200), [0])
    node.waited = 600
    equal(levels(driver, node, pin, 200), [1])
    driver, node, pin = output(relay, pin=5)
    node.waited = 100000
    equal(levels(driver, node, pin, 200), [0])


def test_a_relay_is_on_no_longer_than_it_may_until_the_alert_is_repeated():
    driver, node, pin = output(relay, pin=5, seconds=1)
    node.rules = [Rule("warm")]
    equal(sum(levels(driver, node, pin, 4000)), 5)
    driver.act(Event("recovery"))
    equal(sum(levels(driver, node, pin, 1000)), 0)
    driver.act(Event("again"))
    equal(sum(levels(driver, node, pin, 4000)), 5)


def test_a_buzzer_beeps_and_a_passive_one_gets_a_tone():
    driver, node, pin = output(buzzer, pin=5)
    node.rules = [Rule("warm")]
    equal(levels(driver, node, pin, 2000), [1, 1, 0, 0, 0] * 2)
    del PWM.tones[:]
    driver, node, pin = output(buzzer, pin=5, hertz=2000)
    node.rules = [Rule("warm")]
    levels(driver, node, pin, 2000)
    equal(PWM.tones, [2000, 0, 2000, 0])


def test_a_short_press_mails_and_a_long_one_acknowledges():
    driver, node, pin = output(button, pin=0)
    pin.level = 0
    levels(driver, node, pin, 400)
    equal(node.did, [])
    pin.level = 1
    levels(driver, node, pin, 1000)
    equal(node.did, ["test"])
    pin.level = 0
    levels(driver, node, pin, 2200)
    equal(node.did, ["test", "acknowledge"])
    levels(driver, node, pin, 5000)
    pin.level = 1
    levels(driver, node, pin, 1000)
    equal(node.did, ["test", "acknowledge"])


def test_a_press_between_two_looks_counts_once_however_it_bounces():
    driver, node, pin = output(button, pin=0)
    for bounce in range(3):
        pin.handler(pin)
    levels(driver, node, pin, 200)
    pin.handler(pin)
    levels(driver, node, pin, 1000)
    equal(node.did, ["test"])
    # A child at the button is not a flood of mails.
    for press in range(10):
        pin.handler(pin)
        levels(driver, node, pin, 400)
    equal(node.did, ["test"])
    node.now += 10000
    pin.handler(pin)
    levels(driver, node, pin, 400)
    equal(node.did, ["test", "test"])
