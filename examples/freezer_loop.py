"""Reads a freezer, decides, keeps what must be mailed on flash, and uses the Wi-Fi only if a mail is due."""

import time
import ds18x20
import machine
import network
import ntptime
import onewire
from umail import Message, Outbox, m365

TOO_WARM, COLD_AGAIN = -15, -17  # °C
EVERY = 60  # seconds between two readings

outbox = Outbox("/outbox", m365.submission("esp32@contoso.com", password="its password"))
wlan = network.WLAN(network.STA_IF)
wire = ds18x20.DS18X20(onewire.OneWire(machine.Pin(4)))
chip = wire.scan()[0]


def read():
    wire.convert_temp()
    time.sleep_ms(750)
    return wire.read_temp(chip)


def online():
    wlan.active(True)
    if not wlan.isconnected():
        wlan.connect("lab", "the Wi-Fi's password")
        for _ in range(200):
            if wlan.isconnected():
                # Certificates have dates.
                ntptime.settime()
                return True
            time.sleep_ms(100)
    return wlan.isconnected()


def put(subject, recovery):
    outbox.put(Message("esp32@contoso.com", "ops@contoso.com", subject), key="freezer", recovery=recovery)


warm = False
while True:
    try:
        celsius = read()
        if not warm and celsius > TOO_WARM:
            warm = True
            put("Freezer: %.1f °C, too warm" % celsius, False)
        elif warm and celsius < COLD_AGAIN:
            warm = False
            put("Freezer: %.1f °C, cold again" % celsius, True)
        if outbox.wait() == 0 and online():
            outbox.flush()
            wlan.active(False)
    except OSError as error:
        # No sensor, no time server: the next round tries again.
        print(error)
    time.sleep(EVERY)
