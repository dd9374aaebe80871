"""Sensors on wires: their failures are a sensor that is gone, never a false value."""

from alertnode.sensors import adc, contact, dht11, dht22, ds18b20
from alertnode.sensors.group import Group, Source
from alertnode.sensors.reading import reason
from check import equal, inside, raises
from firmware_fakes import Port, Said, clock


class Bus:
    """A DS18X20 driver whose answers come from a list; an exception in it is raised."""

    def __init__(self, answers, found=(b"\x28rom",)):
        self.answers = list(answers)
        self.found = list(found)

    def scan(self):
        return self.found

    def convert_temp(self):
        pass

    def read_temp(self, rom):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Dht:
    """The same for a DHT22."""

    def __init__(self, answers):
        self.answers = list(answers)

    def measure(self):
        answer = self.answers.pop(0)
        if answer:
            raise answer

    def temperature(self):
        return 21.5

    def humidity(self):
        return 40.0


class Pin:
    """A pin whose levels come from a list; the last one stays."""

    def __init__(self, levels):
        self.levels = list(levels)

    def value(self):
        return self.levels.pop(0) if len(self.levels) > 1 else self.levels[0]


class Buses:
    """Lends what is handed in."""

    def __init__(self, port, part):
        self.sleep = port.sleep
        self.onewire = self.adc = self.pin = lambda number: part
        self.input = lambda number, pull: part


def source(port, module, part, **config):
    """The Source of the driver in ``module`` over the fake ``part``, and the Group that reads it."""
    section = {key: module.KEYS[key][1] for key in module.KEYS}
    section.update(config)
    scale, offset = section.pop("scale", 1), section.pop("offset", 0)
    made = Source(
        "",
        lambda: module.Driver(section, Buses(port, part)),
        [("", "°C")],
        60000,
        (scale,) if scale != 1 else (),
        (offset,),
        getattr(module, "TRIES", 1),
        getattr(module, "PAUSE", 0),
    )
    return Group(clock(port, Said()), [made], port.sleep, str)


def make(module, part, **config):
    port = Port()
    return Steady(source(port, module, part, **config)), port


class Steady:
    """Reads the one sensor of a Group, whenever it is asked."""

    def __init__(self, group):
        self.group = group
        self.clock = group.clock
        self.urgent = group.urgent

    def read(self):
        self.group.sources[0].due = None
        (reading,) = self.group.take()
        return reading


def wired(answers, **more):
    return make(ds18b20, Bus(answers, **more), pin=4)[0]


def test_an_adc_is_scaled_and_averaged():
    class Calibrated:
        def read_uv(self):
            return 750000

    class Raw:
        def read_u16(self):
            return 65535

    sensor, _ = make(adc, Calibrated(), scale=100, offset=-50)
    reading = sensor.read()
    equal((round(reading.value, 3), reading.unit), (25, "°C"))
    sensor, _ = make(adc, Raw())
    equal(round(sensor.read().value, 3), 3.3)


def test_a_wrong_checksum_is_tried_again():
    equal(wired([Exception("CRC error"), 21.5]).read().value, 21.5)
    reading = wired([Exception("CRC error")] * 3).read()
    equal(reading.value, None)
    inside("CRC error", reading.why)


def test_the_power_on_value_is_refused_unless_it_was_hot():
    equal(wired([85.0, 21.5]).read().value, 21.5)
    reading = wired([85.0, 85.0, 85.0]).read()
    equal(reading.value, None)
    inside("without power", reading.why)
    sensor = wired([84.5, 85.0])
    equal([sensor.read().value, sensor.read().value], [84.5, 85.0])


def test_no_chip_or_several_on_the_wire_are_named():
    inside("check its wires", wired([], found=()).read().why)
    inside("2 chips", wired([], found=(b"a", b"b")).read().why)


def dht(answers, quantity="temperature"):
    """A DHT22 whose chip answers so."""
    sensor, port = make(dht22, None, quantity=quantity)
    driver = object.__new__(dht22.Driver)
    driver._dht, driver._quantity = Dht(answers), quantity
    sensor.group.sources[0]._make = lambda: driver
    return sensor


def test_a_dht22_is_asked_again_after_two_seconds():
    sensor = dht([OSError(116), None])
    equal((sensor.read().value, sensor.clock.uptime()), (21.5, 2000))
    equal(dht([None], "humidity").read().value, 40)
    inside("checksum error", dht([Exception("checksum error")] * 3).read().why)
    inside(": no answer", dht([OSError(116)] * 3).read().why)
    both = dht([None], "")
    both.group.sources[0].values = [("a", "°C"), ("b", "%")]
    equal([reading.value for reading in both.group.take()], [21.5, 40])
    equal([value[0] for value in dht22.values({"quantity": ""})], ["temperature", "humidity"])


def test_a_dht11_has_the_same_values_within_ends_of_its_own():
    equal(dht11.values({"quantity": ""}), (("temperature", "°C", 0, 60), ("humidity", "%", 5, 95)))
    equal(dht11.values({"quantity": "humidity"}), [("", "%", 5, 95)])
    equal((dht11.KEYS, dht11.ALONE, dht11.TRIES, dht11.PAUSE), (dht22.KEYS, dht22.ALONE, dht22.TRIES, dht22.PAUSE))


