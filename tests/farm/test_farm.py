"""A farm: labgrid's coordinator, two hosts with an exporter and two virtual boards each, tests spread over them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from umail_host.device.ports import Port
from umail_host.errors import UserError
from umail_host.hil import farm

pytest_plugins = ["pytester"]
HOST = Path(__file__).with_name("host_of_boards.py")
HOSTS = ("north", "south")
BOARDS = [f"{host}-{number}" for host in HOSTS for number in (1, 2)]


def test_a_board_on_usb_is_shared_by_its_serial_number() -> None:
    shared = farm.of_port(Port("/dev/ttyUSB0", "303a:1001", "7C:DF".replace(":", ""), "", ("ESP32_GENERIC_S3",)))
    assert shared is not None
    text = farm.exporter([shared, farm.of_network("freezer=10.0.0.7:4000")])
    assert (
        'esp32-s3-7CDF:\n  ## board: ESP32_GENERIC_S3\n  USBSerialPort:\n    match:\n      ID_SERIAL_SHORT: "7CDF"'
        in text
    )
    assert "freezer:\n  NetworkSerialPort:\n    host: 10.0.0.7\n    port: 4000\n    protocol: rfc2217\n" in text
    assert farm.places(text, "rack") == [
        ["-p", "esp32-s3-7CDF", "create"],
        ["-p", "esp32-s3-7CDF", "add-match", "rack/esp32-s3-7CDF/*"],
        ["-p", "esp32-s3-7CDF", "set-tags", "board=ESP32_GENERIC_S3"],
        ["-p", "freezer", "create"],
        ["-p", "freezer", "add-match", "rack/freezer/*"],
    ]


def test_what_cannot_be_shared_is_told() -> None:
    assert farm.of_port(Port("/dev/ttyUSB0", "303a:1001", "", "", ("ESP32_GENERIC_S3",))) is None
    with pytest.raises(UserError, match="NAME=HOST:PORT"):
        farm.of_network("freezer")
    with pytest.raises(UserError, match="NAME=/dev/PORT"):
        farm.of_path("freezer=COM3")
    with pytest.raises(UserError, match="umail farm exporter"):
        farm.places("# nothing\n", "rack")


class Namespaces:
    """A network namespace for each host, joined to ours by a veth pair; without root, all on the loopback."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self.real = os.geteuid() == 0 and shutil.which("ip") is not None
        self.addresses: dict[str, str] = {}
        self.here = "127.0.0.1"
        for number, host in enumerate(HOSTS):
            self.addresses[host] = self._make(number, host, stack) if self.real else f"127.0.0.{number + 2}"

    def _make(self, number: int, host: str, stack: contextlib.ExitStack) -> str:
        name, net = f"umail-{host}", f"10.213.{number}"
        ip("netns", "add", name)
        stack.callback(ip, "netns", "del", name)
        ip("link", "add", f"um-{host}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", f"{net}.1/24", "dev", f"um-{host}")
        ip("link", "set", f"um-{host}", "up")
        for words in (
            ["addr", "add", f"{net}.2/24", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
            ["link", "set", "lo", "up"],
        ):
            ip("-n", name, *words)
        return f"{net}.2"

    def command(self, host: str) -> list[str]:
        """What runs a program on that host."""
        return ["ip", "netns", "exec", f"umail-{host}"] if self.real else []

    def ours(self, host: str) -> str:
        """Our address, as that host sees it."""
        return self.addresses[host].rpartition(".")[0] + ".1" if self.real else "127.0.0.1"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def labgrid_tools() -> Path:
    """The folder with labgrid's commands."""
    client = shutil.which(os.environ.get("UMAIL_LABGRID_CLIENT") or "labgrid-client")
    if client is None:
        pytest.skip(
            "no labgrid: python -m venv lg && lg/bin/pip install labgrid, UMAIL_LABGRID_CLIENT=lg/bin/labgrid-client"
        )
    return Path(client).resolve().parent if Path(client).is_absolute() else Path(client).absolute().parent


def start_coordinator(stack: contextlib.ExitStack, tools: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Runs labgrid's coordinator until ``stack`` ends, and lets its client find it; the port."""
    with socket.create_server(("0.0.0.0", 0)) as free:
        port: int = free.getsockname()[1]
    log = stack.enter_context((folder / "coordinator.log").open("wb"))
    command = [str(tools / "labgrid-coordinator"), "-l", f"0.0.0.0:{port}"]
    coordinator = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    stack.callback(coordinator.wait)
    stack.callback(coordinator.terminate)
    monkeypatch.setenv("LG_COORDINATOR", f"127.0.0.1:{port}")
    monkeypatch.setenv("UMAIL_LABGRID_CLIENT", str(tools / "labgrid-client"))
    wait_for(port)
    return port


@pytest.fixture
def places(tmp_path: Path, micropython: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Four places on two hosts; the folder in which ``die-PLACE`` kills a board."""
    with contextlib.ExitStack() as stack:
        tools = labgrid_tools()
        net = Namespaces(stack)
        port = start_coordinator(stack, tools, tmp_path, monkeypatch)
        for host in HOSTS:
            start_host(stack, net, host, tmp_path, f"{net.ours(host)}:{port}", str(tools / "labgrid-exporter"))
        for host in HOSTS:
            farm.apply(farm.places((tmp_path / f"{host}.yaml").read_text(), host))
        wait_for_resources(str(tools / "labgrid-client"))
        yield tmp_path


def start_host(
    stack: contextlib.ExitStack, net: Namespaces, host: str, folder: Path, coordinator: str, exporter: str
) -> None:
    words = [sys.executable, str(HOST), str(folder), host, net.addresses[host], coordinator, exporter]
    process = subprocess.Popen([*net.command(host), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    stack.callback(process.wait, 20)
    stack.callback(process.stdin.close)
    assert process.stdout.readline() == "ready\n"


def wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("the coordinator does not listen")


def wait_for_resources(client: str, boards: Iterable[str] = BOARDS) -> None:
    for _ in range(25):
        said = subprocess.run([client, "resources"], capture_output=True, text=True, check=False).stdout
        if all(board in said for board in boards):
            return
        time.sleep(0.3)
    raise AssertionError(f"the exporters do not share their boards: {said}")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_tests_are_spread_over_four_boards_on_two_hosts_and_go_on_when_one_dies(
    places: Path, pytester: pytest.Pytester
) -> None:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:hypothesispytest\n")
    pytester.makepyfile(f"""
        import pathlib, time, pytest
        folder = pathlib.Path({str(places)!r})
        @pytest.mark.parametrize("number", range(12))
        def test_it(board, number):
            name = board.place.detail
            if name == "north-1":
                (folder / "die-north-1").touch()
                board.exec("import time\\ntime.sleep(30)", timeout=2)
            time.sleep(1)
            assert board.eval("6 * 7") == 42
            with (folder / "ran").open("a") as file:
                file.write(name + "\\n")
    """)
    boards = [word for board in BOARDS for word in ("--board", f"labgrid:{board}")]
    result = pytester.runpytest_subprocess("-n4", "--dist", "worksteal", "-v", *boards, timeout=250)
    result.assert_outcomes(passed=12)
    result.stdout.fnmatch_lines(["*quarantined labgrid_north-1*"])
    ran = (places / "ran").read_text().split()
    assert len(ran) == 12
    assert set(ran) == set(BOARDS) - {"north-1"}
    client = os.environ["UMAIL_LABGRID_CLIENT"]
    assert (
        "acquired: None"
        in subprocess.run([client, "-p", "south-1", "show"], capture_output=True, text=True, check=False).stdout
    )
