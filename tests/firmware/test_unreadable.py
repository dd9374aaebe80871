"""A flash that cannot be read for a moment is a failed start, and never a missing file or secret."""

import os
import sys

from alertnode import config, platform, routes, secrets
from check import equal, raises, scratch
from unreadable import Unreadable


def test_a_configuration_a_certificate_and_secrets_that_cannot_be_read_are_not_missing():
    mail = {"trust": ["/nowhere/root.der"], "certificate": (), "private_key": "", "fallback": ()}
    with Unreadable("/nowhere/"):
        raises(OSError, config.load, "/nowhere/config.json")
        raises(OSError, routes.check_files, mail)
    raises(ValueError, routes.check_files, mail)
    old = secrets.PATH
    secrets.PATH = "/nowhere/secrets.json"
    try:
        with Unreadable("/nowhere/"):
            raises(OSError, secrets.get, "mail_password")
        equal(secrets.get("mail_password"), None)
    finally:
        secrets.PATH = old


def test_secrets_that_cannot_be_read_are_not_written_over():
    old = secrets.PATH
    secrets.PATH = scratch("kept.json")
    try:
        secrets.put("mail_password", "kept")
        with Unreadable("kept.json"):
            raises(OSError, secrets.put, "refresh_now", "new")
        # Two errors in a row are read over.
        with Unreadable("kept.json", times=2):
            secrets.put("refresh_now", "new")
        equal((secrets.get("mail_password"), secrets.get("refresh_now")), ("kept", "new"))
    finally:
        os.remove(secrets.PATH)
        secrets.PATH = old


def test_nvs_that_fails_is_not_empty():
    class Esp32:
        class NVS:
            def __init__(self, namespace):
                pass

            def get_blob(self, name, buffer):
                # ESP_ERR_NO_MEM
                raise OSError(-257)

    sys.modules["esp32"] = Esp32
    try:
        raises(OSError, secrets.get, "mail_password")
    finally:
        del sys.modules["esp32"]


def test_what_is_only_memory_counts_as_none_if_it_stays_unreadable():
    path = scratch("state.json")
    platform.write(path, b"kept")
    try:
        with Unreadable("state.json", times=2):
            equal(platform.read(path), b"kept")
        with Unreadable("state.json"):
            equal(platform.read(path), None)
    finally:
        os.remove(path)
