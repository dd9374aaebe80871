"""The pytest plugin, tried by pytest itself: what it lends, reports, keeps, and what it does when a board dies."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from umail_host.errors import UserError
from umail_host.fake_smtp.record.masking import Masker
from umail_host.hil import labgrid, places, power
from umail_host.hil.faults import RigFault
from umail_host.hil.locks import PortLock
from umail_host.hil.serial_log import SerialLog
from umail_host.virtual_board import VirtualBoard

pytest_plugins = ["pytester"]
RIG_FAULT = 10


@pytest.fixture
def rig(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder for a run of pytest in a process of its own."""
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:hypothesispytest --strict-markers\n")
    return pytester


def run(rig: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return rig.runpytest_subprocess("-p", "no:randomly", "--junitxml=junit.xml", *arguments, timeout=100)


def test_a_run_without_boards_loads_nothing_that_talks_to_boards_or_mails() -> None:
    """pytest imports the plugins for each run of whoever has umail."""
    code = (
        "import sys, umail_host.hil.plugin, umail_host.fake_smtp.pytest_plugin, umail_host.web.pytest_plugin\n"
        "print({'asyncio', 'cryptography', 'mpremote', 'rich', 'trustme', 'typer'} & sys.modules.keys())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.fixture
def two_ports(tmp_path: Path, micropython: str) -> Iterator[list[VirtualBoard]]:
    """Two boards on ports, as real ones would be."""
    with VirtualBoard(tmp_path / "1") as one, VirtualBoard(tmp_path / "2") as two:
        yield [one, two]


def test_tests_on_the_board_are_reported_one_by_one_with_heap_log_and_identity(
    rig: pytest.Pytester, micropython: str
) -> None:
    rig.makeconftest("import pytest\n@pytest.fixture\ndef limit():\n    return 37.2\n")
    (rig.path / "board_test_rules.py").write_text(
        "needs = ('wifi',)\nimport network\n"
        "def test_online():\n    assert network.WLAN(0).isconnected()\n"
        "def test_wrong(limit):\n    print('limit', limit)\n    assert limit > 40, 'too low'\n"
        "async def test_waits():\n    import asyncio\n    await asyncio.sleep(0)\n",
    )
    rig.makepyfile(
        test_host="def add(a, b):\n    return a + b\n"
        "def test_call(board):\n    board.mask('hunter22')\n    board.exec(\"print('hunter' + '22')\")\n"
        "    assert board.call(add, 2, 3) == 5\n"
        "def test_files(board):\n    board.put('/a/b.txt', b'x' * 3000)\n"
        "    assert board.get('/a/b.txt') == b'x' * 3000\n"
        "def test_power(board, power):\n    power.cycle()\n    assert board.ask()['reset_cause'] == 'PWRON_RESET'\n"
        "def test_reset(board):\n    board.exec('x = 1')\n    board.reset()\n"
        "    assert not board.eval('\"x\" in globals()')\n    board.reset(hard=True)\n"
        "    assert board.eval('1 + 1') == 2\n"
    )
    result = run(rig, "--artefacts", "artefacts")
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: too low*"])
    result.stdout.fnmatch_lines(["*the whole log in *artefacts/board_test_rules.py.test_wrong*"])
    log = (rig.path / "artefacts" / "test_host.py.test_call" / "serial.log").read_text()
    assert "hunter22" not in log
    assert "[masked]" in log
    facts = json.loads((rig.path / "artefacts" / "board_test_rules.py.test_online" / "facts.json").read_text())
    found = facts["boards"][0]
    assert found["heap_before"] > 1000
    assert found["heap_after"] > 1000
    assert found["mac"] == "24:0a:c4:c0:ff:ee"
    names = {p.get("name") for p in ElementTree.parse(rig.path / "junit.xml").iter("property")}
    assert {"board.id", "board.mac", "board.firmware", "board.reset_cause", "commit"} <= names


def test_a_file_of_tests_on_the_board_that_is_named_runs_once_and_on_the_board(
    rig: pytest.Pytester, micropython: str
) -> None:
    (rig.path / "board_test_where.py").write_text(
        "import sys\n\ndef test_where():\n    assert sys.implementation.name == 'micropython'\n"
    )
    run(rig, "board_test_where.py").assert_outcomes(passed=1)
    run(rig).assert_outcomes(passed=1)


def test_an_assertion_on_the_board_shows_its_values_and_its_line(rig: pytest.Pytester, micropython: str) -> None:
    (rig.path / "board_test_values.py").write_text(
        "def twice(n):\n    return 2 * n\n\n"
        "def test_equal():\n    assert twice(3) == 7\n"
        "def test_inside():\n    assert 'x' in (\n        'abc',\n        'd°f',\n    ), 'no %s' % 'x'\n"
        "    assert False\n"
        "def test_truth():\n    x = []\n    assert x\n"
        "def test_later():\n    n = 1\n    assert n and n > 0 and [n] == [1]\n    assert n is not None\n    1 / 0\n"
    )
    result = run(rig)
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["*line 5, in test_equal*", "AssertionError: assert twice(3) == 7", "  6", "  7"])
    result.stdout.fnmatch_lines(["*line 7, in test_inside*", "AssertionError: no x", "assert 'x' in *", "  'x'"])
    result.stdout.fnmatch_lines(["*line 14, in test_truth*", "AssertionError: assert x", "  []"])
    result.stdout.fnmatch_lines(["*line 19, in test_later*", "ZeroDivisionError*"])


def test_a_foreign_project_gets_no_folder_no_library_and_no_frames_of_the_plugin(
    rig: pytest.Pytester, micropython: str
) -> None:
    rig.mkdir("app")
    (rig.path / "app" / "mine.py").write_text("x = 37\n")
    (rig.path / "board_test_umail.py").write_text("import umail\n\ndef test_umail():\n    assert umail.Message\n")
    rig.makepyfile("""
        import re
        import pytest
        def test_bare(board):
            board.exec("import umail")
        @pytest.mark.needs("umail")
        def test_library(board):
            board.exec("import umail")
        def test_mount(board):
            board.mount("app")
            assert board.eval("__import__('mine').x") == 37
        def test_mount_of_nothing(board):
            board.mount("nothing")
        def test_match(board):
            board.begin("print('temperature 37.5 C')")
            found = board.wait_for(re.compile(r"temperature (\\d+\\.\\d) C"))
            assert found[1] == "37.5"
    """)
    bare = run(rig, "-k", "bare")
    bare.assert_outcomes(failed=1)
    assert "no module named 'umail'" in bare.stdout.str()
    result = run(rig, "-k", "not bare")
    result.assert_outcomes(passed=4, failed=1)
    output = result.stdout.str() + bare.stdout.str()
    assert "there is no such folder below" in output
    assert "dut.py" not in output
    assert "device/board.py" not in output
    assert not (rig.path / "artefacts").exists()
    assert "--artefacts FOLDER keeps all" in output


def test_the_transcript_and_the_mails_of_a_server_are_kept(rig: pytest.Pytester, micropython: str) -> None:
    rig.makepyfile("""
        import pytest, smtplib
        from umail_host.fake_smtp import FakeServer
        @pytest.fixture
        def smtp():
            with FakeServer("m365-mx", accepted_domains=["contoso.com"]) as server:
                yield server
        def test_it(board, smtp):
            with smtplib.SMTP("127.0.0.1", smtp.port) as client:
                client.sendmail("a@contoso.com", ["b@contoso.com"], "Subject: s\\r\\n\\r\\nt\\r\\n")
            smtp.inbox.wait(1)
    """)
    run(rig, "--artefacts", "artefacts").assert_outcomes(passed=1)
    kept = next((rig.path / "artefacts").glob("*test_it"))
    assert "MAIL FROM" in (kept / "smtp.txt").read_text().upper()
    assert (kept / "001.eml").read_bytes().startswith(b"Subject: s")


def test_what_a_rig_cannot_do_is_skipped_with_the_option_to_give(rig: pytest.Pytester) -> None:
    rig.makepyfile("""
        import pytest
        @pytest.mark.needs("wifi")
        def test_wifi(board): pass
        @pytest.mark.power_cycle
        def test_power(board): pass
        @pytest.mark.virtual_only
        def test_virtual(board): pass
        @pytest.mark.boards(2)
        def test_two(boards): pass
        @pytest.mark.soak
        def test_soak(board): pass
    """)
    result = run(rig, "--board", "/dev/ttyNONE", "-rs")
    result.assert_outcomes(skipped=5)
    for option in ("--wifi-ssid", "--power", "--board virtual", "--board that many times", "--soak"):
        assert option in result.stdout.str()


def test_a_board_that_is_not_there_is_a_fault_of_the_rig_and_no_failure(rig: pytest.Pytester) -> None:
    rig.makepyfile("def test_it(board): pass\ndef test_other(): pass\n")
    result = run(rig, "--board", "/dev/ttyNONE")
    assert result.ret == RIG_FAULT
    result.stdout.fnmatch_lines(["*RIG FAULT test_a_board*ttyNONE*"])
    suite = next(ElementTree.parse(rig.path / "junit.xml").iter("testsuite"))
    assert (suite.get("errors"), suite.get("failures")) == ("1", "0")


def test_a_failure_keeps_its_own_status_beside_a_program_that_hung(rig: pytest.Pytester, micropython: str) -> None:
    rig.makepyfile("def test_it(board):\n    board.exec('while True: pass', timeout=1)\ndef test_next(board): pass\n")
    result = run(rig)
    result.assert_outcomes(failed=1, passed=1)
    assert result.ret == 1


def test_a_board_that_dies_is_quarantined_and_its_tests_run_on_another(
    rig: pytest.Pytester, two_ports: list[VirtualBoard], tmp_path: Path
) -> None:
    one, two = two_ports
    # The port goes away while the first test is under way, as a cable that is pulled.
    rig.makepyfile(f"""
        import os
        import pytest
        @pytest.mark.parametrize("number", range(3))
        def test_it(board, number):
            if board.place.spec == {one.port!r}:
                os.unlink({one.port!r})
                board.close()
            assert board.eval("1 + 1") == 2
    """)
    try:
        result = run(rig, "--board", one.port, "--board", two.port)
    finally:
        Path(one.port).symlink_to("/dev/null")  # the virtual board removes it at its end
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*quarantined *"])


def test_two_processes_share_two_boards_and_none_is_used_twice_at_once(
    rig: pytest.Pytester, two_ports: list[VirtualBoard]
) -> None:
    rig.makepyfile("""
        import pytest
        @pytest.mark.parametrize("number", range(4))
        def test_one(board, number):
            assert board.eval("1 + 1") == 2
        @pytest.mark.boards(2)
        def test_both(boards):
            assert [board.eval("2") for board in boards] == [2, 2]
    """)
    result = run(rig, "-n2", "--board", two_ports[0].port, "--board", two_ports[1].port)
    result.assert_outcomes(passed=5)


@pytest.mark.parametrize(
    ("spec", "kind", "detail"),
    [
        ("virtual", "virtual", "virtual"),
        ("virtual:RPI_PICO_W", "virtual", "RPI_PICO_W"),
        ("/dev/ttyUSB0", "port", "/dev/ttyUSB0"),
        ("COM3", "port", "COM3"),
        ("id:1234", "id", "1234"),
        ("rfc2217://host:4000", "port", "rfc2217://host:4000"),
        ("labgrid:freezer", "labgrid", "freezer"),
    ],
)
def test_a_place_is_read_from_the_option(spec: str, kind: str, detail: str) -> None:
    place = places.parse(spec)
    assert (place.kind, place.detail) == (kind, detail)


@pytest.mark.parametrize("specs", [["id:"], ["labgrid:"], ["ftp://x"], ["/dev/a", "/dev/a"], ["virtual", "/dev/a"]])
def test_a_wrong_place_is_refused_in_a_sentence(specs: list[str]) -> None:
    with pytest.raises(UserError, match="--board"):
        places.parse_all(specs)


def test_a_power_switch_runs_its_command_with_the_state_last(tmp_path: Path) -> None:
    script = tmp_path / "switch"
    script.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/said\n')
    script.chmod(0o755)
    found = power.parse(f"cmd:{script} 'port 2'")
    assert found is not None
    found.off()
    found.on()
    assert (tmp_path / "said").read_text() == "port 2 off\nport 2 on\n"


def test_a_power_switch_that_fails_is_a_fault_of_the_rig() -> None:
    found = power.parse("cmd:false")
    assert found is not None
    with pytest.raises(RigFault, match="false off"):
        found.off()
    with pytest.raises(UserError, match="uhubctl"):
        power.parse("uhubctl:1-1")
    assert power.parse("none") is None


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    name = tmp_path.name + "lock"
    one, two = PortLock(name), PortLock(name)
    assert one.take()
    assert not two.take()
    assert "process" in two.holder
    one.free()
    assert two.take()
    two.free()


def test_a_serial_log_has_times_and_masks_secrets() -> None:
    moments = iter([1.0, 2.0, 3.0])
    log = SerialLog(Masker(["hunter22"]), lambda: next(moments))
    log.received(b"pass")
    log.received(b"word hunt")
    log.received(b"er22\r\nnext\x07\r\n")
    lines = log.text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["< password [masked]", "< next\\x07"]
    assert lines[0].split()[0].endswith(".000")


LABGRID = """#!/bin/sh
case "$3" in
acquire) if [ "$2" = busy ]; then echo "Error: Place busy is already acquired by h/u." >&2; exit 1; fi
  [ "$2" = freezer ] || { echo "labgrid-client: Error: place pattern $2 matches nothing" >&2; exit 1; } ;;
env) printf 'targets:\\n  freezer:\\n    resources:\\n    - NetworkSerialPort:\\n'
  printf '        port: 5001\\n        host: rack-2\\n        protocol: rfc2217\\n' ;;
esac
"""


def test_a_place_of_labgrid_is_taken_and_its_port_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = tmp_path / "client"
    client.write_text(LABGRID)
    client.chmod(0o755)
    monkeypatch.setenv("UMAIL_LABGRID_CLIENT", str(client))
    assert labgrid.acquire("freezer")
    assert labgrid.port("freezer") == "rfc2217://rack-2:5001"
    assert not labgrid.acquire("busy")
    with pytest.raises(RigFault, match="matches nothing"):
        labgrid.acquire("nowhere")
    monkeypatch.setenv("UMAIL_LABGRID_CLIENT", str(tmp_path / "absent"))
    with pytest.raises(UserError, match="pip install labgrid"):
        labgrid.acquire("freezer")


def test_an_exit_on_the_board_is_a_failure_and_its_words_steer_no_terminal(
    rig: pytest.Pytester, micropython: str
) -> None:
    (rig.path / "board_test_x.py").write_text(
        "import sys\ndef test_exit():\n    sys.exit(3)\n"
        "def test_words():\n    raise ValueError('broken \\x1b[2J\\x1b]0;owned\\x07')\n"
    )
    rig.makepyfile(test_host="def test_it(board):\n    board.exec('raise ValueError(\"\\\\x1b[2J\")')\n")
    result = run(rig, "--board", "virtual")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(["AssertionError: the test ended by sys.exit(3)"])
    assert "\x1b" not in result.stdout.str()
