"""What the README shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

import planted
from umail_host.deploy import image, transfer
from umail_host.device import boards, maintenance
from umail_host.device.board import Board
from umail_host.fake_smtp import FakeServer
from umail_host.virtual_board import VirtualBoard

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
USER, PASSWORD = "esp32@contoso.com", planted.MAIL_PASSWORD


def block(language: str) -> str:
    """The first block of code in that language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def board(tmp_path, micropython):
    with VirtualBoard(tmp_path / "flash", "virtual") as virtual:
        virtual.wifi.ssid, virtual.wifi.password = "your Wi-Fi", "its password"
        yield virtual


def test_its_lines_of_code_send_a_mail_from_a_board(board):
    with FakeServer(mailboxes={USER: PASSWORD}) as server:
        login = 'm365.submission("esp32@contoso.com", password="…")'
        there = f'password={PASSWORD!r}, host="localhost", port={server.port}, trust="/root.der")'
        code = block("python")
        assert login in code
        with maintenance.held(board.port, reset=False) as link:
            transfer.deploy(link, image.build(boards.load("virtual"), extra_files={"/root.der": server.ca_der}))
        with Board(board.port) as link:
            link.enter(soft_reset=True)
            printed = link.exec(code.replace(login, login.replace('password="…")', there)), timeout=30)
        assert printed.strip() == "mailed in 6 round trips"
        (mail,) = server.inbox.wait(1)
        assert mail["Subject"] == "Freezer 3: -9 °C"


def test_its_configuration_is_one_that_the_firmware_takes():
    config = json.loads(
        re.sub(r"^   ", "", block("json") if "   ```json" not in README else _indented(), flags=re.MULTILINE)
    )
    from umail_host.settings import Settings

    assert Settings.of(config).file(boards.load("ESP32_GENERIC"))


def _indented() -> str:
    found = re.search(r"   ```json\n(.*?)   ```", README, re.DOTALL)
    assert found
    return found[1]


def test_it_names_every_command_and_no_command_make_target_or_page_that_is_not_there():
    root = Path(__file__).resolve().parents[3]
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", README)) <= targets
    from umail_host.cli import app

    commands = set(typer.main.get_command(app).commands)
    assert set(re.findall(r"`umail ([a-z-]+)", README)) == commands
    for link in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (root / link).exists(), link
