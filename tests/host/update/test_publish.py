"""`umail update publish` and `serve`: what is published, for whom, under which number, and what is said of mistakes."""

from __future__ import annotations

import http.client
import json
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from good_fleet import BOARDS, UPDATED
from host.update.test_bundles import opened
from umail_host import firmware_rules
from umail_host.cli import app
from umail_host.errors import UserError
from umail_host.fleet import keys, store
from umail_host.fleet.status import Status
from umail_host.provision.fleet import Fleet
from umail_host.update import publish, record, server

IDS = ("240ac4c0ffee", "240ac4000002")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two boards that have their keys."""
    monkeypatch.setenv("UMAIL_FLEET_KEYS", str(tmp_path / "keys.json"))
    for identity in IDS:
        keys.put(identity, bytes.fromhex(identity) * 5 + b"xx")
    file = tmp_path / "fleet.toml"
    file.write_text(UPDATED + BOARDS, encoding="utf-8")
    return file


def run(file: Path, *more: str) -> str:
    """What the command prints; UserError as it would print it."""
    arguments = ["update", "publish", str(file), "--to", str(file.parent / "out"), "--board", "ESP32_GENERIC", *more]
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exception is None, result.output
    return result.output


def sealed(file: Path, identity: str) -> tuple[int, dict[str, object], dict[str, bytes]]:
    key = keys.get(identity)
    assert key is not None
    octets = (file.parent / "out" / firmware_rules.module("bundle").name(key)).read_bytes()
    return opened(octets, key)


def test_each_board_gets_what_a_deployment_would_bring_but_for_what_takes_updates_back(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMAIL_SECRET_MAIL_PASSWORD", "not-a-real-one")
    assert "2 published, 0 unchanged" in run(fleet)
    version, head, files = sealed(fleet, IDS[0])
    assert (head["board"], head["version"], head["code"]) == (IDS[0], version, True)
    assert head["secrets"] == {"mail_password": "not-a-real-one"}
    assert json.loads(files["/config.json"])["board_name"] == "freezer-1"
    assert {"/lib/alertnode/update.mpy", "/lib/alertnode/trial.mpy", "/lib/umail/net/http_get.mpy"} <= files.keys()
    assert not {"/main.py", "/boot.py", "/switch.py"} & files.keys()
    assert "/switch.py\n" in files["/.umail-files"].decode()
    assert "not-a-real-one" not in record.path(fleet).read_text(encoding="utf-8")


def test_what_has_not_changed_is_not_published_again_and_what_has_gets_a_higher_number(fleet: Path) -> None:
    run(fleet)
    before = sealed(fleet, IDS[0])[0]
    assert "0 published, 2 unchanged" in run(fleet)
    assert sealed(fleet, IDS[0])[0] == before
    fleet.write_text(UPDATED + BOARDS.replace("freezer-2", "freezer-9"), encoding="utf-8")
    assert "1 published, 1 unchanged" in run(fleet)
    assert "2 published, 0 unchanged" in run(fleet, "--again")
    assert sealed(fleet, IDS[0])[0] > before


def test_a_number_grows_though_the_clock_goes_back(fleet: Path) -> None:
    order = publish.Order(Fleet(fleet), fleet.parent / "out", "ESP32_GENERIC", again=True)
    numbers = [publish.publish(order, lambda _: None, lambda now=now: now)[0].version for now in (2e9, 1e9, 2e9)]
    assert numbers == [2000000000, 2000000001, 2000000002]


def test_without_code_only_configuration_files_and_secrets_come(fleet: Path) -> None:
    run(fleet, "--no-code")
    _, head, files = sealed(fleet, IDS[0])
    assert head["code"] is False
    assert list(files) == ["/config.json"]


def test_a_stage_has_the_same_boards_each_time_and_a_larger_one_has_them_too() -> None:
    names = [f"{number:012x}" for number in range(20000)]
    stages = [{name for name in names if publish.in_stage(name, share)} for share in (0.05, 0.2, 1)]
    assert stages[0] < stages[1] < stages[2] == set(names)
    assert 800 < len(stages[0]) < 1200


def test_boards_of_a_later_stage_keep_what_was_published_before(fleet: Path) -> None:
    first = next(n / 100 for n in range(1, 101) if any(publish.in_stage(identity, n / 100) for identity in IDS))
    assert "1 published, 0 unchanged, 1 in a later stage" in run(fleet, "--stage", f"{first * 100:g}%")


@pytest.mark.parametrize("stage", ["5", "0%", "101%", "-1%", "x%"])
def test_a_stage_that_is_no_part_is_told(fleet: Path, stage: str) -> None:
    with pytest.raises(UserError, match="per cent, such as 5%"):
        run(fleet, "--stage", stage)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('id = "240ac4000002"', ""), "freezer-2 has no id"),
        (('[update]\nurl = "http://192.0.2.5:8017"', ""), r"\[update\] with its url is missing"),
        (('id = "240ac4000002"', 'id = "240ac4000003"'), "freezer-2 has no key yet"),
        (("limit = -15", 'limit = "x"'), "fix the configuration"),
        (
            ("ops@contoso.com", 'ops@contoso.com"]\ncertificate = ["/c.der"]\nprivate_key = "/k.der"\n#'),
            "bring it along",
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence(fleet: Path, change: tuple[str, str], told: str) -> None:
    fleet.write_text((UPDATED + BOARDS).replace(*change), encoding="utf-8")
    with pytest.raises(UserError, match=told):
        run(fleet)


def test_which_board_it_is_must_be_said(fleet: Path) -> None:
    result = CliRunner().invoke(app, ["update", "publish", str(fleet), "--to", str(fleet.parent / "out")])
    assert isinstance(result.exception, UserError)
    assert "say which board it is" in str(result.exception)


def test_a_secret_that_must_come_along_is_asked_for(fleet: Path) -> None:
    with pytest.raises(UserError, match="oauth_secret is not known: set UMAIL_SECRET_OAUTH_SECRET"):
        run(fleet, "--secret", "oauth_secret")


def test_nothing_new_is_one_request_and_only_bundles_are_handed_out(tmp_path: Path) -> None:
    name = "0a1cd24a105cf5cbda554d61.umail"
    (tmp_path / name).write_bytes(b"sealed")
    (tmp_path / "other.txt").write_bytes(b"not a bundle")
    with server.Server(tmp_path, "127.0.0.1", 0, lambda line: None) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()

        def asked(path: str, tag: str = "") -> tuple[int, str, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", int(serving.server_address[1]), timeout=10)
            connection.request("GET", path, headers={"If-None-Match": tag} if tag else {})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("ETag", ""), answer.read()

        status, tag, body = asked(f"/{name}")
        assert (status, body) == (200, b"sealed")
        assert asked(f"/{name}", tag) == (304, tag, b"")
        assert asked(f"/{name}", '"other"')[0] == 200
        for path in ("/", "/other.txt", "/../keys.json", f"/{name}/", "/0a1cd24a105cf5cbda554d60.umail"):
            assert asked(path)[0] == 404
        serving.shutdown()
        thread.join()


def said(identity: str, number: int, at: int, update: int) -> Status:
    return Status(board=identity, number=number, at=at, name="x", update=update)


def test_the_status_says_which_board_runs_what_was_published_and_a_stage_waits_for_it(fleet: Path) -> None:
    at = fleet.parent / "seen.sqlite"
    arguments = ["update", "status", str(fleet), "--store", str(at), "--json"]

    def states() -> tuple[int, dict[str, str]]:
        result = CliRunner().invoke(app, arguments)
        return result.exit_code, {row["name"]: row["state"] for row in json.loads(result.output)}

    assert states() == (0, {"freezer-1": "nothing published", "freezer-2": "nothing published"})
    run(fleet)
    known = record.load(fleet)
    assert states() == (1, {"freezer-1": "waits", "freezer-2": "waits"})
    with pytest.raises(UserError, match="freezer-1, freezer-2 did not say yet"):
        run(fleet, "--again", "--proven", "--store", str(at))
    now = known[IDS[0]].at + 60
    with store.Store(at) as kept:
        number, _ = kept.source("test")
        kept.take(number, [(said(IDS[0], 1, now, known[IDS[0]].version), b"a")], [1], None, now)
        kept.take(number, [(said(IDS[1], 1, now, 7), b"b")], [2], None, now)
    assert states() == (1, {"freezer-1": "runs", "freezer-2": "has another"})
    with pytest.raises(UserError, match="freezer-2 did not say yet"):
        run(fleet, "--again", "--proven", "--store", str(at))
    with store.Store(at) as kept:
        kept.take(number, [(said(IDS[1], 2, now + 1, known[IDS[1]].version), b"c")], [3], None, now + 1)
    assert states() == (0, {"freezer-1": "runs", "freezer-2": "runs"})
    assert "2 published" in run(fleet, "--again", "--proven", "--store", str(at))


def test_the_table_of_the_status_is_for_people(fleet: Path) -> None:
    run(fleet)
    result = CliRunner().invoke(app, ["update", "status", str(fleet), "--store", str(fleet.parent / "none.sqlite")])
    assert result.exit_code == 1
    assert "board      state  published   has  heard of\n" in result.output
    assert "2 boards, 2 not there yet" in result.output
