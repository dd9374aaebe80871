"""Sends a file and bytes as attachments."""

import umail
from umail import Attachment, Message, m365

route = m365.submission("esp32@contoso.com", password="its password")
message = Message(
    "Freezer 3 <esp32@contoso.com>",
    "ops@contoso.com",
    "Log of the day",
    text="The readings are attached.",
    attachments=[Attachment("/log.csv"), Attachment(b'{"limit": -15}', name="settings.json")],
)
umail.send(route, message)
