"""On a board: each route, a large attachment, a hundred alerts; with time and heap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hil_node import TOKEN, TRUST, Online
from umail_host.fake_smtp import FakeServer

pytestmark = [pytest.mark.hil, pytest.mark.needs("wifi", "umail")]
Figure = Callable[[str, float, str], None]

# Route, profile of the server, arguments of the route, round trips that it takes.
ROUTES: list[tuple[str, str, dict[str, Any], int]] = [
    ("submission", "m365-submission", {}, 6),
    ("submission", "m365-submission", {"access_token": TOKEN}, 5),
    ("hve", "m365-hve", {}, 6),
    ("direct_send", "m365-mx", {"domain": "contoso.com", "sender": "esp32@contoso.com"}, 4),
    ("relay", "m365-mx", {"domain": "contoso.com", "sender": "esp32@contoso.com"}, 4),
    ("gmail", "gmail", {}, 5),
]


@pytest.mark.parametrize(("kind", "profile", "more", "round_trips"), ROUTES)
def test_a_mail_goes_out_by_each_route(
    node: Online, serve: Callable[..., FakeServer], kind: str, profile: str, more: dict[str, Any], round_trips: int,
    figure: Figure,
) -> None:  # fmt: skip
    node.server = serve(profile, accepted_domains=["contoso.com"]) if profile == "m365-mx" else serve(profile)
    node.board.put(TRUST, node.server.ca_der)
    told = node.send(kind=kind, **more)
    assert told.get("accepted") == ["ops@contoso.com"], told
    assert told["round_trips"] <= round_trips
    assert node.server.inbox.wait(1)[0]["Subject"] == "hil"
    figure(f"mail by {kind}{' with a token' if 'access_token' in more else ''}", told["ms"], "ms")
    figure(f"heap of a mail by {kind}{' with a token' if 'access_token' in more else ''}", told["heap"], "bytes")


def test_an_attachment_of_1_mb_or_what_the_flash_holds_arrives_whole(node: Online, figure: Figure) -> None:
    block, _, _, free = node.board.eval("__import__('os').statvfs('/')[:4]")
    size = min(1_000_000, block * free * 3 // 4 // 1000 * 1000)
    assert size > 200_000
    node.board.exec(
        f"with open('/hil.bin', 'wb') as f:\n for n in range({size // 1000}):\n  f.write(bytes([n & 255]) * 1000)",
        timeout=120,
    )
    try:
        told = node.send("large", "See the log.", "/hil.bin")
    finally:
        node.board.remove("/hil.bin")
    assert told.get("accepted"), told
    attached = next(node.server.inbox.wait(1)[0].iter_attachments()).get_content()
    assert attached == b"".join(bytes([n & 255]) * 1000 for n in range(size // 1000))
    figure("1 MB attachment" if size == 1_000_000 else f"{size // 1000} kB attachment", told["ms"] / 1000, "s")


def test_100_alerts_go_over_one_connection_and_leave_the_heap_as_it_was(node: Online, figure: Figure) -> None:
    told = node.board.call("many", node.route(), 100, timeout=300)
    assert len(node.server.inbox.wait(100)) == 100
    assert len(node.server.sessions) == 1
    assert told["after"] - told["before"] < 1024
    figure("100 alerts", told["ms"] / 1000, "s")


def test_a_wrong_password_is_told_with_what_to_do(node: Online) -> None:
    told = node.send(password="not it")
    assert (told["kind"], told["stage"]) == ("configuration", "auth")


def test_an_unknown_root_is_refused(node: Online, serve: Callable[..., FakeServer]) -> None:
    node.server = serve()
    assert node.send()["kind"] == "security"
