"""Sends mails with libESMTP (by ctypes) as its examples show it, as the JSON in the first argument says.

It reads the certificate to trust from ``~/.config/libesmtp/ca.pem`` alone, so the bench makes a home for it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import tempfile
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_uint, c_void_p
from pathlib import Path

NAMES = ("libesmtp.so.6",)
_PASS, _PLAIN_ALLOWED, _STARTTLS_REQUIRED, _STARTTLS_NO = 0x0004, 0x02, 2, 0

TLS_1_2 = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMaxProtocol = TLSv1.2\n"


class Field(Structure):
    """struct auth_client_request of auth-client.h."""

    _fields_ = (("name", c_char_p), ("flags", c_uint), ("prompt", c_char_p), ("size", c_uint))


def library() -> ctypes.CDLL:
    """libESMTP, with the types of what is called here."""
    lib = ctypes.CDLL(os.environ.get("LIBESMTP", NAMES[0]))
    for name, result, arguments in (
        ("smtp_create_session", c_void_p, ()),
        ("smtp_add_message", c_void_p, (c_void_p,)),
        ("smtp_set_server", c_int, (c_void_p, c_char_p)),
        ("smtp_set_reverse_path", c_int, (c_void_p, c_char_p)),
        ("smtp_add_recipient", c_void_p, (c_void_p, c_char_p)),
        ("smtp_set_messagecb", c_int, (c_void_p, c_void_p, c_char_p)),
        ("smtp_starttls_enable", c_int, (c_void_p, c_int)),
        ("smtp_auth_set_context", c_int, (c_void_p, c_void_p)),
        ("smtp_start_session", c_int, (c_void_p,)),
        ("smtp_destroy_session", c_int, (c_void_p,)),
        ("smtp_message_transfer_status", c_void_p, (c_void_p,)),
        ("auth_create_context", c_void_p, ()),
        ("auth_set_mechanism_flags", c_int, (c_void_p, c_uint, c_uint)),
        ("auth_set_interact_cb", c_int, (c_void_p, c_void_p, c_void_p)),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, list(arguments)
    return lib


def send(job: dict) -> None:
    """All mails of the job in one session."""
    lib = library()
    lib.auth_client_init()
    session = lib.smtp_create_session()
    lib.smtp_set_server(session, b"localhost:%d" % job["port"])
    lib.smtp_starttls_enable(session, _STARTTLS_NO if job["security"] == "plain" else _STARTTLS_REQUIRED)

    def answer(fields, result, count, _):  # type: ignore[no-untyped-def]
        for i in range(count):
            result[i] = job["secret"].encode() if fields[i].flags & _PASS else job["user"].encode()
        return 1

    interact = CFUNCTYPE(c_int, POINTER(Field), POINTER(c_char_p), c_int, c_void_p)(answer)
    if job["mechanism"]:
        context = lib.auth_create_context()
        lib.auth_set_mechanism_flags(context, _PLAIN_ALLOWED, 0)
        lib.auth_set_interact_cb(context, ctypes.cast(interact, c_void_p), None)
        lib.smtp_auth_set_context(session, context)
    text = Path(job["file"]).read_bytes()
    writer = ctypes.cast(lib._smtp_message_str_cb, c_void_p)
    for _ in range(job["count"]):
        message = lib.smtp_add_message(session)
        lib.smtp_set_reverse_path(message, job["user"].encode())
        lib.smtp_add_recipient(message, job["to"].encode())
        lib.smtp_set_messagecb(message, writer, text)
    if not lib.smtp_start_session(session):
        buffer = ctypes.create_string_buffer(200)
        lib.smtp_strerror(lib.smtp_errno(), buffer, 200)
        raise SystemExit("libESMTP: " + buffer.value.decode())
    lib.smtp_destroy_session(session)


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        folder = Path(home) / ".config" / "libesmtp"
        folder.mkdir(parents=True, mode=0o700)
        shutil.copy(task["trust"], folder / "ca.pem")
        (folder / "ca.pem").chmod(0o600)
        # Over TLS 1.3 libESMTP 1.1 waits for ever.
        (Path(home) / "openssl.cnf").write_text(TLS_1_2, encoding="ascii")
        os.environ["OPENSSL_CONF"] = home + "/openssl.cnf"
        send(task)
