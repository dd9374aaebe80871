"""Sends an alert through Microsoft 365 with a token that the board fetches: no password on it."""

import umail
from umail import Message, m365, oauth

token = oauth.ClientCredentials("contoso.com", "client id", "client secret")
route = m365.submission("esp32@contoso.com", token=token)
umail.send(route, Message("esp32@contoso.com", "ops@contoso.com", "Freezer 3: -11.5 °C", text="Look after it."))
