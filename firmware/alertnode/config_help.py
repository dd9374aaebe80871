"""Says what to do about each mistake in the configuration; loaded only if there is one."""

_TRACE = "give the path of a CSV file on the board, timestamp,value, such as /trace.csv"
_PIN = "give the number of the pin that the sensor is wired to, such as 4"
_AT = "give a time of the day with two digits each, such as 07:00"
_SPREAD = "give the minutes over which the boards of a fleet are spread, such as 60; 0 is none"
# By key, without the index of a list.
_HINTS = {
    "": 'it begins like {"board_name": "freezer-3", …; docs/firmware.md has a whole one',
    "board_name": 'give the name that mails call the board by, such as "freezer-3"',
    "language": "give the language of mails and console, such as de, or leave it out for English",
    "texts": 'give {"subject": "{name} {value} ({board})", "text": ["{what}.", "Call 030 1234."]}, or leave it out',
    "texts.subject": "what may stand in braces",
    "texts.text": "give one line, or a list of lines; what may stand in braces",
    "texts.own": "give the name of a file texts/NAME.py beside the configuration",
    "wifi": 'give {"ssid": "name of the network"}, or a list of those; a board with a cable has "ethernet": {} instead',
    "wifi.ssid": "give the name of the Wi-Fi network",
    "wifi.timeout": "give the seconds that one attempt may take, such as 20",
    "network": 'give {"hostname": "freezer-3", "address": "192.168.1.7", "gateway": "192.168.1.1"}, or leave it out',
    "network.hostname": "give the name that the router shows, such as freezer-3",
    "network.address": "give the board's own address, such as 192.168.1.7, or leave it out for the router's choice",
    "network.mask": "give the network's mask, such as 255.255.255.0",
    "network.gateway": "give the router's address, such as 192.168.1.1",
    "network.dns": "give the address of a DNS server, such as 192.168.1.1, or leave it out for the router's choice",
    "network.country": "give the country whose channels the Wi-Fi may use, such as DE, or leave it out",
    "network.tx_power": "give the power of the Wi-Fi in dBm, 2 to 21, or leave it out",
    "mail": 'give {"route": "m365.submission", "username": "esp32@contoso.com", "to": ["ops@contoso.com"]}',
    "mail.route": "say which way mail goes in",
    "mail.to": 'give the addresses that alerts go to, such as ["ops@contoso.com"]',
    "mail.username": "give the mailbox that the board logs in as, such as esp32@contoso.com",
    "mail.sender": "give the address that mails come from, such as esp32@contoso.com",
    "mail.domain": "give the domain of your Microsoft 365 tenant, such as contoso.com",
    "mail.host": "give the server's name, such as smtp.example.org",
    "mail.port": "give the server's port, usually 587",
    "mail.security": "leave it out for starttls",
    "mail.trust": "give the path of a root certificate in DER form, such as /certs/root.der, or leave it out",
    "mail.ehlo": "give a full domain name, or leave it out",
    "mail.certificate": "give the paths of the certificate and its intermediates in DER form, and of its key",
    "mail.private_key": "give the path of the certificate's key in DER form",
    "mail.oauth": 'give {"flow": "client_credentials", "tenant": "contoso.com", "client_id": "…"}, or leave it out',
    "mail.fallback": 'give a second route, such as {"route": "smtp", "host": "smtp.example.org", "username": "…"}',
    "mail.per_minute": "give how many mails a minute the route takes from this board, such as 30; 0 is any",
    "mail.per_day": "give how many recipients a day the route takes from this board, such as 10000; 0 is any",
    "mail.timeout": "give the seconds that one reply may take, such as 30",
    "mail.deadline": "give the seconds that one mail may take, such as 120",
    "sensor": 'give {"type": "ds18b20", "pin": 4}, or another of the types in docs/firmware.md',
    "sensor.type": "say which sensor it is",
    "sensor.unit": 'give the unit of the values, such as "°C"',
    "sensor.path": _TRACE,
    "sensor.column": "give the name of the values' column, as the file's first line has it, or leave it out",
    "sensor.speed": "give how many times faster than recorded the trace runs; 0 is as fast as it can",
    "sensor.step": "give the seconds from row to row; 0 finds it out",
    "sensor.pin": _PIN,
    "sensor.scale": "give what one volt is in the sensor's unit, such as 100",
    "sensor.offset": "give the value at zero volts, such as -50",
    "sensor.samples": "give how many samples are averaged, such as 16",
    "sensor.address": 'give the address: of a DS18B20 16 hexadecimal digits, of a chip on I2C such as 118 or "0x76"',
    "sensor.quantity": "say which of the two to read",
    "sensor.closed": "give the pin's level when the contact is closed, 0 or 1",
    "sensor.pull": "say which resistor holds the pin while the contact is open",
    "sensor.debounce": "give the seconds that a contact must stay as it is to be believed, such as 0.05",
    "sensor.interval": "give the seconds from one reading of this sensor to the next, such as 60",
    "sensor.readings": "give how many readings in a row each rule of this sensor takes, such as 3",
    "sensors": 'give each sensor a name: {"freezer": {"type": "ds18b20", "pin": 4}, …}',
    "outputs": 'give each output a name: {"light": {"type": "led", "pin": 2}}, or leave it out',
    "rules": 'give [{"name": "temperature", "when": "above", "limit": -15}]',
    "rules.name": "give each rule its own name, which mails carry, such as temperature",
    "rules.when": "say when the rule alerts",
    "rules.limit": "give the value that the alert begins at, such as 37.2",
    "rules.hysteresis": "give how far the value must come back before all is well, such as 0.2",
    "rules.readings": "give how many readings in a row it takes, 1 to 100; for gone, 0 means never",
    "rules.of": "say which value the rule is about",
    "rules.low": "give the lowest value that is normal, such as 2",
    "rules.high": "give the highest value that is normal, such as 8",
    "rules.by": "give the change that is too much, such as 5",
    "rules.within": "give the seconds within which it is too much, such as 600",
    "rules.for": "give the seconds that it must last, such as 300",
    "rules.repeat": "give the hours after which it is reported again while it lasts, such as 4; 0 reports it once",
    "rules.urgent": "say whether it is reported in quiet hours, too: true or false, without quotes",
    "rules.to": 'give the addresses that this rule mails to instead of mail.to, such as ["cook@contoso.com"]',
    "rules.then": 'give {"after": 30, "to": ["boss@contoso.com"]}: minutes, and who is told then',
    "rules.then.after": "give the minutes after which others are told, such as 30",
    "rules.then.to": 'give the addresses that are told then, such as ["boss@contoso.com"]',
    "quiet": "give when mails that are not urgent wait, such as 22:00-06:00, or leave it out",
    "storm": "leave it out, or give its keys as docs/firmware.md has them",
    "storm.window": "give the seconds in which further alerts of a rule become one mail, such as 900; 0 mails each",
    "storm.widest": "give the seconds up to which that doubles while it goes on, such as 14400",
    "storm.per_hour": "give the mails an hour beyond which the rest become one, such as 20; 0 is any",
    "interval": "give the seconds from one reading to the next, such as 60",
    "clock": 'give {"ntp": "pool.ntp.org", "zone": "CET-1CEST,M3.5.0,M10.5.0/3"}, or leave it out',
    "clock.ntp": "give the name of a time server, such as pool.ntp.org, or a list of them",
    "clock.zone": "give the rule of your time zone, such as CET-1CEST,M3.5.0,M10.5.0/3",
    "clock.ds3231": 'give {"scl": 22, "sda": 21}, or leave it out',
    "clock.ds3231.scl": "give the number of the I2C clock pin, such as 22",
    "clock.ds3231.sda": "give the number of the I2C data pin, such as 21",
    "battery": 'give {"budget": 60}, the seconds that the radio may be on, or leave it out for a board on mains',
    "battery.budget": "give the seconds that the radio may be on at a time, such as 60",
    "heartbeat": "give the days between two mails that say all is well, such as 7; 0 sends none",
    "ping": "give a URL of https that is asked for after mails went, or leave it out",
    "ping_trust": "give the path of the service's root certificate in DER form, or leave it out",
    "heartbeat.days": "give the days between two mails that say all is well, such as 7",
    "heartbeat.at": _AT,
    "heartbeat.spread": _SPREAD,
    "summary": 'give the time of the day, such as "07:00", or {"at": "07:00", "every": "week"}, or leave it out',
    "summary.at": _AT,
    "summary.every": "say how often it comes",
    "summary.on": "say on which day of the week it comes",
    "summary.spread": _SPREAD,
    "expires": 'give names and dates, such as {"client secret": "2027-03-01"}, or leave it out',
    "watchdog": "give the seconds without progress after which the board restarts, such as 120; 0 arms none",
    "update": 'give {"url": "https://updates.example.org/boards"}, or leave it out',
    "update.url": "give where umail update publish's folder is served, such as http://192.168.1.5:8017",
    "update.trust": "leave it out, or give the path of a root certificate in DER form, such as /certs/root.der",
    "update.at": _AT,
    "update.every": "give the hours from one question for an update to the next, such as 24",
    "debug": "say whether the console shows each step with its milliseconds: true or false, without quotes",
    "log_size": "give how many bytes of flash the log may take, such as 16384; 0 keeps none",
}
_SECRET = ("pass", "token", "secret", "psk")