def test_not_a_number_is_a_sensor_that_is_gone():
    for wrong in ("nan", "inf", "-inf"):
        reading = wired([float(wrong)]).read()
        equal((reading.value, reading.why), (None, "not a number"))


def test_a_contact_that_bounces_is_read_when_it_rests():
    sensor, _ = make(contact, Pin([0, 1, 0, 1, 1]))
    equal(sensor.read().value, 1)
    equal(sensor.urgent(), False)
    equal(make(contact, Pin([1]), closed=1)[0].read().value, 0)
    inside("never comes to rest", make(contact, Pin([0, 1] * 200))[0].read().why)


def test_a_contact_that_moves_between_readings_is_urgent():
    pin = Pin([0])
    sensor, _ = make(contact, pin)
    sensor.read()
    pin.levels = [1]
    equal(sensor.urgent(), True)


class Driver:
    """Answers as told; an exception is raised."""

    def __init__(self, *answers, wait=0):
        self.answers = list(answers)
        self.wait = wait
        self.begun = 0

    def start(self):
        self.begun += 1
        return self.wait

    def read(self):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def group(port, *sources):
    return Group(clock(port, Said()), list(sources), port.sleep, str)


def test_whatever_a_driver_raises_or_returns_is_a_missing_reading():
    for answer, words in (
        (MemoryError("no heap"), "MemoryError: no heap"),
        (IndexError("list index out of range"), "IndexError: list index"),
        (("21.5",), "TypeError"),
        (21.5, "TypeError"),
        ((), "IndexError"),
        ((None,), "no answer"),
        ((float("nan"),), "not a number"),
    ):
        (reading,) = group(Port(), Source("", lambda: Driver(answer), [("", "°C")], 60000)).take()
        equal(reading.value, None)
        inside(words, reading.why)


def test_a_sensor_that_cannot_be_set_up_is_gone_until_it_can():
    problems = [OSError(19), RuntimeError("bus"), MemoryError(), None]
    tried = []

    def made():
        problem = problems.pop(0)
        tried.append(problem)
        if problem:
            raise problem
        return Driver((0,))

    one = Source("", made, [("", "°C")], 60000, tries=3)
    sensor = Steady(group(Port(), one))
    equal(sensor.urgent(), False)
    wanted = [reason(problem) for problem in problems[:3]]
    equal(one.prepare(), wanted[0])
    equal([sensor.read().why for _ in range(2)], wanted[1:])
    equal((sensor.read().value, sensor.read().value, problems), (0, 0, []))
    # Not three times at each reading.
    equal(len(tried), 4)
    raises(ValueError, Source("", lambda: int("x"), [("", "")], 60000).prepare)


def test_conversions_run_side_by_side_and_the_quick_are_not_kept_waiting():
    port = Port()
    seen = []

    class Slow(Driver):
        def read(self):
            seen.append((self.wait, box.clock.uptime()))
            return Driver.read(self)

    drivers = [Slow((20,), wait=750), Slow((21,), wait=750), Slow((1,)), Slow(OSError("no answer"), (22,), wait=15)]
    sources = [
        Source(name, lambda it=driver: it, [(name, "°C")], 60000, tries=3) for name, driver in zip("abcd", drivers)
    ]
    box = group(port, *sources)
    readings = box.take()
    equal([(one.of, one.value, one.at) for one in readings], [("a", 20, 0), ("b", 21, 0), ("c", 1, 0), ("d", 22, 0)])
    equal(sorted(seen), [(0, 0), (15, 15), (15, 30), (750, 750), (750, 750)])


def test_each_sensor_keeps_its_own_interval():
    port = Port()
    box = group(
        port,
        *[Source(name, lambda: Driver((1,)), [(name, "")], every) for name, every in (("a", 60000), ("b", 150000))],
    )
    seen = []
    for _ in range(6):
        seen.append("".join([reading.of for reading in box.take()]))
        port.sleep(box.pause(0))
    equal(seen, ["ab", "a", "a", "b", "a", "a"])


def test_each_value_has_its_own_name_unit_and_calibration():
    values = [("climate.temperature", "°C"), ("climate.humidity", "%")]
    one = Source("climate", lambda: Driver((20, None), (20.5, 40)), values, 1000, (2, 1), (-1, -3))
    box = group(Port(), one)
    equal([(r.of, r.value, r.unit, r.why) for r in box.take()], [
        ("climate.temperature", 39, "°C", ""), ("climate.humidity", None, "%", "no answer")
    ])  # fmt: skip
    one.due = None
    equal([r.value for r in box.take()], [40, 37])


def test_the_watchdog_is_fed_while_a_conversion_lasts():
    port = Port()
    fed = []
    box = Group(clock(port, Said()), [Source("", lambda: Driver((1,), wait=5000), [("", "")], 1000)], port.sleep)
    box.feed = lambda: fed.append(port.milliseconds)
    box.take()
    equal(max([b - a for a, b in zip(fed, fed[1:])]) <= 200, True)
    equal(len(fed) >= 25, True)
