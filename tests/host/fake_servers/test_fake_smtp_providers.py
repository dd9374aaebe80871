"""Each provider's profile of the fake server: who may send what to whom, and the limits."""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator

import pytest

import planted
from umail_host.fake_smtp import FakeServer, ManualClock
from umail_host.fake_smtp.core.profiles import PROFILES
from umail_host.fake_smtp.server.tls import Authority, Identity

USER, PASSWORD = "esp32@contoso.com", planted.MAIL_PASSWORD
INSIDE, OUTSIDE = "ops@contoso.com", "someone@fabrikam.com"
AUTHORITY = Authority(["localhost", "127.0.0.1"])
MAIL = "From: <esp32@contoso.com>\r\nSubject: Hi\r\nMessage-ID: <1@board>\r\n\r\nwarm\r\n"


def start(profile: str, **options) -> FakeServer:
    return FakeServer(profile, mailboxes={USER: PASSWORD}, authority=AUTHORITY, **options)


@contextlib.contextmanager
def smtp(server: FakeServer, certificate: Identity | None = None, login: bool = False) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context(cadata=server.ca_der)
    if certificate:
        certificate.load_into(context)
    kind = smtplib.SMTP_SSL if server.profile.implicit_tls else smtplib.SMTP
    more = {"context": context} if server.profile.implicit_tls else {}
    with kind("localhost", server.port, local_hostname="board.example", timeout=10, **more) as client:
        if not more:
            client.starttls(context=context)
        client.ehlo()
        if login:
            client.login(USER, PASSWORD)
        yield client


def refusal(client: smtplib.SMTP, sender: str, recipient: str) -> str:
    """The reply to a mail: empty when it was taken."""
    try:
        client.sendmail(sender, recipient, MAIL)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = error.recipients[recipient]
    except smtplib.SMTPResponseException as error:
        code, text = error.smtp_code, error.smtp_error
    else:
        return ""
    return f"{code} {text.decode()}"


def test_every_profile_takes_a_mail_from_smtplib():
    for profile in PROFILES:
        with start(profile) as server:
            with smtp(server, login=bool(server.profile.mechanisms)) as client:
                assert refusal(client, USER, INSIDE) == "", profile
            assert len(server.inbox.wait(1)) == 1


@pytest.mark.parametrize(
    ("switches", "sender", "recipient", "expected"),
    [
        ({}, USER, INSIDE, ""),
        ({}, OUTSIDE, INSIDE, ""),
        ({}, USER, OUTSIDE, "550 5.7.64 TenantAttribution; Relay Access Denied"),
        ({"recipients": ["boss@contoso.com"]}, USER, INSIDE, "550 5.4.1 Recipient address rejected: Access denied"),
        ({"reject_direct_send": True}, USER, INSIDE, "550 5.7.68 TenantInboundAttribution; Direct Send not allowed"),
        ({"reject_direct_send": True}, OUTSIDE, INSIDE, ""),
        ({"blocked_networks": ["127.0.0.0/8"]}, USER, INSIDE, "550 5.7.1 Service unavailable, Client host [127.0.0.1]"),
        ({"wrong_region": True}, USER, INSIDE, "451 4.4.62"),
        ({"restrict_to_connector": True}, USER, INSIDE, "550 5.7.51 TenantInboundAttribution; Rejecting"),
        ({"accepted_domains": ["fabrikam.com"]}, USER, OUTSIDE, ""),
        ({"require_tls": True}, USER, INSIDE, ""),
    ],
)
def test_direct_send(switches, sender, recipient, expected):
    with start("m365-mx", **switches) as server, smtp(server) as client:
        assert not client.has_extn("auth")
        assert refusal(client, sender, recipient).startswith(expected)
        if not expected:
            assert refusal(client, sender, recipient) == ""


def test_direct_send_in_clear_is_taken_unless_the_recipients_rule_demands_tls():
    for require_tls, expected in ((False, ""), (True, "454 4.7.0")):
        with (
            start("m365-mx", require_tls=require_tls) as server,
            smtplib.SMTP("localhost", server.port, local_hostname="board.example", timeout=10) as client,
        ):
            assert refusal(client, USER, INSIDE).startswith(expected)


def test_acceptance_by_the_mx_reads_as_exchange_writes_it():
    with start("m365-mx") as server, smtp(server) as client:
        client.mail(USER)
        client.rcpt(INSIDE)
        _, text = client.data(MAIL)
        assert re.match(rb"2\.6\.0 <1@board> \[InternalId=\d+, Hostname=\S+\] .* Queued mail for delivery", text)


def test_relay_by_address():
    with start("m365-connector") as server, smtp(server) as client:
        assert refusal(client, USER, OUTSIDE) == ""
        assert "5.7.64" in refusal(client, OUTSIDE, OUTSIDE)
        assert "ATTR36" in refusal(client, OUTSIDE, OUTSIDE)
    with start("m365-connector", connector_networks=["203.0.113.0/24"]) as server, smtp(server) as client:
        assert "5.7.64" in refusal(client, USER, OUTSIDE)
        assert "ATTR36" not in refusal(client, USER, OUTSIDE)


@pytest.mark.parametrize(
    ("names", "sender", "recipient", "expected"),
    [
        (["gateway.contoso.com"], USER, OUTSIDE, ""),
        (["contoso.com"], "esp32@fabrikam.com", OUTSIDE, ""),
        (["gateway.fabrikam.com"], USER, OUTSIDE, "550 5.7.64"),
        (["notcontoso.com"], USER, OUTSIDE, "550 5.7.64"),
        (None, USER, OUTSIDE, "550 5.7.64"),
    ],
)
def test_relay_by_client_certificate(names, sender, recipient, expected):
    identity = AUTHORITY.client(*names) if names else None
    with start("m365-connector", connector_networks=[]) as server, smtp(server, identity) as client:
        assert server.sessions[0].certificate_names == tuple(names or ())
        assert refusal(client, sender, recipient).startswith(expected)


