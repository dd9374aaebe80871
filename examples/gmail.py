"""Sends an alert through Gmail with an app password."""

import umail
from umail import Message, routes

route = routes.gmail("me@gmail.com", password="an app password")
receipt = umail.send(route, Message("me@gmail.com", "me@gmail.com", "Freezer 3: -11.5 °C", text="Look after it."))
print("sent in", receipt.round_trips, "round trips")
