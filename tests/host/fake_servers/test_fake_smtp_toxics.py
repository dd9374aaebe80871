"""The toxic proxy: each toxic does to the bytes what it says, and nothing else."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest

import planted
from umail_host.fake_smtp import FakeServer
from umail_host.fake_smtp.faults.toxics import SUMMARIES, Proxy, Toxics, parse

DATA = bytes(range(256)) * 400


class Echo(threading.Thread):
    """Sends back whatever it gets."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                while data := connection.recv(65536):
                    connection.sendall(data)


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    server = Echo()
    server.start()
    yield server
    server.listener.close()


@contextlib.contextmanager
def through(echo: Echo, toxics: str) -> Iterator[socket.socket]:
    with Proxy(echo.port, *parse(toxics)) as proxy, socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
        yield client


def receive(client: socket.socket, count: int | None = None) -> bytes:
    """As many bytes, or all up to the end."""
    got = b""
    while count is None or len(got) < count:
        piece = client.recv(65536)
        if not piece:
            break
        got += piece
    return got


@pytest.mark.parametrize(
    "toxics", ["", "latency=0.01", "jitter=0.002,slice=1000", "bandwidth=2000000", "slow_close=0.01"]
)
def test_whatever_the_network_does_to_times_octets_arrive_whole_and_in_order(echo, toxics):
    with through(echo, toxics) as client:
        client.sendall(DATA)
        client.shutdown(socket.SHUT_WR)
        assert receive(client) == DATA


def test_latency_delays_each_way_without_holding_the_flow_up(echo):
    with through(echo, "latency=0.05") as client:
        began = time.monotonic()
        for _ in range(20):
            client.sendall(b"x" * 100)
            time.sleep(0.001)
        receive(client, 2000)
        assert 0.1 <= time.monotonic() - began < 0.4


def test_bandwidth_is_a_limit_in_one_direction(echo):
    with through(echo, "down:bandwidth=100000") as client:
        began = time.monotonic()
        client.sendall(DATA[:20000])
        receive(client, 20000)
        assert 0.15 <= time.monotonic() - began < 1


def test_slices_arrive_one_by_one(echo):
    with through(echo, "down:slice=1,down:slice_delay=0.15") as client:
        client.sendall(b"oct")
        assert [client.recv(100) for _ in range(3)] == [b"o", b"c", b"t"]


@pytest.mark.parametrize("limit", [0, 1, 7, 5000])
def test_limit_data_closes_after_exactly_so_many_octets(echo, limit):
    with through(echo, f"down:limit_data={limit}") as client:
        client.sendall(DATA[:10000])
        assert receive(client) == DATA[:limit]


@pytest.mark.parametrize("limit", [0, 3])
def test_reset_is_a_reset(echo, limit):
    def send() -> None:
        with through(echo, f"up:reset={limit}") as client:
            client.sendall(b"octets")
            receive(client)

    with pytest.raises(ConnectionResetError):
        send()


def test_timeout_lets_nothing_pass_and_keeps_the_connection(echo):
    with through(echo, "down:timeout=3") as client:
        client.sendall(b"octets")
        assert receive(client, 3) == b"oct"
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_slow_close_delays_the_end(echo):
    with through(echo, "down:slow_close=0.1") as client:
        began = time.monotonic()
        client.shutdown(socket.SHUT_WR)
        assert receive(client) == b""
        assert time.monotonic() - began >= 0.1


def test_a_server_that_is_not_there_shows_as_a_reset():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with Proxy(free.getsockname()[1]) as proxy, pytest.raises(ConnectionResetError):
            socket.create_connection(("127.0.0.1", proxy.port), 5).recv(1)


def test_mail_over_tls_passes_a_bad_network():
    with (
        FakeServer("generic", mailboxes={"a@b.c": planted.MAIL_PASSWORD}) as server,
        Proxy(server.port, *parse("slice=3")) as proxy,
    ):
        with smtplib.SMTP("localhost", proxy.port, local_hostname="x.example", timeout=10) as client:
            client.starttls(context=ssl.create_default_context(cadata=server.ca_der))
            client.login("a@b.c", planted.MAIL_PASSWORD)
            client.sendmail("a@b.c", "d@e.f", "Subject: x\r\n\r\ny\r\n")
        assert len(server.inbox.wait(1)) == 1


def test_what_is_written_is_what_is_read():
    assert parse("latency=0.1,down:slice=1,up:reset=9") == (Toxics(latency=0.1, reset=9), Toxics(latency=0.1, slice=1))
    assert parse("") == (Toxics(), Toxics())
    for wrong in (
        "lag=1",
        "latency",
        "latency=x",
        "left:latency=1",
        "slice=1.5",
        "slice=-1",
        "latency=nan",
        "jitter=inf",
    ):
        with pytest.raises(ValueError, match=r"latency|number"):
            parse(wrong)


def test_every_toxic_is_listed():
    assert list(SUMMARIES) == list(Toxics.__dataclass_fields__)
