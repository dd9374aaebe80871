"""What session.py and delivery.py promise of a driver holds for both of them, on both interpreters."""

from __future__ import annotations

import ast
import contextlib
import errno
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
PROGRAM = Path(__file__).with_name("contract_program.py")


def attempt(device, case: str, serve: Callable[[socket.socket], None] | None = None, size: int = 0) -> dict:
    """Run one generator of contract_program.py against a server that does ``serve`` with its one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def run() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    (serve or read_until_end)(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        job = {"case": case, "driver": device.driver, "port": listener.getsockname()[1], "size": size}
        path = os.pathsep.join([str(device.library), ".frozen"])
        done = subprocess.run(
            [
                *device.command[:1],
                *(["-X", "heapsize=16m"] if "micropython" in device.command[0] else []),
                str(PROGRAM),
            ],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=40,
            env={**os.environ, "MICROPYPATH": path, "PYTHONPATH": str(device.library)},
            check=False,
        )
        thread.join(5)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT")), "")
    assert line, done.stdout + done.stderr
    return json.loads(line[6:])


def read_until_end(peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


def read_all(peer: socket.socket, size: int) -> None:
    while size:
        size -= len(peer.recv(65536))


def test_a_driver_receives_while_it_sends(device):
    size = 6_000_000

    def serve(peer: socket.socket) -> None:
        peer.sendall(b"a" * 600)
        time.sleep(0.2)
        read_all(peer, size)
        # Not before the driver has noticed that its last bytes have left.
        time.sleep(0.2)
        peer.sendall(b"done!")

    told = attempt(device, "listens_while_sending", serve, size)
    assert (told["heard"], told["count"], told["end"]) == (600, 5, 0)


def test_more_than_the_buffer_holds_neither_blocks_the_sending_nor_is_lost(device):
    # More than a kernel keeps for a peer that has not begun to read.
    size = 6_000_000

    def serve(peer: socket.socket) -> None:
        peer.sendall(b"a" * 1024 + b"tail.")
        read_all(peer, size)

    told = attempt(device, "listens_while_sending", serve, size)
    assert (told["heard"], told["count"], told["end"]) == (1024, 5, 0)


def test_zero_goes_on_with_the_same_wait(device):
    def serve(peer: socket.socket) -> None:
        for _ in range(20):
            peer.sendall(b"x")
            time.sleep(0.2)

    told = attempt(device, "waits_once", serve)
    assert told["errno"] == errno.ETIMEDOUT
    assert 900 <= told["milliseconds"] < 3000


def test_the_limit_ends_a_sending_that_nobody_reads_and_ticks_come_meanwhile(device):
    def serve(peer: socket.socket) -> None:
        time.sleep(3)

    told = attempt(device, "keeps_the_limit", serve, 12_000_000)
    assert told["errno"] == errno.ETIMEDOUT
    assert 900 <= told["milliseconds"] < 3000
    assert told["ticks"] >= 2


def test_what_escapes_closes_socket_and_generator(device):
    told = attempt(device, "fails")
    assert (told["raised"], told["closed"], told["finished"]) == ("KeyError", True, True)
    told = attempt(device, "stops_early")
    assert (told["raised"], told["closed"], told["finished"]) == ("AttributeError", True, True)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_a_tick_raises_leaves_as_it_is(device, which):
    told = attempt(device, "waits_with_a_tick_that_raises", size=which)
    assert (told["raised"], told["closed"]) == (["ValueError", "OSError", "MailError"][which], True)
    assert "thrown_in" not in told


def test_a_pause_is_as_long_as_asked_with_ticks(device):
    told = attempt(device, "pauses")
    assert 1100 <= told["milliseconds"] < 3000
    assert told["ticks"] >= 2


def test_the_core_imports_no_socket_no_tls_no_clock_and_no_loop():
    library = Path(__file__).resolve().parents[2] / "lib" / "umail"
    core = [path.relative_to(library).as_posix()[:-3] for path in (library / "smtp").glob("*.py")]
    assert len(core) > 8
    for name in [*core, "route", "m365", "policy"]:
        source = (library / f"{name}.py").read_text()
        for module in ("socket", "sockets", "ssl", "tls", "asyncio", "select", "time"):
            assert f"import {module}\n" not in source, (name, module)
            assert f"from {module} import" not in source, (name, module)


@pytest.mark.parametrize("name", ["blocking", "aio", "net/transport"])
def test_a_driver_knows_no_smtp_and_stays_small(name):
    source = (Path(__file__).resolve().parents[2] / "lib" / "umail" / f"{name}.py").read_text()
    tree = ast.parse(source)
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    said = {word if isinstance(word, str) else word.decode() for word in words if isinstance(word, (str, bytes))}
    said -= {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, _DOCUMENTED)}
    for verb in ("EHLO", "HELO", "MAIL", "RCPT", "DATA", "BDAT", "AUTH", "QUIT", "RSET", "STARTTLS"):
        assert not [text for text in said if verb in text.upper().split()], verb
    assert source.count("\n") <= 175
