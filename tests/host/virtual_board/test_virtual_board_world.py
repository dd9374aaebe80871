"""The world around the virtual board: Wi-Fi, sockets, TLS, clock and NVS, set by the host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from umail_host.device.board import Board, ExecError
from umail_host.fake_smtp import FakeServer
from umail_host.virtual_board import VirtualBoard

CONNECT = """
import network, time
w = network.WLAN(network.STA_IF)
w.active(True)
w.connect('lab', 'secret')
def wait(status):
    for i in range(200):
        if w.status() == status: return True
        time.sleep_ms(10)
    return w.status()
"""


@pytest.fixture
def virtual(tmp_path: Path, micropython: str) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path / "flash") as virtual:
        virtual.wifi.delay = 0.05
        yield virtual


@pytest.fixture
def server() -> Iterator[tuple[int, list[socket.socket]]]:
    """A listening port, and the connections it took; each gets what it sends back in capitals."""
    connections: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    def echo(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(data.upper())
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], connections
        listener.shutdown(socket.SHUT_RDWR)


def connected(board: Board) -> None:
    board.exec(CONNECT)
    assert board.eval("wait(network.STAT_GOT_IP)") is True


# Wi-Fi


def test_the_station_takes_a_while_and_gets_an_address(virtual: VirtualBoard, board: Board) -> None:
    board.exec("import network\nw = network.WLAN()")
    assert board.eval("w.active(), w.isconnected(), w.status() == network.STAT_IDLE") == (False, False, True)
    virtual.wifi.rssi = -77
    virtual.wifi.address = ("10.0.0.7", "255.255.255.0", "10.0.0.1", "10.0.0.53")
    board.exec(CONNECT)
    assert board.eval("w.status() == network.STAT_CONNECTING, w.isconnected()") == (True, False)
    assert board.eval("wait(network.STAT_GOT_IP), w.isconnected()") == (True, True)
    assert board.eval("w.ifconfig()") == ("10.0.0.7", "255.255.255.0", "10.0.0.1", "10.0.0.53")
    assert board.eval("w.ipconfig('addr4')") == ("10.0.0.7", "255.255.255.0")
    assert board.eval("w.status('rssi'), w.config('ssid'), len(w.config('mac'))") == (-77, "lab", 6)


def test_a_wrong_password_and_a_missing_network_are_told_apart(virtual: VirtualBoard, board: Board) -> None:
    virtual.wifi.ssid, virtual.wifi.password = "lab", "other"
    board.exec(CONNECT)
    assert board.eval("wait(network.STAT_WRONG_PASSWORD)") is True
    virtual.wifi.ssid = "elsewhere"
    assert board.eval("wait(network.STAT_NO_AP_FOUND)") is True
    with pytest.raises(ExecError, match="OSError"):
        board.eval("w.status('rssi')")
    virtual.wifi.ssid, virtual.wifi.password = "lab", "secret"
    assert board.eval("wait(network.STAT_GOT_IP)") is True  # it tries again by itself


def test_connecting_needs_an_active_station(board: Board) -> None:
    with pytest.raises(ExecError, match="Wifi Not Started"):
        board.exec("import network\nnetwork.WLAN().connect('lab', 'secret')")


def test_a_dropped_network_is_noticed_and_comes_back_by_itself(virtual: VirtualBoard, board: Board) -> None:
    connected(board)
    virtual.wifi.drop()
    assert board.eval("w.isconnected(), w.ifconfig()[0]") == (False, "0.0.0.0")
    virtual.wifi.up()
    assert board.eval("wait(network.STAT_GOT_IP)") is True


def test_the_connection_survives_a_soft_reset_and_no_other(virtual: VirtualBoard, board: Board) -> None:
    connected(board)
    board.soft_reset()
    assert board.eval("__import__('network').WLAN().isconnected()") is True
    virtual.hard_reset()
    board.enter()
    assert board.eval("__import__('network').WLAN().active()") is False


# Sockets


def test_nothing_reaches_out_without_wifi(board: Board, server: tuple[int, list[socket.socket]]) -> None:
    board.exec("import socket, errno\ns = socket.socket()")
    with pytest.raises(ExecError, match="OSError: -202"):
        board.exec("socket.getaddrinfo('localhost', 25)")
    with pytest.raises(ExecError, match="EHOSTUNREACH"):
        board.exec(f"s.connect(('127.0.0.1', {server[0]}))")
    assert server[1] == []


def test_sockets_read_and_write_as_on_an_esp32(board: Board, server: tuple[int, list[socket.socket]]) -> None:
    connected(board)
    board.exec(f"import socket\ns = socket.socket()\ns.connect(socket.getaddrinfo('localhost', {server[0]})[0][-1])")
    assert board.eval("s.write(b'one\\ntwo\\n'), s.readline(), s.read(4)") == (8, b"ONE\n", b"TWO\n")
    assert board.eval("s.send(b'abc'), s.recv(10)") == (3, b"ABC")
    board.exec("s.settimeout(0.1)")
    with pytest.raises(ExecError, match="ETIMEDOUT"):
        board.eval("s.recv(1)")
    board.exec("s.setblocking(False)")
    with pytest.raises(ExecError, match="EAGAIN"):
        board.eval("s.recv(1)")
    assert board.eval("s.read(1), s.close()") == (None, None)
    with pytest.raises(ExecError, match=r"OSError: 9|EBADF"):
        board.eval("s.recv(1)")


def test_addresses_are_tuples_as_on_an_esp32(board: Board, server: tuple[int, list[socket.socket]]) -> None:
    connected(board)
    board.exec("import socket")
    assert board.eval(f"socket.getaddrinfo('localhost', {server[0]})[0]") == (2, 1, 0, "", ("127.0.0.1", server[0]))
    board.exec(f"s = socket.socket()\ns.connect(('127.0.0.1', {server[0]}))\ns.send(b'x')")
    assert board.eval("s.recv(1)") == b"X"
    board.exec("u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nu.bind(('127.0.0.1', 0))")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        board.exec(f"u.sendto(b'ping', ('127.0.0.1', {peer.getsockname()[1]}))")
        data, address = peer.recvfrom(10)
        peer.sendto(b"pong", address)
        assert data == b"ping"
        assert board.eval("u.recvfrom(10)") == (b"pong", peer.getsockname())


def test_a_refused_connection_is_told(board: Board) -> None:
    connected(board)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ExecError, match="ECONNREFUSED"):
            board.exec(
                "import socket\ns = socket.socket()\n"
                f"s.connect(socket.getaddrinfo('localhost', {unused.getsockname()[1]})[0][-1])"
            )


def test_an_open_connection_stalls_while_the_wifi_is_down(
    virtual: VirtualBoard, board: Board, server: tuple[int, list[socket.socket]]
) -> None:
    connected(board)
    board.exec(
        f"import socket, select\ns = socket.socket()\ns.connect(socket.getaddrinfo('localhost', {server[0]})[0][-1])\n"
        "p = select.poll()\np.register(s, select.POLLIN | select.POLLOUT)\ns.settimeout(0.1)"
    )
    assert board.eval("p.poll(100)[0][1]") == 4  # writable
    virtual.wifi.drop()
    server[1][0].sendall(b"late")
    assert board.eval("p.poll(100)") == []
    with pytest.raises(ExecError, match="ETIMEDOUT"):
        board.eval("s.recv(4)")
    virtual.wifi.up()
    assert board.eval("wait(network.STAT_GOT_IP), s.recv(4)") == (True, b"late")


def test_asyncio_streams_work_through_the_boards_sockets(board: Board, server: tuple[int, list[socket.socket]]) -> None:
    connected(board)
    code = f"""
