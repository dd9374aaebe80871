"""A right fleet file: what its boards share, and two of them."""

MAILS = """
[wifi]
ssid = "lab"
[mail]
route = "m365.submission"
username = "esp32@contoso.com"
to = ["ops@contoso.com"]
[sensor]
type = "ds18b20"
pin = 4
"""
RULE = """
[[rules]]
name = "temperature"
when = "above"
limit = -15
"""
BOARDS = """
[[board]]
board_name = "freezer-1"
id = "24:0A:C4:C0:FF:EE"
[[board]]
board_name = "freezer-2"
id = "240ac4000002"
"""
# What asks for updates over the network.
UPDATED = f"""
interval = 60
{MAILS}
[update]
url = "http://192.0.2.5:8017"
{RULE}
"""
