"""pytest fixtures around the fake mail server: ``smtp_server``, ``fault`` and ``inbox``, for any SMTP client.

A test that fails shows the timeline of its server. Options: ``--smtp-profile``, ``--smtp-host`` (the LAN address where
a board is to reach it). The marker ``smtp(profile, **switches)`` gives one test a server of its own kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from umail_host.fake_smtp.core.profiles import PROFILES

if TYPE_CHECKING:
    from umail_host.fake_smtp import FakeServer, Inbox
    from umail_host.fake_smtp.server.tls import Authority

# What the fixtures need is loaded when they are: pytest loads this for every run.

USER, PASSWORD = "esp32@contoso.com", "fake-Passw0rd"
_AUTHORITY: pytest.StashKey[Authority] = pytest.StashKey()
_MARKER = "smtp(profile, **switches): the fake mail server of this test; arguments as of FakeServer"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("umail: the fake mail server")
    group.addoption("--smtp-profile", default="generic", choices=tuple(PROFILES), help="how smtp_server behaves")
    group.addoption("--smtp-host", default="127.0.0.1", metavar="ADDRESS", help="where smtp_server listens")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def smtp_server(request: pytest.FixtureRequest) -> Iterator[FakeServer]:
    """A running fake mail server: ``.host``, ``.port``, ``.ca_pem`` and ``.ca_der`` (the root to trust),
    ``.transcript``, ``.inbox``, ``.sessions``. Mailbox ``esp32@contoso.com`` with password ``fake-Passw0rd``.
    """
    from umail_host.fake_smtp import FakeServer
    from umail_host.fake_smtp.record import timeline
    from umail_host.fake_smtp.server.tls import Authority

    config, marker = request.config, request.node.get_closest_marker("smtp")
    host = config.getoption("--smtp-host")
    settings: dict[str, Any] = {"mailboxes": {USER: PASSWORD}, "host": host, **(marker.kwargs if marker else {})}
    profile = marker.args[0] if marker and marker.args else settings.pop("profile", config.getoption("--smtp-profile"))
    # One root for the whole run: minting it takes longer than a test.
    if _AUTHORITY not in config.stash:
        config.stash[_AUTHORITY] = Authority(["localhost", "127.0.0.1", host])
    settings.setdefault("authority", config.stash[_AUTHORITY])
    with FakeServer(profile, **settings) as server:
        yield server
        request.node.add_report_section("teardown", "smtp timeline", timeline.text(server))


@pytest.fixture
def fault(smtp_server: FakeServer) -> Callable[..., None]:
    """``fault("rcpt-452@2,content-lost", seed=7)``: from the next point of the dialogue on, this plan of faults;
    `umail faults` lists them. ``fault("")`` ends them; ``fault("connect-refused")`` refuses connections until then.
    """

    return smtp_server.follow


@pytest.fixture
def inbox(smtp_server: FakeServer) -> Inbox:
    """What was delivered: ``inbox.wait(1)`` gives the messages as soon as there are that many; ``.deliveries`` their
    envelopes and bytes.
    """
    return smtp_server.inbox
