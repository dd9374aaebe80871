"""What an alert of a board on battery waits for, from its wake to the final 250: round trips, each one counted.

A TLS 1.2 handshake is two (RFC 5246, 7.3); what the dialogue takes is told by the receipt on the console; all else is
seen by the stand-ins of device_trips.py. An access token is fetched with a request of HTTP, and outlives the sleep.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import wake

from umail_host.fake_oauth import FakeOAuth
from umail_host.fake_smtp import FakeServer

USER = "esp32@contoso.com"
HOST = "mail.contoso.example"
TOKENS = "login.contoso.example"
GOALS = {"LOGIN": 10, "PLAIN": 9, "XOAUTH2": 9}


@contextmanager
def name_server(seconds: int = 3600) -> Iterator[int]:
    """A DNS server that gives 127.0.0.1 for every name, to be kept for ``seconds``; yields its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                packet, who = sock.recvfrom(512)
                if not packet:
                    return
                record = b"\xc0\x0c\0\1\0\1" + seconds.to_bytes(4, "big") + b"\0\4\x7f\0\0\1"
                sock.sendto(packet[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + packet[12:] + record, who)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", sock.getsockname())
            thread.join()


def config(port: int) -> dict[str, Any]:
    """The configuration of a node whose mail server is at ``port`` of this computer."""
    mail = {"route": "smtp", "username": USER, "to": ["ops@contoso.com"], "host": HOST, "port": port}
    rule = {"name": "temperature", "when": "above", "limit": 0.3, "hysteresis": 0.1}
    return wake.CONFIG | {"mail": mail | {"trust": "/root.der"}, "rules": [rule], "storm": {"window": 0}}


def mailed(output: str) -> Counter[str]:
    """Count the round trips up to the first mail that the console ``output`` of a node tells of.

    Raises:
        RuntimeError: none was mailed.
    """
    before, told, after = output.partition(": alert mailed to ")
    if not told:
        before, told, after = output.partition(": recovery mailed to ")
    found = re.match(r"\S+ in (\d+) round trips?", after)
    if not found:
        raise RuntimeError(output)
    steps = Counter(re.findall("^step (.+)$", before, re.MULTILINE))
    # A connection other than the mail server's is the token endpoint's.
    tcp = steps["TCP"]
    return steps + Counter({"TLS": 2 * tcp, "HTTP": tcp - 1, "SMTP": int(found[1])})


def count(
    micropython: str,
    source: Path,
    folder: Path,
    mechanism: str,
    asleep: Callable[[FakeServer, Path], object] = lambda server, board: None,
) -> tuple[Counter[str], Counter[str], str]:
    """Return the round trips of an alert after power-on, those of its recovery after a sleep, and both consoles.

    Args:
        source: the repository.
        folder: where to put the board's flash.
        mechanism: how the server lets it log in: ``LOGIN``, ``PLAIN``, or ``XOAUTH2`` with a token that it fetches.
        asleep: called with the server and the board's flash while it sleeps.
    """
    password = wake.SECRETS["mail_password"]
    more: dict[str, Any] = {"mechanisms": (mechanism,), "offered_mechanisms": (mechanism,)}
    with ExitStack() as running:
        port = running.enter_context(name_server())
        server = running.enter_context(
            FakeServer("m365-submission", mailboxes={USER: password}, hostnames=[HOST, TOKENS], **more)
        )
        settings, secrets = config(server.port), dict(wake.SECRETS)
        if mechanism == "XOAUTH2":
            tokens = running.enter_context(FakeOAuth(server))
            flow = {"flow": "client_credentials", "tenant": tokens.service.tenant}
            oauth = flow | {"client_id": tokens.service.client_id, "host": TOKENS, "port": tokens.port}
            # Exchange takes a token in one line, however long.
            settings["mail"] |= {"route": "m365.submission", "oauth": oauth}
            secrets["oauth_secret"] = tokens.service.client_secret = password
        board = wake.flash(source, folder, settings)
        (board / "secrets.json").write_text(json.dumps(secrets), encoding="utf-8")
        (board / "root.der").write_bytes(server.ca_der)
        consoles = []
        for cause, volts in (("power-on", "0.5"), ("deep-sleep", "0.1")):
            if consoles:
                asleep(server, board)
            command = [micropython, "-X", "heapsize=400k", str(wake.HERE / "device_trips.py"), str(board), cause]
            command += [volts, str(port)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            consoles.append(done.stdout + done.stderr)
    return mailed(consoles[0]), mailed(consoles[1]), "\n".join(consoles)
