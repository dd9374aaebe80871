"""The fixtures smtp_server, fault and inbox, as someone with another SMTP client uses them."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
SUITE = """
import smtplib, ssl
import pytest

def send(server):
    with smtplib.SMTP("localhost", server.port, timeout=5) as client:
        client.starttls(context=ssl.create_default_context(cadata=server.ca_der))
        client.login("esp32@contoso.com", "fake-Passw0rd")
        client.sendmail("esp32@contoso.com", ["ops@contoso.com"], b"Subject: warm\\r\\n\\r\\nwarm\\r\\n")

def test_arrives(smtp_server, inbox):
    send(smtp_server)
    assert inbox.wait(1)[0]["Subject"] == "warm"

def test_survives(smtp_server, fault, inbox):
    fault("content-451@1")
    with pytest.raises(smtplib.SMTPDataError):
        send(smtp_server)
    send(smtp_server)
    fault("connect-refused")
    with pytest.raises(ConnectionRefusedError):
        send(smtp_server)
    fault("")
    send(smtp_server)
    assert len(inbox.wait(2)) == 2

@pytest.mark.smtp("m365-submission", basic_auth=False)
def test_profile(smtp_server):
    assert smtp_server.profile.name == "m365-submission"
    with pytest.raises(smtplib.SMTPException):
        send(smtp_server)

def test_fails(smtp_server):
    send(smtp_server)
    assert False
"""


def test_an_smtp_client_is_tested_by_three_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess(*PLUGIN, "--strict-markers")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*smtp timeline*", "*Subject: warm*"])
    assert "ZmFrZS1QYXNzdzByZA" not in result.stdout.str()


def test_an_unknown_fault_is_an_error_that_lists_what_there_is(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(fault):\n    fault('rcpt-999')\n")
    pytester.runpytest_subprocess(*PLUGIN).stdout.fnmatch_lines(["*no fault 'rcpt-999'; there are: rcpt-*"])
