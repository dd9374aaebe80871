"""The fake token endpoint over HTTPS: each grant, each refusal, each framing, and tokens that the mail server takes."""

from __future__ import annotations

import base64
import http.client
import json
import smtplib
import ssl
from urllib.parse import urlencode

import pytest

from umail_host.fake_oauth import FakeOAuth, TokenService
from umail_host.fake_smtp import FakeServer, ManualClock

APP = TokenService()
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
DELEGATED = "https://outlook.office.com/SMTP.Send offline_access"
APPLICATION = {
    "grant_type": "client_credentials",
    "client_id": APP.client_id,
    "client_secret": APP.client_secret,
    "scope": "https://outlook.office365.com/.default",
}


def post(endpoint: FakeOAuth, form: dict[str, str], where: str = "token", tenant: str = APP.tenant) -> tuple[int, dict]:
    context = ssl.create_default_context(cadata=endpoint.ca_der)
    connection = http.client.HTTPSConnection("localhost", endpoint.port, context=context, timeout=5)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", f"/{tenant}/oauth2/v2.0/{where}", urlencode(form), headers)
    with connection.getresponse() as response:
        return response.status, json.loads(response.read())


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def endpoint(clock):
    with FakeOAuth(service=TokenService(clock=clock)) as running:
        yield running


def refused(answer: tuple[int, dict]) -> tuple[int, str, str]:
    status, body = answer
    return status, body["error"], body["error_description"].partition(":")[0]


def test_client_credentials_give_a_token_as_long_as_microsofts(endpoint):
    status, body = post(endpoint, APPLICATION)
    assert (status, body["token_type"], body["expires_in"], len(body["access_token"])) == (200, "Bearer", 3599, 1900)
    assert "refresh_token" not in body


@pytest.mark.parametrize(
    ("change", "tenant", "expected"),
    [
        ({"client_secret": "wrong"}, APP.tenant, (401, "invalid_client", "AADSTS7000215")),
        ({"client_secret": ""}, APP.tenant, (401, "invalid_client", "AADSTS7000218")),
        ({"client_id": "other"}, APP.tenant, (400, "unauthorized_client", "AADSTS700016")),
        ({}, "elsewhere", (400, "invalid_request", "AADSTS90002")),
        ({"scope": "openid"}, APP.tenant, (400, "invalid_scope", "AADSTS70011")),
        ({"grant_type": "password"}, APP.tenant, (400, "unsupported_grant_type", "AADSTS70003")),
        ({"grant_type": ""}, APP.tenant, (400, "invalid_request", "AADSTS900144")),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, APP.tenant, (400, "invalid_grant", "AADSTS9002313")),
        ({"grant_type": DEVICE_CODE, "device_code": "x"}, APP.tenant, (400, "bad_verification_code", "AADSTS70018")),
    ],
)
def test_refusals_carry_microsofts_numbers(endpoint, change, tenant, expected):
    assert refused(post(endpoint, APPLICATION | change, tenant=tenant)) == expected


@pytest.mark.parametrize(("number", "error"), [(65001, "invalid_grant"), (7000222, "invalid_client")])
def test_any_refusal_can_be_asked_for(endpoint, number, error):
    endpoint.service.fail = number
    status, body = post(endpoint, APPLICATION)
    assert (body["error"], body["error_codes"], status >= 400) == (error, [number], True)


def test_a_refresh_token_is_good_once_and_brings_the_next(endpoint):
    form = {"grant_type": "refresh_token", "client_id": APP.client_id, "refresh_token": ""}
    first = endpoint.service.issue_refresh_token()
    status, body = post(endpoint, form | {"refresh_token": first})
    assert status == 200
    second = body["refresh_token"]
    assert second != first
    assert refused(post(endpoint, form | {"refresh_token": first})) == (400, "invalid_grant", "AADSTS50173")
    assert post(endpoint, form | {"refresh_token": second})[0] == 200


