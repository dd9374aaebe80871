"""The shared part of a right fleet file, before its boards."""

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
# What asks for updates over the network.
UPDATED = f"""
interval = 60
{MAILS}
[update]
url = "http://192.0.2.5:8017"
{RULE}
"""
