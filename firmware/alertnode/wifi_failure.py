"""Puts the failure of a Wi-Fi connection in words; loaded if there is one."""

# The names of `network`'s constants, and the ESP-IDF reason codes that `status()` returns on boards without the name.
_REASONS = (
    ("STAT_WRONG_PASSWORD", (202, -3), "wrong password: correct the secret %s"),
    ("STAT_NO_AP_FOUND", (201, 210, 211, 212, -2), "no access point with this name: check wifi.ssid and the distance"),
    ("STAT_HANDSHAKE_TIMEOUT", (204, 15), "the handshake timed out: a weak signal, or a wrong password"),
    ("STAT_ASSOC_FAIL", (203,), "the access point turned the board away"),
    ("STAT_BEACON_TIMEOUT", (200,), "the access point is no longer heard"),
    ("STAT_CONNECT_FAIL", (205, -1), "the connection failed"),
)


def reason(network, status, secret, timeout):
    """Return what ``status`` means, a sentence that may name the ``secret`` of the password.

    ``network`` is MicroPython's module; ``timeout``: the seconds that were waited.
    """
    for name, codes, text in _REASONS:
        if status == getattr(network, name, None) or status in codes:
            return text % secret if "%s" in text else text
    return "no connection within %d s" % timeout
