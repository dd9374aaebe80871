"""Run by MicroPython: sends one plain alert by submission and prints which modules of the library that loaded.

Arguments: port of the server on this computer, path of the root to trust (DER), password.
"""

import sys

from umail import Client, Message, certs, m365

port, trust, password = sys.argv[1:]
# A board trusts the bundled roots of its route: their loader counts, though this bench has a root of its own.
certs.load(m365.submission("esp32@contoso.com", password=password).roots or ())
route = m365.submission("esp32@contoso.com", password=password, host="localhost", port=int(port), trust=trust)
with Client(route) as client:
    client.send(Message("esp32@contoso.com", "ops@contoso.com", "Freezer 3 is warm", text="-11.5 °C, limit -15 °C"))
print(" ".join(name for name in sys.modules if name == "umail" or name.startswith("umail.")))
