"""Where a refresh token is kept: in a file, in an ESP32's NVS."""

import os
import sys

from check import equal, raises
from umail import oauth


def test_a_store_keeps_what_it_was_given_and_replaces_it_as_a_whole():
    path = "umail-store-%d.json" % (id(object()) % 100000)
    try:
        store = oauth.FileStore(path)
        equal(store.get("refresh_token"), None)
        store.set("refresh_token", "first")
        store.set("other", "x")
        store.set("refresh_token", "second")
        equal(oauth.FileStore(path).get("refresh_token"), "second")
        equal(oauth.FileStore(path).get("other"), "x")
        raises(OSError, os.stat, path + ".new")
        if hasattr(os, "chmod"):
            # A computer has other users.
            equal(os.stat(path)[0] & 0o777, 0o600)
    finally:
        os.remove(path)


class Nvs:
    # As esp32.NVS: what was not committed is gone with the power; a key that is not there raises OSError.
    kept = {}

    def __init__(self, namespace):
        self.values = dict(Nvs.kept)

    def set_blob(self, key, value):
        if len(key) > 15:
            raise ValueError(key)
        self.values[key] = bytes(value)

    def get_blob(self, key, into):
        if key not in self.values:
            raise OSError(-4354)
        value = self.values[key]
        into[: len(value)] = value
        return len(value)

    def commit(self):
        Nvs.kept = dict(self.values)


def test_an_esp32_keeps_its_token_in_nvs_committed():
    class Esp32:
        NVS = Nvs

    sys.modules["esp32"] = Esp32
    try:
        store = oauth.NvsStore()
        equal(store.get("refresh_token"), None)
        store.set("refresh_token", "r" * 1500)
        equal(oauth.NvsStore().get("refresh_token"), "r" * 1500)
    finally:
        del sys.modules["esp32"]
