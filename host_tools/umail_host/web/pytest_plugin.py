"""pytest fixtures around the page's API: ``mail_api`` for any SMTP client, ``playground`` for boards in trouble.

They need the extra ``web``. The marker ``playground(boards, limit, hysteresis, name)`` says how many boards there are
and what their rule is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from umail_host.fake_smtp import FakeServer
    from umail_host.virtual_board import VirtualBoard
    from umail_host.web.client import Api, Board

# What the fixtures need is loaded when they are: pytest loads this for every run.

_MARKER = "playground(boards=1, limit=8.0, hysteresis=1.0, name='freezer'): the virtual boards of this test"


@dataclass(frozen=True)
class Playground:
    """A fake Microsoft 365, virtual boards that report to it, and the API of their page.

    Args:
        api: the API; its methods for mails, faults and sessions count for all boards.
        boards: by name, a method for each button of the page.
        server: the fake server itself.
    """

    api: Api
    boards: dict[str, Board]
    server: FakeServer
    _virtual: dict[str, VirtualBoard]

    @property
    def board(self) -> Board:
        """The first board."""
        return next(iter(self.boards.values()))

    def wait_for(self, text: str, board: str = "", timeout: float = 30) -> None:
        """Return as soon as a board, the first unless named, has printed ``text`` since the last call.

        Raises:
            UserError: it did not within ``timeout`` seconds.
        """
        self._virtual[board or next(iter(self._virtual))].wait_for(text, timeout)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def mail_api(smtp_server: FakeServer) -> Iterator[Api]:
    """The API of the page of ``smtp_server``: ``wait(subject="…")``, ``mails(q="…")``, ``delete()``, ``faults("…")``,
    ``limits(per_minute=2)``, ``sessions()``, ``export()``; ``.url`` is the page itself.
    """
    _needs_web()
    from umail_host.web.client import Api
    from umail_host.web.server import WebServer

    with WebServer(smtp_server) as web:
        yield Api(web.url)


@pytest.fixture(scope="session")
def _flash_of_playgrounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flash of a board on which the firmware is installed, once for the run."""
    _needs_web()
    from umail_host import demo_web

    folder = tmp_path_factory.mktemp("playground") / "flash"
    with demo_web.playground(1, 8.0, 1.0, "freezer") as found:
        name = found.boards.names[0]
        found.boards.board(name).power_off()
        shutil.copytree(found.boards.folder(name), folder)
    return folder


@pytest.fixture
def playground(request: pytest.FixtureRequest, _flash_of_playgrounds: Path) -> Iterator[Playground]:
    """Virtual boards with the alert node and a thermometer at 5 °C, each behind a network of its own, and a fake
    Microsoft 365: ``.board.sensor(11)``, ``.board.power_off()``, ``.board.wifi_drop()`` …, ``.api.wait(subject="…")``.
    """
    from umail_host import demo_web
    from umail_host.web.client import Api

    marker = request.node.get_closest_marker("playground")
    wanted = {"boards": 1, "limit": 8.0, "hysteresis": 1.0, "name": "freezer"} | (marker.kwargs if marker else {})
    if marker and marker.args:
        wanted["boards"] = marker.args[0]
    number, limit, hysteresis, name = (wanted[key] for key in ("boards", "limit", "hysteresis", "name"))
    with demo_web.playground(number, limit, hysteresis, name, installed=_flash_of_playgrounds) as found:
        api = Api(found.page.url)
        virtual = {one: found.boards.board(one) for one in found.boards.names}
        yield Playground(api, api.boards, found.server, virtual)


def _needs_web() -> None:
    from umail_host import pages

    if lacking := pages.missing():
        pytest.skip(f"needs {', '.join(lacking)}: {pages.HOW_TO_GET}")
