"""The log stays bounded and harmless; secrets are kept where no listing shows them."""

import os
import sys

from alertnode import routes, secrets
from alertnode.log import Log
from check import equal, inside, raises, scratch

PATH = scratch("log.txt")


def size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return 0


def clean():
    for path in (PATH, PATH + ".old"):
        try:
            os.remove(path)
        except OSError:
            pass


def journal(**more):
    shown = []
    log = Log(path=PATH, show=shown.append, **more)
    log.stamp = lambda long=False: "2026-11-24 12:03:00 CET" if long else "12:03"
    return log, shown


def test_lines_are_printed_kept_and_bounded_in_ram_and_on_flash():
    clean()
    try:
        log, shown = journal(size=400, lines=3)
        for number in range(100):
            log.say("line %d" % number)
            equal(size(PATH) + size(PATH + ".old") <= 400, True)
        equal(shown[-1], "12:03 line 99")
        equal(log.lines, ["2026-11-24 12:03:00 CET line %d" % n for n in (97, 98, 99)])
        with open(PATH) as file:
            inside("2026-11-24 12:03:00 CET line 99\n", file.read())
    finally:
        clean()


def test_a_note_is_in_the_file_only():
    clean()
    try:
        log, shown = journal()
        log.note("Message-ID <a@x>")
        equal((shown, log.lines), ([], []))
        with open(PATH) as file:
            equal(file.read(), "2026-11-24 12:03:00 CET Message-ID <a@x>\n")
    finally:
        clean()


def test_a_servers_words_can_neither_forge_a_line_nor_move_the_cursor():
    log, shown = journal(size=0)
    log.say("a\r\nb\x1b[2J\x7f" + "x" * 1000)
    equal(shown, ["12:03 a  b [2J " + "x" * 291])


def test_a_line_that_finds_no_memory_for_its_file_is_shown_and_brings_nothing_down():
    from alertnode import log as module

    class Short:
        def stat(self, path):
            raise MemoryError()

    log, shown = journal()
    real, module.os = module.os, Short()  # type: ignore[assignment]
    try:
        log.say("door is open")
    finally:
        module.os = real
    equal((shown, log.lines), (["12:03 door is open"], ["2026-11-24 12:03:00 CET door is open"]))


def test_a_full_flash_is_told_once_and_the_log_goes_on_in_ram():
    shown = []
    log = Log(path="no/such/folder/log", show=shown.append)
    log.say("one")
    log.say("two")
    equal(len([line for line in shown if "flash is full" in line]), 1)
    equal(len(log.lines), 2)


class Store:
    """An esp32.NVS of one board."""

    blobs = {}

    def __init__(self, namespace):
        equal(namespace, "umail")

    def get_blob(self, name, buffer):
        if name not in self.blobs:
            # ESP_ERR_NVS_NOT_FOUND
            raise OSError(-4354)
        if len(buffer) < len(self.blobs[name]):
            # ESP_ERR_NVS_INVALID_LENGTH
            raise OSError(-4364)
        buffer[: len(self.blobs[name])] = self.blobs[name]
        return len(self.blobs[name])

    def set_blob(self, name, data):
        self.blobs[name] = bytes(data)

    def erase_key(self, name):
        if self.blobs.pop(name, None) is None:
            raise OSError(-4354)

    def commit(self):
        self.committed = True


class Esp32:
    NVS = Store


def test_nvs_holds_secrets_of_any_length_where_there_is_nvs():
    sys.modules["esp32"] = Esp32
    try:
        for value in ("short", "ä" * 100, "t" * 1900):
            secrets.put("mail_password", value)
            equal(secrets.get("mail_password"), value)
        secrets.put("mail_password", None)
        equal(secrets.get("mail_password"), None)
        secrets.put("mail_password", None)
    finally:
        del sys.modules["esp32"]


