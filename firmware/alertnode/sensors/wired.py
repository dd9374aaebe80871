"""Reads sensors on wires: ADC, DS18B20, DHT22 and a contact, by MicroPython's own drivers."""

from alertnode.sensors.reading import Sensor

_TRIES = 3


class Adc(Sensor):
    """A voltage: value = volts * ``scale`` + ``offset``, averaged over ``samples``."""

    def __init__(self, clock, unit, adc, scale=1, offset=0, samples=16):
        Sensor.__init__(self, clock, unit)
        self._adc = adc
        self._scale = scale
        self._offset = offset
        self._samples = samples

    def measure(self):
        """Return the value, in the configuration's unit."""
        # read_uv is calibrated if the chip has calibration; elsewhere full scale is the supply, 3.3 V.
        microvolts = getattr(self._adc, "read_uv", None) or self._raw
        total = 0
        for _ in range(self._samples):
            total += microvolts()
        return total / self._samples / 1e6 * self._scale + self._offset

    def _raw(self):
        return self._adc.read_u16() * 3300000 / 65535


class Ds18b20(Sensor):
    """A DS18B20 on a 1-Wire bus; ``rom`` (bytes) chooses one of several."""

    def __init__(self, clock, unit, bus, sleep, rom=None):
        Sensor.__init__(self, clock, unit)
        self._bus = bus
        self._sleep = sleep
        self._rom = rom
        self._last = None

    def measure(self):
        """Return the temperature in °C. Raises OSError if no chip answers, or its answers fail their checksum."""
        rom = self._rom
        if rom is None:
            found = self._bus.scan()
            if len(found) > 1:
                raise OSError("%d chips on the wire: set sensor.address to one of them" % len(found))
            if not found:
                raise OSError("no DS18B20 answers: check its wires and its 4.7 kΩ resistor")
            rom = found[0]
        why = ""
        for _ in range(_TRIES):
            try:
                self._bus.convert_temp()
                # A conversion of 12 bits takes 750 ms (data sheet, "Thermometer resolution").
                self._sleep(750)
                value = self._bus.read_temp(rom)
            except Exception as error:
                # The driver raises a bare Exception for a wrong checksum, OneWireError for no answer.
                why = str(error) or "no answer"
                continue
            # 85 °C is what the chip holds before its first conversion: believed only when it was hot already.
            if value == 85 and not (self._last is not None and 80 < self._last < 90):
                why = "the chip was without power (85.0)"
                continue
            self._last = value
            return value
        raise OSError("DS18B20: " + why)


class Dht22(Sensor):
    """One quantity of a DHT22, "temperature" in °C or "humidity" in %."""

    def __init__(self, clock, unit, dht, sleep, quantity="temperature"):
        Sensor.__init__(self, clock, unit)
        self._dht = dht
        self._sleep = sleep
        self._quantity = quantity

    def measure(self):
        """Return the value. Raises OSError if there is no answer, or its checksum is wrong."""
        why = ""
        for again in range(_TRIES):
            if again:
                # The chip may be asked every 2 s (data sheet, "Sensing period").
                self._sleep(2000)
            try:
                self._dht.measure()
            except Exception as error:
                # The driver raises a bare Exception for a wrong checksum.
                why = str(error) or "no answer"
                continue
            return self._dht.humidity() if self._quantity == "humidity" else self._dht.temperature()
        raise OSError("DHT22: " + why)


class Contact(Sensor):
    """A contact between a pin and ground: 1 is open, 0 closed; ``debounce`` milliseconds of rest make it believed."""

    def __init__(self, clock, unit, pin, sleep, closed=0, debounce=50):
        Sensor.__init__(self, clock, unit)
        self._pin = pin
        self._sleep = sleep
        self._closed = closed
        self._debounce = debounce
        self._last = None

    def measure(self):
        """Return 1 if open, 0 if closed. Raises OSError if it never comes to rest."""
        step = self._debounce // 5
        state = self._pin.value()
        calm = 0
        for _ in range(100):
            if calm >= 5 or not step:
                self._last = state
                return 0 if state == self._closed else 1
            self._sleep(step)
            now = self._pin.value()
            calm = calm + 1 if now == state else 0
            state = now
        raise OSError("the contact never comes to rest: check its wires")

    def urgent(self):
        """Return True if the contact is not as it was read last."""
        try:
            return self._last is not None and self._pin.value() != self._last
        except Exception:
            # The next reading says what is wrong.
            return False


def make(kind, config, clock, sleep):
    """Return the sensor ``kind`` on the pin of its ``config``."""
    import machine

    unit = config["unit"]
    number = config["pin"]
    if kind == "adc":
        adc = machine.ADC(machine.Pin(number))
        # An ESP32's ADC ends at 1.1 V unless its input is attenuated.
        if hasattr(adc, "atten"):
            adc.atten(machine.ADC.ATTN_11DB)
        return Adc(clock, unit, adc, config["scale"], config["offset"], config["samples"])
    if kind == "ds18b20":
        import ds18x20
        import onewire

        rom = bytes.fromhex(config["address"]) if config["address"] else None
        return Ds18b20(clock, unit, ds18x20.DS18X20(onewire.OneWire(machine.Pin(number))), sleep, rom)
    if kind == "dht22":
        import dht

        return Dht22(clock, unit, dht.DHT22(machine.Pin(number)), sleep, config["quantity"])
    pull = {"up": machine.Pin.PULL_UP, "down": machine.Pin.PULL_DOWN, "none": None}[config["pull"]]
    pin = machine.Pin(number, machine.Pin.IN, pull)
    return Contact(clock, unit, pin, sleep, config["closed"], round(config["debounce"] * 1000))
