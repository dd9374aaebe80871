"""Sensors on wires: their failures are a sensor that is gone, never a false value."""

from alertnode.sensors.later import Later
from alertnode.sensors.reading import reason
from alertnode.sensors.wired import Adc, Contact, Dht22, Ds18b20
from check import equal, inside
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


def make(kind, *rest, **more):
    port = Port()
    return kind(clock(port, Said()), "°C", *rest, **more), port


def ds18b20(answers, **more):
    port = Port()
    return Ds18b20(clock(port, Said()), "°C", Bus(answers, **more), port.sleep)


def test_an_adc_is_scaled_and_averaged():
    class Calibrated:
        def read_uv(self):
            return 750000

    class Raw:
        def read_u16(self):
            return 65535

    sensor, _ = make(Adc, Calibrated(), 100, -50)
    reading = sensor.read()
    equal((round(reading.value, 3), reading.unit), (25, "°C"))
    sensor, _ = make(Adc, Raw())
    equal(round(sensor.read().value, 3), 3.3)


def test_a_wrong_checksum_is_tried_again():
    equal(ds18b20([Exception("CRC error"), 21.5]).read().value, 21.5)
    reading = ds18b20([Exception("CRC error")] * 3).read()
    equal(reading.value, None)
    inside("CRC error", reading.why)


def test_the_power_on_value_is_refused_unless_it_was_hot():
    equal(ds18b20([85.0, 21.5]).read().value, 21.5)
    reading = ds18b20([85.0, 85.0, 85.0]).read()
    equal(reading.value, None)
    inside("without power", reading.why)
    sensor = ds18b20([84.5, 85.0])
    equal([sensor.read().value, sensor.read().value], [84.5, 85.0])


def test_no_chip_or_several_on_the_wire_are_named():
    inside("check its wires", ds18b20([], found=()).read().why)
    inside("2 chips", ds18b20([], found=(b"a", b"b")).read().why)


def test_a_dht22_is_asked_again_after_two_seconds():
    port = Port()
    sensor = Dht22(clock(port, Said()), "°C", Dht([OSError(116), None]), port.sleep)
    equal((sensor.read().value, sensor.clock.uptime()), (21.5, 2000))
    sensor = Dht22(clock(port, Said()), "%", Dht([None]), port.sleep, "humidity")
    equal(sensor.read().value, 40)
    sensor = Dht22(clock(port, Said()), "°C", Dht([Exception("checksum error")] * 3), port.sleep)
    inside("checksum error", sensor.read().why)


def test_not_a_number_is_a_sensor_that_is_gone():
    for wrong in ("nan", "inf", "-inf"):
        reading = ds18b20([float(wrong)]).read()
        equal((reading.value, reading.why), (None, "not a number"))


def test_a_contact_that_bounces_is_read_when_it_rests():
    port = Port()
    sensor = Contact(clock(port, Said()), "", Pin([0, 1, 0, 1, 1]), port.sleep)
    equal(sensor.read().value, 1)
    equal(sensor.urgent(), False)
    sensor = Contact(clock(port, Said()), "", Pin([1]), port.sleep, closed=1)
    equal(sensor.read().value, 0)
    sensor = Contact(clock(port, Said()), "", Pin([0, 1] * 200), port.sleep)
    inside("never comes to rest", sensor.read().why)


def test_a_contact_that_moves_between_readings_is_urgent():
    port = Port()
    pin = Pin([0])
    sensor = Contact(clock(port, Said()), "", pin, port.sleep)
    sensor.read()
    pin.levels = [1]
    equal(sensor.urgent(), True)


def test_whatever_a_driver_raises_or_returns_is_a_missing_reading():
    for answer, words in (
        (MemoryError("no heap"), "MemoryError: no heap"),
        (IndexError("list index out of range"), "IndexError: list index"),
        ("21.5", "TypeError"),
    ):
        sensor, _ = make(Adc, None)

        def measure():
            if isinstance(answer, Exception):
                raise answer
            return answer

        sensor.measure = measure
        reading = sensor.read()
        equal(reading.value, None)
        inside(words, reading.why)


def test_a_sensor_that_cannot_be_set_up_is_gone_until_it_can():
    port = Port()
    problems = [OSError(19), RuntimeError("bus"), MemoryError(), None]

    def made():
        problem = problems.pop(0)
        if problem:
            raise problem
        return Contact(clock(port, Said()), "", Pin([0]), port.sleep)

    sensor = Later(clock(port, Said()), "°C", made)
    equal(sensor.urgent(), False)
    wanted = [reason(problem) for problem in problems[:3]]
    equal([sensor.read().why for _ in range(3)], wanted)
    equal((sensor.read().value, sensor.read().value, problems), (0, 0, []))
    sensor._sensor._pin.levels = [1]
    equal(sensor.urgent(), True)
