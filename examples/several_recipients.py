"""Sends one mail to several people, and says who was refused."""

import umail
from umail import MailError, Message, m365

route = m365.submission("esp32@contoso.com", password="its password")
message = Message(
    "esp32@contoso.com",
    ["Operations <ops@contoso.com>", "night@contoso.com"],
    "Door open",
    text="Since 22:14.",
    cc=["boss@contoso.com"],
    headers=[("X-Board", "freezer-3")],
)
try:
    receipt = umail.send(route, message)
    for address, reply in receipt.refused:
        print(address, "was refused:", reply)
except MailError as error:
    print(error.stage, error.kind, error.advice)