def test_a_refresh_token_idles_out(endpoint, clock):
    form = {"grant_type": "refresh_token", "client_id": APP.client_id}
    form["refresh_token"] = endpoint.service.issue_refresh_token()
    clock.move(91 * 86400)
    assert refused(post(endpoint, form)) == (400, "invalid_grant", "AADSTS700082")


def device(endpoint: FakeOAuth) -> tuple[dict, dict[str, str]]:
    status, started = post(endpoint, {"client_id": APP.client_id, "scope": DELEGATED}, "devicecode")
    assert status == 200
    form = {"grant_type": DEVICE_CODE, "client_id": APP.client_id, "device_code": started["device_code"]}
    return started, form


def test_the_device_flow_waits_for_the_user(endpoint, clock):
    started, form = device(endpoint)
    assert started["user_code"] in started["message"]
    assert post(endpoint, form)[1]["error"] == "authorization_pending"
    clock.move(1)
    assert post(endpoint, form)[1]["error"] == "slow_down", "polled before its time"
    clock.move(5)
    assert post(endpoint, form)[1]["error"] == "slow_down", "the interval has grown by five seconds"
    clock.move(15)
    assert post(endpoint, form)[1]["error"] == "authorization_pending"
    endpoint.service.approve(started["user_code"])
    clock.move(15)
    status, body = post(endpoint, form)
    assert (status, "refresh_token" in body) == (200, True)


def test_the_device_flow_ends_when_the_user_declines_or_never_comes(endpoint, clock):
    started, form = device(endpoint)
    endpoint.service.deny(started["user_code"])
    assert post(endpoint, form)[1]["error"] == "access_denied"
    _, form = device(endpoint)
    clock.move(901)
    assert post(endpoint, form)[1]["error"] == "expired_token"


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_every_framing_carries_the_same_answer(endpoint, framing):
    endpoint.behaviour.framing = framing
    endpoint.behaviour.padding = 100
    assert post(endpoint, APPLICATION)[0] == 200


def test_a_body_can_be_too_long_for_any_client(endpoint):
    endpoint.behaviour.padding = 1_000_000
    assert post(endpoint, APPLICATION)[0] == 200


def test_a_reply_can_stall_and_the_endpoint_still_ends():
    with FakeOAuth() as endpoint:
        endpoint.behaviour.stall = True
        context = ssl.create_default_context(cadata=endpoint.ca_der)
        connection = http.client.HTTPSConnection("localhost", endpoint.port, context=context, timeout=0.2)
        connection.request("POST", f"/{APP.tenant}/oauth2/v2.0/token", urlencode(APPLICATION))
        response = connection.getresponse()
        with pytest.raises(TimeoutError):
            response.read()


def test_a_bad_certificate_can_be_shown():
    with FakeOAuth(certificate="expired") as endpoint, pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        post(endpoint, APPLICATION)


def test_what_is_recorded_of_requests_holds_no_secret(endpoint):
    refresh = endpoint.service.issue_refresh_token()
    post(endpoint, APPLICATION)
    post(endpoint, {"grant_type": "refresh_token", "client_id": APP.client_id, "refresh_token": refresh})
    assert [request.status for request in endpoint.requests] == [200, 200]
    for shown in (repr(endpoint.requests), repr(endpoint.service)):
        assert APP.client_secret not in shown
        assert refresh not in shown


def test_issued_tokens_are_valid_at_the_mail_server_until_they_end():
    clock = ManualClock()
    with FakeServer("m365-submission", clock=clock) as mail, FakeOAuth(mail) as endpoint:
        _, body = post(endpoint, APPLICATION)
        response = base64.b64encode(f"user=a@contoso.com\1auth=Bearer {body['access_token']}\1\1".encode()).decode()
        context = ssl.create_default_context(cadata=mail.ca_der)
        with smtplib.SMTP("localhost", mail.port, local_hostname="board.example", timeout=5) as client:
            client.starttls(context=context)
            client.ehlo()
            clock.move(3600)
            assert client.docmd("AUTH", "XOAUTH2 " + response)[0] == 535
            clock.move(-60)
            assert client.docmd("AUTH", "XOAUTH2 " + response)[0] == 235
        assert body["access_token"] not in mail.transcript.text()
