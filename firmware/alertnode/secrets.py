"""Keeps secrets: in ``esp32.NVS`` if the board has it, else in the file ``/secrets.json``. No value is ever printed.

Names are at most 15 characters, as NVS allows: ``wifi_password`` and ``NAMES``, those with ``_2`` behind them for the
fallback route, ``modem_password``, and ``fleet_key``, by which a board signs how it is. Provisioning writes them, the
alert node only reads; ``refresh_now`` and ``access_now`` are its own (see tokens.py, kept_token.py).
"""

NAMESPACE = "umail"
# What a route may need.
NAMES = ("mail_password", "mail_token", "oauth_secret", "refresh_token")
PATH = "/secrets.json"
_LONGEST = 4000
# ESP_ERR_NVS_NOT_FOUND
_NOT_FOUND = -0x1102
# More than the file ever holds.
_ALL = 65536


def get(name):
    """Return the secret ``name`` as a str, or None if there is none; OSError if it cannot be read."""
    store = _nvs()
    if store is None:
        return _read().get(name)
    # The length is not told in advance: short secrets must not cost 4 kB of heap.
    size = 64
    while True:
        buffer = bytearray(size)
        try:
            length = store.get_blob(name, buffer)
            return bytes(buffer[:length]).decode()
        except OSError as error:
            if error.args[0] == _NOT_FOUND:
                return None
            if size >= _LONGEST:
                raise
        size *= 8


def put(name, value):
    """Keep ``value`` (str) as the secret ``name``; None removes it. Raises ValueError if NVS could not hold it."""
    if not 0 < len(name) <= 15:
        raise ValueError("the name of a secret has 1 to 15 characters")
    data = None if value is None else value.encode()
    if data is not None and len(data) > _LONGEST:
        raise ValueError("a secret has at most %d bytes" % _LONGEST)
    store = _nvs()
    if store is None:
        _write(name, value)
        return
    if data is None:
        try:
            store.erase_key(name)
        except OSError:
            pass
    else:
        store.set_blob(name, data)
    store.commit()


def _nvs():
    try:
        import esp32

        return esp32.NVS(NAMESPACE)
    except (ImportError, AttributeError):
        return None


def _read():
    import json

    from alertnode import platform

    try:
        # (Raises OSError if it cannot be read: what is written next must not be all that is left.)
        known = json.loads((platform.whole(PATH, _ALL, True) or b"{}").decode())
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def _write(name, value):
    import json

    from alertnode import platform

    known = _read()
    known.pop(name, None)
    if value is not None:
        known[name] = value
    platform.write(PATH, json.dumps(known).encode())
