"""Joins the Wi-Fi, sets the clock, and mails an alert, with a watchdog that is fed meanwhile."""

import machine
import network
import ntptime
import time
import umail
from umail import Message, m365

watchdog = machine.WDT(timeout=8000)
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("your Wi-Fi", "its key")
while not wlan.isconnected():
    watchdog.feed()
    time.sleep_ms(100)
ntptime.settime()

route = m365.submission("esp32@contoso.com", password="its password")
message = Message("esp32@contoso.com", "ops@contoso.com", "Started", text="Up again.")
umail.send(route, message, tick=watchdog.feed)
