"""Official firmware fetched by version: over verified HTTPS, once, its hash noted; offline and wrong answers told."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import socket
import ssl
import subprocess
import threading

import pytest
import trustme
from typer.testing import CliRunner

from host.flash.firmware_files import esp_firmware, uf2
from umail_host.cli import app
from umail_host.device import boards, identity, ports
from umail_host.device.board import Board
from umail_host.errors import UserError
from umail_host.flash import confirm, download, write
from umail_host.virtual_board import VirtualBoard

ESP32 = boards.load("ESP32_GENERIC")
PICO = boards.load("RPI_PICO_W")
NAME = "ESP32_GENERIC-20251209-v1.27.0.bin"
PAGE = "".join(
    f'<a href="/resources/firmware/{name}">download</a>\n'
    for name in (
        "ESP32_GENERIC-20260406-v1.28.0.bin",
        "ESP32_GENERIC-20260501-v1.29.0-preview.12.g0123456789.bin",
        "ESP32_GENERIC-SPIRAM-20260824-v1.29.0.bin",
        NAME,
        NAME.replace(".bin", ".elf"),
        NAME.replace(".bin", ".app-bin"),
        "ESP32_GENERIC-20250911-v1.26.1.bin",
        "ESP32_GENERIC-20250809-v1.26.0.bin",
    )
)


class Site:
    """micropython.org, small: path → bytes; ``short`` bytes of each firmware file are not sent."""

    def __init__(self):
        self.files = {
            "/download/ESP32_GENERIC/": PAGE.encode(),
            "/download/RPI_PICO_W/": b'<a href="/resources/firmware/RPI_PICO_W-20251209-v1.27.0.uf2">',
            f"/resources/firmware/{NAME}": esp_firmware(),
            "/resources/firmware/ESP32_GENERIC-20260406-v1.28.0.bin": esp_firmware(size=9_036),
            "/resources/firmware/RPI_PICO_W-20251209-v1.27.0.uf2": uf2(),
        }
        self.asked: list[str] = []
        self.short = 0
        self.leads_to = ""


def handler_of(site):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            site.asked.append(self.path)
            if site.leads_to:
                self.send_response(302)
                self.send_header("Location", site.leads_to)
                self.end_headers()
                return
            octets = site.files.get(self.path)
            if octets is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets[: len(octets) - site.short] if "/resources/" in self.path else octets)

        def log_message(self, *ignored):
            pass

    return Handler


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def site(tmp_path, monkeypatch, authority):
    site = Site()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
    monkeypatch.setenv("UMAIL_FIRMWARE_SITE", f"https://localhost:{server.server_port}")
    monkeypatch.setenv("UMAIL_CACHE", str(tmp_path / "cache"))
    yield site
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "cache" / "firmware"


def fetch(version, board=ESP32, sha256=""):
    return download.firmware(board, version, lambda done, total: None, sha256)


def test_a_version_is_downloaded_once_kept_whole_and_its_hash_noted(site, kept):
    seen = []
    found = download.firmware(ESP32, "1.27.0", lambda *step: seen.append(step))
    octets = site.files[f"/resources/firmware/{NAME}"]
    assert found.file == kept / NAME
    assert found.file.read_bytes() == octets
    assert seen[-1] == (len(octets), len(octets))
    assert "trusted on first use, as MicroPython publishes no hashes" in found.origin
    assert (kept / download.SUMS).read_text() == f"{hashlib.sha256(octets).hexdigest()}  {NAME}\n"
    site.asked.clear()
    assert "as it was downloaded before" in fetch("v1.27").origin
    assert site.asked == []


def test_the_newest_is_the_newest_release_for_the_plain_board(site, kept):
    assert fetch("latest").file.name == "ESP32_GENERIC-20260406-v1.28.0.bin"
    assert fetch("1.27", PICO).file.name == "RPI_PICO_W-20251209-v1.27.0.uf2"


def test_a_version_that_there_is_not_is_told_with_those_that_there_are(site):
    with pytest.raises(UserError, match=r"no MicroPython 1\.30\.0 .*it offers 1\.28\.0, 1\.27\.0, 1\.26\.1, 1\.26\.0$"):
        fetch("1.30.0")
    with pytest.raises(UserError, match=r"1\.20\.0 is too old: umail needs 1\.22"):
        fetch("1.20.0")
    assert site.asked == ["/download/ESP32_GENERIC/"]


def test_what_the_site_does_not_know_is_told(site):
    del site.files[f"/resources/firmware/{NAME}"]
    with pytest.raises(UserError, match=rf"{NAME} answered 404: it knows no such board or file") as caught:
        fetch("1.27.0")
    assert caught.value.exit_code == 4


def test_a_download_that_is_cut_off_leaves_nothing_and_the_next_one_is_taken(site, kept):
    site.short = 1000
    with pytest.raises(UserError, match=r"ended after \d+ of \d+ bytes: run the command again"):
        fetch("1.27.0")
    assert not kept.exists()
    site.short = 0
    assert fetch("1.27.0").file.exists()


def test_what_is_not_a_whole_firmware_for_the_chip_is_neither_kept_nor_noted(site, kept):
    for octets, words in (
        (b"<html>come back later</html>" * 9, "is not a firmware of an ESP32"),
        (esp_firmware()[:-100], "is damaged"),
        (esp_firmware("ESP32_GENERIC_C3"), "is for esp32c3"),
    ):
        site.files[f"/resources/firmware/{NAME}"] = octets
        with pytest.raises(UserError, match=words):
            fetch("1.27.0")
    assert not kept.exists()


def test_another_hash_than_the_one_given_is_refused_from_the_site_and_from_the_cache(site, kept):
    with pytest.raises(UserError, match="not the one given"):
        fetch("1.27.0", sha256="00" * 32)
    assert not kept.exists()
    digest = hashlib.sha256(site.files[f"/resources/firmware/{NAME}"]).hexdigest()
    assert "; as given" in fetch("1.27.0", sha256=digest.upper()).origin
    with pytest.raises(UserError, match="not the one given"):
        fetch("1.27.0", sha256="00" * 32)


def test_a_file_that_changed_since_its_first_download_is_refused(site, kept):
    fetch("1.27.0").file.unlink()
    assert "the same as at its first download" in fetch("1.27.0").origin
    (kept / NAME).write_bytes(esp_firmware(size=9_036))
    with pytest.raises(UserError, match=r"when it was first downloaded: nothing is flashed.*SHA256SUMS"):
        fetch("1.27.0")
    (kept / NAME).unlink()
    site.files[f"/resources/firmware/{NAME}"] = esp_firmware(size=9_036)
    with pytest.raises(UserError, match="when it was first downloaded"):
        fetch("1.27.0")
    assert not (kept / NAME).exists()


def test_without_a_network_the_page_the_file_and_the_command_are_told(site, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    monkeypatch.setenv("UMAIL_FIRMWARE_SITE", f"https://localhost:{closed}")
    with pytest.raises(UserError) as caught:
        fetch("1.27.0")
    assert caught.value.exit_code == 4
    text = str(caught.value)
    assert "can't be reached" in text
    assert "open https://micropython.org/download/ESP32_GENERIC/, get ESP32_GENERIC-DATE-v1.27.0.bin" in text
    assert text.endswith("run: umail flash ESP32_GENERIC-DATE-v1.27.0.bin")
    with pytest.raises(UserError, match=r"get RPI_PICO_W-DATE-vVERSION\.uf2"):
        fetch("latest", PICO)


def test_a_site_that_does_not_prove_who_it_is_and_one_without_tls_are_refused(site, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
        patch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
        with pytest.raises(UserError, match="can't prove its identity"):
            fetch("1.27.0")
    assert site.asked == []
    monkeypatch.setenv("UMAIL_FIRMWARE_SITE", "http://localhost:1")
    with pytest.raises(UserError, match="only downloaded over https"):
        fetch("1.27.0")


def test_a_site_that_leads_away_from_https_is_not_followed_to_the_file(site, tmp_path):
    plain = Site()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(plain))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    site.leads_to = f"http://127.0.0.1:{server.server_port}/download/ESP32_GENERIC/"
    with pytest.raises(UserError, match="which is not https://: nothing was downloaded"):
        fetch("1.27.0")
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_command_takes_a_version_and_says_where_the_file_came_from(site, monkeypatch):
    written = []
    monkeypatch.setattr(write, "write", lambda file, spec, port, **options: written.append((file.name, port)))
    monkeypatch.setattr(confirm, "confirm", lambda port, spec, version: f"confirmed {version}")
    arguments = ["flash", "1.27.0", "--board", "ESP32_GENERIC", "--port", "PORT"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert written == [(NAME, "PORT")]
    assert f"{NAME}: for esp32, SHA-256 " in done.output
    assert "trusted on first use" in done.output
    assert done.output.endswith("confirmed 1.27.0\n")


def test_from_a_version_to_a_board_that_says_it_runs_it(site, tmp_path, micropython, monkeypatch):
    code = "import sys\nprint(*sys.implementation.version[:3], sep='.')"
    version = subprocess.run([micropython, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    name = f"ESP32_GENERIC-20260824-v{version}.bin"
    site.files["/download/ESP32_GENERIC/"] = f'<a href="/resources/firmware/{name}">'.encode()
    site.files[f"/resources/firmware/{name}"] = esp_firmware()
    original = write.write
    with VirtualBoard(tmp_path / "flash", board="ESP32_GENERIC") as board:

        def through_the_loader(file, spec, port, **options):
            """A pseudo-terminal has no reset line, and the virtual board no more than its ROM's loader."""
            with Board(port) as link:
                link.enter()
                with contextlib.suppress(UserError):
                    link.exec("import machine\nmachine.bootloader()", timeout=0.5)
            original(file, spec, port, **options, more=("--no-stub", "--before", "no-reset", "--after", "no-reset"))
            board.hard_reset()

        monkeypatch.setattr(write, "write", through_the_loader)
        arguments = ["flash", "latest", "--board", "ESP32_GENERIC", "--port", board.port, "--baud", "115200"]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert bytes(board.rom.flash[0x1000:]).startswith(esp_firmware())
    assert done.output.endswith(f"ESP32 runs MicroPython {version}\n")


def test_which_board_is_connected_is_told_by_its_usb_id_or_asked_for(monkeypatch):
    here = [ports.Port("PORT", "303a:4001", "", "", ("ESP32_GENERIC_S2",))]
    monkeypatch.setattr(ports, "found", lambda: here)
    assert identity.connected("") == "ESP32_GENERIC_S2"
    here[0] = ports.Port("/no/such", "10c4:ea60", "", "", ("ESP32_GENERIC", "ESP32_GENERIC_S3"))
    with pytest.raises(UserError, match=r"name it with --board \(ESP32_GENERIC, ESP32_GENERIC_S3\)"):
        identity.connected("")


def test_a_version_is_told_from_a_file():
    assert all(map(download.is_version, ("1.28", "v1.28.1", "latest")))
    assert not any(map(download.is_version, ("firmware.bin", "1.28.0.bin", "latest.bin", NAME)))