def sentence(key, what, words):
    """Return a sentence about ``key``: what it is or lacks, and how to fix it; ``words`` would be right."""
    if what == "unknown":
        return _unknown(key, words)
    plain = "".join([part.split("]")[-1] for part in key.split("[")])
    plain = plain.replace("mail.fallback.", "mail.")
    for several in ("sensor", "output"):
        if plain[: len(several) + 2] == several + "s.":
            plain = several + "." + plain.split(".")[-1] if plain.count(".") > 1 else several
    hint = _HINTS.get(plain) or _of_part(plain) or (_HINTS["rules"] if plain == "rules" else "see docs/firmware.md")
    if words:
        hint += ": " + ", ".join(words)
        word = what.split('"')[1] if '"' in what else ""
        near = nearest(word, words)
        if near:
            hint = 'did you mean "%s"? Else ' % near + hint
    name = '"%s"' % key if key else "The configuration"
    return "%s %s: %s." % (name, what, hint)


def _of_part(plain):
    """Return the remedy for a key that few configurations have, None if it is not on this board."""
    try:
        from alertnode import config_help_parts
    except ImportError:
        return None
    return config_help_parts.HINTS.get(plain)


def _unknown(key, words):
    section, _, last = key.rpartition(".")
    if [word for word in _SECRET if word in last]:
        kept = kept_as(section, last)
        return '"%s" must not lie where anyone can read it: remove it, and store it as the secret %s.' % (key, kept)
    near = nearest(last, words)
    if near:
        fix = 'did you mean "%s"?' % near
    else:
        fix = "remove it; %s knows %s." % ('"%s"' % section if section else "the configuration", ", ".join(words))
    return 'unknown key "%s": %s' % (key, fix)


