"""Only what a configuration needs is deployed: by few bytes, and nothing is missing when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from host.deploy.test_deploy_serial import CONFIG
from umail import m365
from umail_host.deploy import image, transfer
from umail_host.device import boards
from umail_host.device.board import Board
from umail_host.settings import Settings
from umail_host.virtual_board import VirtualBoard

BOARD = boards.load("ESP32_GENERIC")
# 312,752 with base64 and everything.
MOST = 110_000


def _modules(extra: dict[str, bytes] | None = None, **changes: Any) -> set[str]:
    settings = Settings.of(CONFIG | {"sensor": {"type": "ds18b20", "pin": 4}} | changes)
    built = image.build(BOARD, config=settings, extra_files=extra, mpy=False)
    return {path.removeprefix("/lib/").removesuffix(".py") for path in built if path.startswith("/lib/")}


def test_a_pico_gets_nothing_that_only_an_esp32_can_do() -> None:
    only = {"modem", "config_modem", "wake_pad", "sensors/touch", "kept_token"}
    for name, there in (("RPI_PICO_W", set()), ("ESP32_GENERIC", only)):
        files = {path[len("/lib/alertnode/") : -4] for path in image.build(boards.load(name))}
        assert files & only == there


def test_roots_logins_sensors_and_languages_that_are_not_configured_stay_away() -> None:
    found = _modules()
    assert {name for name in found if name.startswith("umail/certs/")} == {
        f"umail/certs/{name}" for name in ("__init__", *m365.submission("board@contoso.com", password="-").roots)
    }
    assert not found & {
        "umail/client",
        "umail/m365_other",
        "umail/oauth",
        "umail/aio",
        "umail/compat",
        "umail/tables/advice_de",
        "alertnode/battery",
    }
    assert not found & {"alertnode/due", "alertnode/day", "alertnode/history", "alertnode/summary", "umail/attachment"}
    assert not found & {
        "alertnode/debug",
        "alertnode/config_help_parts",
        "alertnode/wake",
        "alertnode/sensors/touch",
        "alertnode/sensors/pulse",
    }
    assert {"umail/tables/advice_en", "umail/queue/format1", "alertnode/safe_mode"} <= found


def test_what_a_configuration_asks_for_comes_along() -> None:
    oauth = {"flow": "client_credentials", "tenant": "t", "client_id": "c"}
    by_token = _modules(mail=CONFIG["mail"] | {"oauth": oauth})
    assert {"umail/oauth", "umail/net/http", "umail/tables/tokens", "alertnode/tokens"} <= by_token
    assert {f"umail/certs/{name}" for name in m365.ROOTS} <= by_token
    assert "alertnode/kept_token" not in by_token | _modules(battery={"budget": 60})
    assert "alertnode/kept_token" in _modules(mail=CONFIG["mail"] | {"oauth": oauth}, battery={"budget": 60})
    second = CONFIG["mail"] | {"fallback": {"route": "m365.submission", "username": "b@contoso.com", "oauth": oauth}}
    assert "alertnode/kept_token" in _modules(mail=second, battery={"budget": 60})
    assert "alertnode/expiry" in _modules(expires={"client secret": "2030-01-01"})
    band = {"name": "t", "when": "outside", "low": 1, "high": 2}
    assert "alertnode/rule_kinds" in _modules(rules=[band])
    assert "alertnode/battery" in _modules(battery={"budget": 60})
    assert not {"alertnode/wake", "alertnode/rule_ends"} & _modules(battery={"budget": 60})
    assert "alertnode/rule_ends" in _modules(battery={"budget": 60}, summary="07:00")
    lasting = [{"name": "t", "when": "above", "limit": -15, "for": 600}]
    assert "alertnode/rule_ends" in _modules(battery={"budget": 60}, rules=lasting)
    door = {"type": "contact", "pin": 13, "wake": True}
    woken = _modules(battery={"budget": 60}, sensor=door, rules=[{"name": "d", "when": "open"}])
    assert "alertnode/wake" in woken
    assert not {"alertnode/wake_meter", "alertnode/wake_pad"} & woken
    assert {"alertnode/day", "alertnode/chart", "alertnode/due", "umail/attachment"} <= _modules(summary="07:00")
    hour = _modules(heartbeat={"at": "06:30"})
    assert {"alertnode/due", "alertnode/config_summary"} <= hour
    assert not {"alertnode/day", "umail/attachment"} & hour
    assert "alertnode/due" in _modules(quiet="22:00-06:00")
    clock = {"zone": "UTC0", "ds3231": {"scl": 22, "sda": 21}}
    assert "alertnode/ds3231" in _modules(clock=clock)
    assert "alertnode/ds3231" not in _modules()
    pad = {"type": "touch", "pin": 14, "threshold": 400, "wake": True}
    touched = _modules(battery={"budget": 60}, sensor=pad, rules=[{"name": "d", "when": "open"}])
    assert {"alertnode/wake", "alertnode/wake_pad", "alertnode/sensors/touch"} <= touched
    assert "alertnode/debug" in _modules(debug=True)
    assert "alertnode/config_help_parts" in touched & _modules(outputs={"light": {"type": "led", "pin": 2}})
    direct = {"route": "m365.direct_send", "domain": "contoso.com", "sender": "b@contoso.com"}
    assert "umail/smtp/recipient_batches" not in _modules()
    assert "umail/smtp/recipient_batches" in _modules(mail=CONFIG["mail"] | {"to": ["a@contoso.com", "b@contoso.com"]})
    then = {"name": "t", "when": "above", "limit": 1, "then": {"after": 5, "to": ["a@contoso.com", "b@contoso.com"]}}
    assert "umail/smtp/recipient_batches" in _modules(rules=[then])
    assert {"umail/net/mx", "umail/m365_other"} <= _modules(mail=CONFIG["mail"] | {"fallback": direct})
    smtp = {"route": "smtp", "host": "mail.example.org", "sender": "b@example.org"}
    assert "umail/certs/isrg_root_x1" in _modules(mail=CONFIG["mail"] | {"fallback": smtp})


def test_a_program_of_the_users_own_finds_the_whole_library() -> None:
    found = _modules({"/mine.py": b"import umail.aio\n"})
    assert {"umail/aio", "umail/compat", "umail/oauth", "umail/tables/advice_de"} <= found


def test_a_first_deployment_takes_few_bytes_over_serial_and_changes_bring_what_was_missing(
    tmp_path: Path, micropython: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0
    with VirtualBoard(tmp_path / "flash", "ESP32_GENERIC") as virtual, Board(virtual.port) as link:
        link.enter()
        serial = link._transport.serial
        write = serial.write

        def count(data: bytes) -> int:
            nonlocal sent
            sent += len(data)
            written: int = write(data)
            return written

        monkeypatch.setattr(serial, "write", count)
        first = image.build(BOARD, config=Settings.of(CONFIG | {"sensor": {"type": "ds18b20", "pin": 4}}))
        transfer.deploy(link, first)
        assert sent <= MOST, f"{sent:,}"
        battery = CONFIG | {"sensor": {"type": "ds18b20", "pin": 4}, "battery": {"budget": 60}}
        report = transfer.deploy(link, image.build(BOARD, config=Settings.of(battery)))
        names = ("battery", "config_cache", "kept", "loading", "write_config_cache")
        more = [f"/lib/alertnode/{name}.mpy" for name in names]
        assert (sorted(report.written), report.removed) == (
            ["/config.json", *more],
            ["/lib/alertnode/awake.mpy", "/lib/alertnode/rest.mpy"],
        )
        report = transfer.deploy(link, first)
        assert sorted(report.removed) == more
