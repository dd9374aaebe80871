"""Run by MicroPython: sends one plain alert by submission and prints which modules of the library that loaded:
those that stay, and on a second line those that leave RAM again.

Arguments: port of the server on this computer, path of the root to trust (DER), password.
"""

import sys

import umail

# Transient modules are gone at the end: they are noted as they come.
passing = []
load_transient = umail.load_transient


def noting(name):
    """Load and note."""
    before = set(sys.modules)
    found = load_transient(name)
    if "umail." + name not in before:
        passing.append("umail." + name)
    return found


umail.load_transient = noting

from umail import Message, m365  # noqa: E402

port, trust, password = sys.argv[1:]
# A board asks DNS for its server's address and trusts the bundled roots of its route: both count, though this bench has
# a server on this computer and a root of its own.
noting("dns")
list(noting("certs").load(m365.submission("esp32@contoso.com", password=password).roots or ()))
route = m365.submission("esp32@contoso.com", password=password, host="localhost", port=int(port), trust=trust)
umail.send(route, Message("esp32@contoso.com", "ops@contoso.com", "Freezer 3 is warm", text="-11.5 °C, limit -15 °C"))
print(" ".join(name for name in sys.modules if name == "umail" or name.startswith("umail.")))
print(" ".join(set(passing) - set(sys.modules)))