def kept_as(section, last):
    """Return the name of the secret that was meant by the key ``last`` of a ``section`` (``mail.fallback``)."""
    first, _, rest = section.partition(".")
    if first[:4] == "wifi":
        number = int(first[5:-1] or 0) + 1 if "[" in first else 1
        return "wifi_password" if number == 1 else "wifi_password_%d" % number
    if first != "mail":
        return last
    if "refresh" in last or ("oauth" in rest and "token" in last):
        name = "refresh_token"
    elif "secret" in last or "oauth" in rest:
        name = "oauth_secret"
    else:
        name = "mail_token" if "token" in last else "mail_password"
    return name + "_2" if rest[:8] == "fallback" else name


def nearest(word, words):
    """Return the one of ``words`` that ``word`` was probably meant to be, or ""."""
    best, least = "", 1 + min(2, len(word) // 3)
    for other in words:
        far = _distance(word.lower(), other.lower())
        if far < least:
            best, least = other, far
    return best


def _distance(one, other):
    """Return how many characters to insert, remove or replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one):
        last, row[0] = row[0], i + 1
        for j, b in enumerate(other):
            last, row[j + 1] = row[j + 1], min(last + (a != b), row[j] + 1, row[j + 1] + 1)
    return row[-1]


def where(text, error):
    """Say where in ``text`` (bytes) JSON breaks off, and what is often the cause."""
    position = getattr(error, "pos", None)
    if position is None:
        position = _break(text)
    if position is None:
        return "it is not UTF-8 text; save it as UTF-8."
    line = text[:position].rstrip().count(b"\n") + 1
    return (
        "it breaks off in line %d; look there and in the line before for a comma too many or too few, "
        "or a quote or brace left open." % line
    )


def _break(text):
    """Return how far MicroPython's parser comes, which does not say so itself; None if ``text`` is not UTF-8."""
    import io
    import json

    try:
        text.decode()
    except ValueError:
        return None
    stream = io.BytesIO(text)
    try:
        json.load(stream)
    except (ValueError, MemoryError, RuntimeError):
        pass
    return stream.tell()
