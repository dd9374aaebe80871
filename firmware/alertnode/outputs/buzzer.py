"""A buzzer that beeps once a second for what a relay would be on for."""

from alertnode.outputs import relay

KEYS = dict(relay.KEYS)
KEYS["hertz"] = ("whole", 0, 0, 20000)


class Driver(relay.Driver):
    """As the relay's; with ``hertz`` for a passive buzzer, which needs a tone of that frequency, by PWM."""

    def _open(self):
        relay.Driver._open(self)
        self._tone = None

    def _switch(self, on, now):
        on = on and now // 200 % 5 < 2
        if not self._config["hertz"]:
            relay.Driver._switch(self, on, now)
        elif on and self._tone is None:
            from machine import PWM

            self._tone = PWM(self._pin, freq=self._config["hertz"], duty_u16=32768)
        elif not on and self._tone is not None:
            self._tone.deinit()
            self._tone = None
            # PWM has taken the pin.
            self._open()