def test_a_file_holds_them_elsewhere():
    old = secrets.PATH
    secrets.PATH = scratch("secrets.json")
    try:
        equal(secrets.get("mail_password"), None)
        secrets.put("mail_password", "geheim")
        secrets.put("wifi_password", "auch")
        equal(secrets.get("mail_password"), "geheim")
        secrets.put("mail_password", None)
        equal((secrets.get("mail_password"), secrets.get("wifi_password")), (None, "auch"))
        # As alertnode 0.1 wrote it; and damaged.
        for octets, wanted in (
            (b'{"mail_password": "alt"}', "alt"), (b"", None), (b"[]", None), (b"\xff", None), (b'{"mail_pass', None)
        ):  # fmt: skip
            with open(secrets.PATH, "wb") as file:
                file.write(octets)
            equal(secrets.get("mail_password"), wanted, octets)
    finally:
        os.remove(secrets.PATH)
        secrets.PATH = old


def test_a_name_or_value_that_nvs_could_not_hold_is_refused():
    raises(ValueError, secrets.put, "a" * 16, "x")
    raises(ValueError, secrets.put, "mail_token", "x" * 5000)


class Library:
    """umail's routes, which keep how they were made."""

    class m365:
        @staticmethod
        def submission(username, **more):
            return ("submission", username, sorted(more))

        @staticmethod
        def direct_send(domain, **more):
            return ("direct_send", domain, sorted(more))

    @staticmethod
    def load_transient(name):
        return getattr(Library, name)

    @staticmethod
    def Route(host, **more):
        return ("smtp", host, sorted(more))


def mail(**keys):
    known = (
        "oauth",
        "fallback",
        "host",
        "port",
        "security",
        "sender",
        "ehlo",
        "username",
        "domain",
        "trust",
        "certificate",
        "private_key",
    )
    section = dict.fromkeys(known, "")
    section.update(keys)
    return section


def test_a_route_is_made_of_the_configuration_and_its_secrets():
    held = {"mail_password": "geheim"}
    made = routes.build(mail(route="m365.submission", username="a@x", host="localhost", port=5870), held.get, Library)
    equal(made, ("submission", "a@x", ["host", "password", "port"]))
    made = routes.build(mail(route="m365.submission", username="a@x"), {"mail_token": "t"}.get, Library)
    equal(made, ("submission", "a@x", ["token"]))
    made = routes.build(mail(route="m365.direct_send", domain="contoso.com", sender="a@x"), held.get, Library)
    equal(made, ("direct_send", "contoso.com", ["sender"]))
    made = routes.build(mail(route="smtp", host="h", sender="a@x", trust=["/a.der"]), held.get, Library)
    equal(made, ("smtp", "h", ["sender", "trust"]))


def test_a_login_without_its_secret_is_one_sentence():
    error = raises(ValueError, routes.build, mail(route="m365.submission", username="a@x"), {}.get, Library)
    inside("secret mail_password", str(error))


def test_a_second_route_has_its_own_secrets_and_the_sender_that_its_login_may_use():
    first = mail(route="m365.submission", username="a@x")
    equal(routes.every(first, {"mail_password": "p"}.get, Library), ("submission", "a@x", ["password"]))
    first["fallback"] = mail(route="smtp", host="h", username="b@y")
    made = routes.every(first, {"mail_password": "p", "mail_token_2": "t"}.get, Library)
    equal(made, [("submission", "a@x", ["password"]), ("smtp", "h", ["sender", "token", "username"])])
    inside("secret mail_password_2 ", str(raises(ValueError, routes.every, first, {"mail_password": "p"}.get, Library)))


def test_a_certificate_that_is_missing_or_pem_is_told_when_the_board_starts():
    path = "umail-test-cert.der"
    mail = {"trust": (), "certificate": [path], "private_key": "", "fallback": ()}
    try:
        for content, said in ((None, "is not there: bring it by"), (b"-----BEGIN", "is not DER"), (b"0\x82", "")):
            if content is not None:
                with open(path, "wb") as file:
                    file.write(content)
            if said:
                text = str(raises(ValueError, routes.check_files, mail))
                inside("the file %s of mail.certificate %s" % (path, said), text)
                first = {"trust": "insecure", "certificate": (), "private_key": "", "fallback": mail}
                inside(" of mail.fallback.certificate ", str(raises(ValueError, routes.check_files, first)))
        routes.check_files(mail)
    finally:
        os.remove(path)