def test_a_client_certificate_needs_its_chain_since_the_server_knows_the_root_only():
    refused = (ssl.SSLError, OSError, smtplib.SMTPServerDisconnected)
    whole = AUTHORITY.client("gateway.contoso.com")
    stranger = Authority(["localhost"]).client("gateway.contoso.com")
    for identity in (Identity(whole.chain[:1], whole.key), stranger):
        with start("m365-connector") as server:
            with (
                pytest.raises(refused),
                smtp(server, identity) as client,
            ):
                client.ehlo()
            assert server.inbox.deliveries == []


def test_hve_sends_within_the_organisation_only_and_to_fifty():
    with start("m365-hve") as server, smtp(server, login=True) as client:
        assert refusal(client, USER, OUTSIDE).startswith("550 5.5.105 External sending is not supported")
        refused = client.sendmail(USER, [f"u{number}@contoso.com" for number in range(51)], MAIL)
        assert list(refused) == ["u50@contoso.com"]


def xoauth2(client: smtplib.SMTP, token: str) -> tuple[int, bytes]:
    response = base64.b64encode(f"user={USER}\1auth=Bearer {token}\1\1".encode()).decode()
    return client.docmd("AUTH", "XOAUTH2 " + response)


def test_a_token_ends_when_its_time_has_come_and_hve_says_so():
    for profile, expected in (("m365-hve", b"5.7.143"), ("m365-submission", b"5.7.3")):
        clock = ManualClock()
        with start(profile, clock=clock, tokens=["t0ken"]) as server:
            server.policy.token_expiry["t0ken"] = clock.time() + 3600
            with smtp(server) as client:
                clock.move(3600)
                code, text = xoauth2(client, "t0ken")
                assert (code, text.split()[0]) == (535, expected)
                clock.move(-1)
                assert xoauth2(client, "t0ken")[0] == 235


def test_azure_takes_senders_of_linked_domains_only_and_counts_by_the_hour():
    clock = ManualClock()
    with start("azure-communication", clock=clock, per_hour=2) as server, smtp(server, login=True) as client:
        assert client.esmtp_features["auth"].split() == ["LOGIN"]
        assert refusal(client, OUTSIDE, INSIDE).startswith("550 5.7.60")
        assert refusal(client, USER, OUTSIDE) == refusal(client, USER, OUTSIDE) == ""
        assert refusal(client, USER, OUTSIDE).startswith("451 4.5.127")
        clock.move(3601)
        assert refusal(client, USER, OUTSIDE) == ""


def test_gmail_offers_and_refuses_as_gmail():
    with start("gmail") as server, smtp(server) as client:
        client.ehlo()
        lines = client.ehlo_resp.decode().split("\n")
        assert lines == [
            *("smtp.gmail.com at your service, [127.0.0.1]", "SIZE 35882577", "8BITMIME"),
            "AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER",
            *("ENHANCEDSTATUSCODES", "PIPELINING", "CHUNKING", "SMTPUTF8"),
        ]
        assert refusal(client, USER, INSIDE).startswith("530 5.7.0 Authentication Required")
        assert client.docmd("AUTH", "OAUTHBEARER")[0] == 504
        code, challenge = xoauth2(client, "old")
        assert (code, b"400" in base64.b64decode(challenge)) == (334, True)
        code, text = client.docmd("")
        assert (code, text.startswith(b"5.7.8 Username and Password not accepted")) == (535, True)


def test_the_thirty_first_message_of_a_minute_is_late_not_refused():
    clock = ManualClock()
    with start("m365-submission", clock=clock, per_minute=3) as server, smtp(server, login=True) as client:
        for _ in range(3):
            assert refusal(client, USER, INSIDE) == ""
        client.sock.settimeout(0.1)
        with pytest.raises((smtplib.SMTPServerDisconnected, socket.timeout)):
            client.sendmail(USER, INSIDE, MAIL)
        assert len(server.inbox) == 3
        clock.move(60)
        assert len(server.inbox.wait(4, timeout=5)) == 4


def test_recipients_are_counted_by_the_day():
    clock = ManualClock()
    with start("m365-submission", clock=clock, recipients_a_day=3) as server, smtp(server, login=True) as client:
        assert client.sendmail(USER, [INSIDE, OUTSIDE], MAIL) == {}
        with pytest.raises(smtplib.SMTPDataError, match="SubmissionQuotaExceededException"):
            client.sendmail(USER, [INSIDE, OUTSIDE], MAIL)
        clock.move(86401)
        assert client.sendmail(USER, [INSIDE, OUTSIDE], MAIL) == {}


def test_the_limits_of_submission_hold_by_default():
    with start("m365-submission") as server:
        assert (server.policy.max_sessions, server.policy.recipients_a_day) == (3, 10_000)
        assert server.profile.max_recipients == 500
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(smtp(server, login=True)) for _ in range(4)]
            assert refusal(clients[3], USER, INSIDE).startswith("432 4.3.2 Concurrent connections limit exceeded")


@pytest.mark.parametrize(
    "reply",
    [
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
        "535 5.7.142 Authentication unsuccessful, token will expire soon",
    ],
)
def test_every_login_can_be_refused_with_any_reply(reply):
    with start("m365-submission", auth_refusal=reply) as server, smtp(server) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.login(USER, PASSWORD)
        assert f"{refused.value.smtp_code} {refused.value.smtp_error.decode()}" == reply
