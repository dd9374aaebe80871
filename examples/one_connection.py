"""Sends several mails over one connection."""

from umail import Client, Message, m365

route = m365.submission("esp32@contoso.com", password="its password")
with Client(route) as client:
    for number in range(3):
        client.send(Message("esp32@contoso.com", "ops@contoso.com", "Reading %d" % number, text="31.4"))