import asyncio
ticks = 0
async def ticker():
    global ticks
    while True:
        ticks += 1
        await asyncio.sleep_ms(5)
async def talk():
    t = asyncio.create_task(ticker())
    r, w = await asyncio.open_connection('localhost', {server[0]})
    w.write(b'x' * 20000 + b'\\n')
    await w.drain()
    line = await r.readline()
    try:
        await asyncio.wait_for(r.read(1), 0.1)
    except asyncio.TimeoutError:
        print(len(line), line[:3], ticks > 5)
    w.close()
asyncio.run(talk())
"""
    assert board.exec(code) == "20001 b'XXX' True\n"


def test_tls_is_verified_by_the_boards_clock_through_the_boards_sockets(board: Board) -> None:
    with FakeServer(mailboxes={"a@contoso.com": "x"}) as server:
        board.put("/ca.der", server.ca_der)
        connected(board)
        code = f"""
import socket, ssl
s = socket.socket()
s.connect(socket.getaddrinfo('localhost', {server.port})[0][-1])
for command in (b'', b'EHLO me\\r\\n', b'STARTTLS\\r\\n'):
    s.write(command)
    while s.readline()[3:4] == b'-': pass
c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
c.verify_mode = ssl.CERT_REQUIRED
c.load_verify_locations(cadata=open('/ca.der', 'rb').read())
t = c.wrap_socket(s, server_hostname='localhost')
t.write(b'EHLO me\\r\\n')
print(t.readline())
"""
        with pytest.raises(ExecError, match="certificate validity starts in the future"):
            board.exec(code)
        board.exec("import machine\nmachine.RTC().datetime((2026, 7, 1, 0, 12, 0, 0, 0))")
        assert board.exec(code).startswith("b'250-")


# Clock


def test_the_clock_starts_in_2000_and_counts_from_there(board: Board) -> None:
    board.exec("import time")
    assert board.eval("time.gmtime(0)") == (2000, 1, 1, 0, 0, 0, 5, 1)
    assert board.eval("time.gmtime()[:3] == (2000, 1, 1), time.localtime() == time.gmtime()") == (True, True)
    assert board.eval("time.mktime((2026, 7, 1, 12, 0, 0, 0, 0))") == 836_222_400
    assert board.eval("time.gmtime(836_222_400)[:6]") == (2026, 7, 1, 12, 0, 0)
    assert board.eval("time.time() == time.time_ns() // 1_000_000_000") is True
    # From any moment within a millisecond on.
    board.exec("def slept(t): time.sleep_ms(3); return time.ticks_diff(time.ticks_us(), t)")
    assert board.eval("min([slept(time.ticks_us()) for _ in range(50)]) >= 3000")


def test_ntp_sets_the_clock_where_it_answers(virtual: VirtualBoard, board: Board) -> None:
    virtual.clock.true_time = lambda: 1_782_907_200.0  # 2026-07-01 12:00 UTC
    board.exec("import ntptime, time\nntptime.timeout = 0.05")
    with pytest.raises(ExecError, match="OSError: -202"):
        board.exec("ntptime.settime()")
    connected(board)
    virtual.clock.ntp = False
    with pytest.raises(ExecError, match="ETIMEDOUT"):
        board.exec("ntptime.settime()")
    virtual.clock.ntp = True
    virtual.clock.ntp_offset = 3600
    board.exec("ntptime.settime()")
    assert board.eval("time.gmtime()[:5]") == (2026, 7, 1, 13, 0)
    assert abs(virtual.clock.now() - 1_782_910_800) < 2


def test_the_host_can_let_the_clock_jump(virtual: VirtualBoard, board: Board) -> None:
    virtual.clock.set(1_782_907_200)
    virtual.clock.advance(-86400)
    assert board.exec("import time; print(time.gmtime()[:3])") == "(2026, 6, 30)\n"


# NVS


def test_only_committed_nvs_survives_a_reset(virtual: VirtualBoard, board: Board) -> None:
    board.exec(
        "import esp32\nn = esp32.NVS('umail')\nn.set_blob('password', b'\\x00secret\\xff')\nn.set_i32('count', -5)\n"
        "n.commit()\nn.set_i32('count', 6)\nesp32.NVS('other').set_i32('x', 1)"
    )
    assert board.eval("n.get_i32('count')") == 6
    virtual.hard_reset()
    board.enter()
    board.exec("import esp32\nn = esp32.NVS('umail')\nb = bytearray(20)")
    assert board.eval("n.get_i32('count'), n.get_blob('password', b), bytes(b[:8])") == (-5, 8, b"\x00secret\xff")
    with pytest.raises(ExecError, match="ESP_ERR_NVS_NOT_FOUND"):
        board.exec("esp32.NVS('other').get_i32('x')")
    board.exec("n.erase_key('count')\nn.commit()")
    virtual.power_off()
    virtual.power_on()
    board.enter()
    with pytest.raises(ExecError, match="ESP_ERR_NVS_NOT_FOUND"):
        board.exec("import esp32\nesp32.NVS('umail').get_i32('count')")


def test_nvs_refuses_long_keys_small_buffers_and_the_wrong_type(board: Board) -> None:
    board.exec("import esp32\nn = esp32.NVS('umail')\nn.set_blob('fifteen_letters', b'12345')")
    for code, error in (
        ("n.set_i32('sixteen__letters', 1)", "ESP_ERR_NVS_KEY_TOO_LONG"),
        ("n.get_blob('fifteen_letters', bytearray(4))", "ESP_ERR_NVS_INVALID_LENGTH"),
        ("n.get_i32('fifteen_letters')", "ESP_ERR_NVS_NOT_FOUND"),
        ("n.erase_key('missing')", "ESP_ERR_NVS_NOT_FOUND"),
        ("esp32.NVS('a_namespace_too_long')", "ESP_ERR_NVS_"),
    ):
        with pytest.raises(ExecError, match=error):
            board.exec(code)


def test_the_nvs_file_is_for_its_owner_alone(virtual: VirtualBoard, board: Board, tmp_path: Path) -> None:
    board.exec("import esp32\nn = esp32.NVS('umail')\nn.set_i32('x', 1)\nn.commit()")
    assert (tmp_path / "flash" / "nvs.json").stat().st_mode & 0o777 == 0o600
