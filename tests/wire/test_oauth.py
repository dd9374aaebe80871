"""Tokens fetched by the device itself over verified HTTPS, from a token endpoint that answers as Microsoft's does."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from wire_device import PASSWORD, ROOT, USER

from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.tls import Authority

PROGRAM = Path(__file__).with_name("oauth_program.py")


class Rig:
    """A fake endpoint, the fake Microsoft 365 that takes its tokens, and a device on one interpreter."""

    def __init__(self, command: list[str], library: Path, driver: str, folder: Path, authority: Authority) -> None:
        self.command, self.library, self.driver = command, library, driver
        self.smtp = FakeServer(mailboxes={USER: PASSWORD}, basic_auth=False, authority=authority)
        self.smtp.start()
        self.endpoint = FakeOAuth(self.smtp)
        self.endpoint.start()
        self.trust = folder / "root.der"
        self.trust.write_bytes(self.smtp.ca_der)
        self.output = ""

    def stop(self) -> None:
        self.endpoint.stop()
        self.smtp.stop()

    def run(self, flow: str, *steps: object, **more: object) -> dict:
        service = self.endpoint.service
        job = {
            "flow": flow,
            "steps": list(steps),
            "tenant": service.tenant,
            "client_id": service.client_id,
            "client_secret": service.client_secret,
            "host": "localhost",
            "port": self.endpoint.port,
            "trust": str(self.trust),
            "timeout": 5,
            "user": USER,
            "driver": self.driver,
            **more,
        }
        path = f"{self.library}:{PROGRAM.parent}:.frozen"
        process = subprocess.Popen(
            [*self.command, str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"MICROPYPATH": path, "PYTHONPATH": str(self.library), "PATH": "/usr/bin:/bin"},
        )
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(job))
        process.stdin.close()
        result = None
        killer = threading.Timer(60, process.kill)
        killer.start()
        try:
            for line in process.stdout:
                self.output += line
                if line.startswith("SHOW"):
                    self.shown(*json.loads(line[4:]))
                elif line.startswith("RESULT"):
                    result = json.loads(line[6:])
        finally:
            killer.cancel()
            process.wait()
            process.stdout.close()
        assert result is not None, self.output
        return result

    def shown(self, address: str, code: str) -> None:
        """The person reads where to enter the code, and does."""
        assert address == self.endpoint.service.device_url
        self.endpoint.service.approve(code)


@pytest.fixture(params=["micropython", "micropython-aio", "cpython", "cpython-aio"])
def rig(request, tmp_path, authority):
    name, _, driver = request.param.partition("-")
    if name == "cpython":
        command, library = [sys.executable], ROOT / "lib"
    else:
        interpreter = request.getfixturevalue("micropython")
        command, library = [interpreter, "-X", "heapsize=300k"], request.getfixturevalue("compiled")
    made = Rig(command, library, driver, tmp_path, authority)
    yield made
    made.stop()


def test_client_credentials_log_in_at_exchange_in_five_round_trips(rig):
    result = rig.run("client", rig.smtp.port, rig.smtp.port)
    assert result["results"] == [{"round_trips": 5}, {"round_trips": 5}]
    assert len(rig.endpoint.requests) == 1
    assert len(rig.smtp.inbox.wait(2)) == 2


def test_a_token_that_the_server_no_longer_takes_is_renewed_once(rig):
    result = rig.run("client", "get", rig.smtp.port)
    assert "token" in result["results"][0]
    rig.endpoint.service.on_token = None
    result = rig.run("client", rig.smtp.port)
    assert result["results"][0]["kind"] == "configuration"
    assert result["results"][0]["stage"] == "auth"
    # One run fetched twice: the first token and its one renewal.
    assert len(rig.endpoint.requests) == 1 + 2


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_an_answer_is_read_however_it_is_framed(rig, framing):
    rig.endpoint.behaviour.framing = framing
    assert len(rig.run("client", "get")["results"][0]["token"]) == 1900


def test_the_rotated_refresh_token_is_stored_before_the_access_token_is_used(rig, tmp_path):
    first = rig.endpoint.service.issue_refresh_token()
    result = rig.run("refresh", "get", "renew", refresh_token=first)
    tokens = [step["token"] for step in result["results"]]
    assert tokens[0] != tokens[1]
    assert result["log"] == ["stored", "stored", "stored"]
    assert result["stored"] != first
    store = str(tmp_path / "store.json")
    fresh = rig.endpoint.service.issue_refresh_token()
    result = rig.run("refresh", rig.smtp.port, refresh_token=fresh, store=store)
    assert result["results"] == [{"round_trips": 5}]
    again = rig.run("refresh", rig.smtp.port, store=store)
    assert again["results"] == [{"round_trips": 5}]
    assert again["stored"] != result["stored"]


def test_a_person_signs_in_once_and_the_board_goes_on_alone(rig, tmp_path):
    rig.endpoint.service.interval = 1
    store = str(tmp_path / "store.json")
    assert rig.run("device", rig.smtp.port, store=store)["results"] == [{"round_trips": 5}]
    assert rig.output.count("SHOW") == 1
    assert rig.run("device", rig.smtp.port, store=store)["results"] == [{"round_trips": 5}]
    assert rig.output.count("SHOW") == 1


def test_a_person_who_declines_is_an_error_for_a_person(rig):
    rig.endpoint.service.interval = 1
    rig.shown = lambda address, code: rig.endpoint.service.deny(code)
    error = rig.run("device", "get")["results"][0]
    assert (error["stage"], error["kind"]) == ("auth", "configuration")


@pytest.mark.parametrize(
    ("number", "key"), [(7000215, "token_secret"), (65001, "token_consent"), (700016, "token_application")]
)
def test_each_refusal_is_explained(rig, number, key):
    rig.endpoint.service.fail = number
    error = rig.run("client", "get")["results"][0]
    assert (error["stage"], error["kind"], error["key"]) == ("auth", "configuration", key)
    assert len(error["advice"]) > 20


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_endpoint_in_trouble_is_temporary_whatever_it_says_and_may_name_the_pause(rig, status):
    rig.endpoint.service.fail = 7000215
    rig.endpoint.behaviour.status = status
    rig.endpoint.behaviour.retry_after = 120
    error = rig.run("client", "get")["results"][0]
    assert (error["kind"], error["key"], error["retry_after"]) == ("temporary", "token_busy", 120)
    rig.endpoint.behaviour.body = b"<html>"
    error = rig.run("client", "get")["results"][0]
    assert (error["kind"], error["key"], error["retry_after"]) == ("temporary", "token_endpoint", 120)


@pytest.mark.parametrize(
    "behaviour",
    [
        {"padding": 100_000},
        {"body": b"<html>"},
        {"body": b"[1]"},
        {"stall": True},
        {"framing": "chunked", "padding": 99_999},
    ],
)
def test_an_answer_that_is_too_long_or_none_is_an_error_and_no_hang(rig, behaviour):
    for name, value in behaviour.items():
        setattr(rig.endpoint.behaviour, name, value)
    error = rig.run("client", "get", timeout=2)["results"][0]
    assert (error["stage"], error["kind"], error["key"]) == ("auth", "temporary", "token_endpoint")


def test_the_secret_goes_nowhere_but_to_the_endpoint_whose_certificate_verifies(rig, tmp_path):
    other = FakeServer()
    (tmp_path / "other.der").write_bytes(other.ca_der)
    other.stop()
    error = rig.run("client", "get", trust=str(tmp_path / "other.der"))["results"][0]
    assert (error["kind"], error["key"]) == ("security", "cert_unknown_root")
    assert not rig.endpoint.requests
    rig.endpoint.service.fail = 7000215
    rig.run("client", "get")
    assert rig.endpoint.service.client_secret not in rig.output
