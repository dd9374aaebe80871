"""Keeps an alert on flash until it is delivered."""

from umail import Message, Outbox, m365

route = m365.submission("esp32@contoso.com", password="its password")
outbox = Outbox("/outbox", route)
outbox.put(Message("esp32@contoso.com", "ops@contoso.com", "Freezer 3: -11.5 °C", text="Too warm."), key="freezer-3")
outbox.flush()
print(len(outbox.pending()), "wait,", len(outbox.dead()), "were given up")
