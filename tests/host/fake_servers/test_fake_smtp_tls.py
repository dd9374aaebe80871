"""The fake server's TLS: from the first byte, each certificate what its name says, what a client needs to trust it."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time

import pytest

from host.fake_servers.raw_client import MAIL, PASSWORD, USER, ended, smtp, start, trusting
from umail_host.fake_smtp.server.tls import CERTIFICATES


def test_implicit_tls():
    with start("generic", implicit_tls=True) as server:
        context = trusting(server)
        with smtplib.SMTP_SSL(
            "localhost", server.port, local_hostname="x.example", context=context, timeout=10
        ) as client:
            client.login(USER, PASSWORD)
            client.sendmail(USER, "ops@contoso.com", MAIL)
        assert len(server.inbox.wait(1)) == 1
        assert server.sessions[0].tls


REFUSED = {
    "expired": "has expired",
    "not-yet-valid": "not yet valid",
    "wrong-name": "Hostname mismatch",
    "unknown-root": "unable to get local issuer",
    "missing-intermediate": "unable to get local issuer",
    "cn-only": "Hostname mismatch",
    "weak-key": "too weak|key too small",
    "wildcard": "Hostname mismatch",
}


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_each_certificate_is_what_its_name_says(certificate):
    with start(certificate=certificate) as server:
        if certificate in REFUSED:
            with pytest.raises(ssl.SSLCertVerificationError, match=REFUSED[certificate]), smtp(server):
                pass
            ended(server)
            assert server.sessions[0].ending.startswith("TLS failed")
        else:
            with smtp(server) as client:
                client.login(USER, PASSWORD)


def test_the_wildcard_certificate_is_good_below_its_domain():
    with start(certificate="wildcard") as server, socket.create_connection(("localhost", server.port)) as connection:
        connection.recv(999)
        connection.sendall(b"EHLO x.example\r\nSTARTTLS\r\n")
        time.sleep(0.05)
        connection.recv(999)
        with trusting(server).wrap_socket(connection, server_hostname="mail.example.org") as secured:
            assert secured.version() == "TLSv1.3"


def test_an_old_tls_version_alone_is_refused_by_a_modern_client():
    with start(tls_version="1.1") as server, pytest.raises(ssl.SSLError, match="version"), smtp(server):
        pass


def test_a_client_gets_a_context_and_a_file_that_trust_the_servers_root():
    with start("generic") as server:
        for context in (server.ssl_context, ssl.create_default_context(cafile=server.ca_file)):
            with smtplib.SMTP("localhost", server.port, local_hostname="x.example", timeout=5) as client:
                assert client.starttls(context=context)[0] == 220
