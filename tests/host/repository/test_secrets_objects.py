"""No object of ours, alive or raised, shows a secret that it holds; nor does the list of processes."""

from __future__ import annotations

import base64
import gc
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import planted
import umail
from umail import MailError, Message, Outbox, Route, m365, oauth
from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.server.tls import Authority

USER = "esp32@contoso.com"
OURS = ("umail", "umail_host", "alertnode")


@pytest.fixture(autouse=True)
def _all_objects() -> Iterator[None]:
    """Let the garbage collector name also what was there before the first test, which conftest.py has put aside."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


def ours_alive() -> Iterator[object]:
    """Every object of a class of ours, as the garbage collector knows them."""
    for one in gc.get_objects():
        module = type(one).__module__
        # (Of some classes made in C it is a descriptor.)
        if isinstance(module, str) and module.partition(".")[0] in OURS:
            yield one


def shown(one: object) -> str:
    """All that printing, logging or formatting it could show."""
    return f"{one!r} {one!s} {[one]!r} {one}"


@pytest.fixture
def earlier() -> list[object]:
    """What earlier tests left: it may show a planted secret by right, such as the reply of a fault."""
    return list(ours_alive())


@pytest.fixture
def server(earlier: list[object]) -> Iterator[FakeServer]:
    with FakeServer("generic", mailboxes={USER: planted.MAIL_PASSWORD}, tokens={planted.TOKEN: USER}) as made:
        yield made


def to(server: FakeServer) -> dict[str, Any]:
    """The arguments of a route that lead to it."""
    return {"host": "localhost", "port": server.port, "trust": server.ca_der}


def routes(server: FakeServer, endpoint: FakeOAuth) -> list[Route]:
    """One with each kind of credential."""
    identity = Authority(["contoso.com"]).client("contoso.com")
    more = to(server)
    service = endpoint.service
    fetched = {"host": "localhost", "port": endpoint.port, "trust": endpoint.ca_der}
    token = oauth.ClientCredentials(service.tenant, service.client_id, service.client_secret, **fetched)
    return [
        m365.submission(USER, password=planted.MAIL_PASSWORD, **more),
        m365.submission(USER, token=lambda refresh=False: planted.TOKEN, **more),
        m365.submission(USER, token=token, **more),
        m365.relay("contoso.com", USER, certificate=(identity.chain, planted.private_key()), **more),
        Route("localhost", username=USER, password=planted.MAIL_PASSWORD),
    ]


def test_no_object_of_ours_shows_what_it_holds(earlier: list[object], server: FakeServer, tmp_path: Path) -> None:
    kept: list[object] = []
    with FakeOAuth(server) as endpoint:
        message = Message(USER, "ops@contoso.com", "warm", text="37 °C")
        for route in routes(server, endpoint)[:3]:
            client = umail.Client(route)
            assert client.send(message).accepted
            outbox = Outbox(str(tmp_path / "outbox"), route)
            outbox.put(message)
            kept += [route, client, outbox, outbox.flush()]
            outbox.close()
        kept.append(routes(server, endpoint))
        known = {id(one) for one in earlier}
        alive = [one for one in ours_alive() if id(one) not in known]
        assert {"Route", "Client", "Session", "Outbox", "ClientCredentials", "FakeServer", "Policy"} <= {
            type(one).__name__ for one in alive
        }
        showing = {type(one).__qualname__ for one in alive if planted.found(shown(one))}
        assert not showing
        assert not planted.found(repr(kept))


@pytest.mark.parametrize("faults", ["auth-echo", "login-only,auth-echo", "auth-535", "auth-334-endless"])
def test_no_error_tells_what_was_sent(server: FakeServer, faults: str) -> None:
    with FakeOAuth(server) as endpoint:
        for route in routes(server, endpoint)[:3]:
            server.set_faults(faults)
            with pytest.raises(MailError) as caught:
                umail.send(route, Message(USER, "ops@contoso.com", "warm", text="37 °C"))
            error = caught.value
            assert error.stage == "auth"
            told = "".join(traceback.format_exception(error)) + shown(error) + repr(vars(error)) + error.advice
            assert not planted.found(told)


ECHOES = {
    "in clear": planted.TOKEN,
    "in base64": base64.b64encode(planted.TOKEN.encode()).decode(),
    "as it was sent": base64.b64encode(f"user={USER}\1auth=Bearer {planted.TOKEN}\1\1".encode()).decode(),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_a_server_that_repeats_the_token_in_any_reply_is_not_quoted(server: FakeServer, echo: str) -> None:
    route = m365.submission(USER, token=lambda refresh=False: planted.TOKEN, **to(server))
    message = Message(USER, ["a@contoso.com", "b@contoso.com"], "warm", text="37 °C")
    for point, reply in (("mail", "550 5.7.1"), ("rcpt", "550 5.1.1"), ("content", "554 5.6.0"), ("content", "354")):
        server.set_faults(f"answer={point} {reply} not after {ECHOES[echo]}")
        with pytest.raises(MailError) as caught:
            umail.send(route, message)
        told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert "not after" in told
        assert "***" in told
        assert not planted.found(told)
    server.set_faults(f"answer=content 250 2.0.0 welcome {ECHOES[echo]},rcpt-550-rest")
    receipt = umail.send(route, message)
    assert receipt.refused
    assert "welcome" in str(receipt.reply)
    assert not planted.found(repr(receipt) + repr(receipt.reply))


@pytest.mark.parametrize(
    "wrong",
    [
        {"security": "plain"},
        {"security": "opportunistic"},
        {"port": 0},
        {"username": None},
        {"token": len},
        {"host": "two words"},
    ],
)
def test_no_refused_argument_is_repeated_with_the_password(wrong: dict[str, object]) -> None:
    arguments = {"host": "h", "username": USER, "password": planted.MAIL_PASSWORD, **wrong}
    with pytest.raises(ValueError) as caught:
        Route(**arguments)  # type: ignore[arg-type]
    assert not planted.found(str(caught.value))


class Processes(threading.Thread):
    """Reads the arguments of all processes, as any user of the machine may, until ``ended``."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.seen: set[bytes] = set()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(0.01):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    self.seen.add((folder / "cmdline").read_bytes())
                except OSError:
                    pass  # it has ended


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc, as Linux has it")
def test_no_argument_of_a_process_is_a_secret_while_a_board_is_provisioned(micropython: str, tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from typing import Any
from host.firmware.firmware_rig import installed, rig
from host.provision.test_provision import toml
from umail_host.cli import main
folder = Path({str(tmp_path)!r})
with rig(installed(folder / "flash"), folder / "board") as node:
    file, root = toml(node, folder)
    sys.argv = ["umail", "provision", str(file), "--port", node.board.port, "--file", root, "--name", "freezer-1"]
    main()
"""
    secrets = {"UMAIL_SECRET_MAIL_PASSWORD": planted.MAIL_PASSWORD, "UMAIL_SECRET_WIFI_PASSWORD": planted.WIFI_PASSWORD}
    path = os.pathsep.join(sys.path)
    processes = Processes()
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **secrets, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    processes.ended.set()
    processes.join()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ send" in done.stdout
    # The interpreter of the virtual board was among them.
    assert any(b"micropython" in arguments for arguments in processes.seen)
    assert not planted.found(b"\n".join(processes.seen))
