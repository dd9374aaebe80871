"""Finds MicroPython's official firmware of a version for a board, downloads it over verified HTTPS, and keeps it.

micropython.org publishes no hashes to compare with. So the SHA-256 of each file is noted when it is first downloaded,
in ``SHA256SUMS`` beside the files that are kept, and any later copy must have the same: trust on first use.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from umail_host import __version__
from umail_host.deploy.image import OLDEST_MICROPYTHON
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.flash import write

SUMS = "SHA256SUMS"
_SITE = "https://micropython.org"
_NETWORK = 4  # exit status
_TIMEOUT = 20.0  # seconds without a byte
_PAGE_LIMIT = 4_000_000
_FILE_LIMIT = 32_000_000
_SHOWN = 8  # versions in a sentence
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")

# Called with the bytes received, and those there are in all (0: not known).
Progress = Callable[[int, int], None]


def is_version(text: str) -> bool:
    """Tell whether ``text`` asks for a version (``1.28.0``, ``1.28``, ``latest``) rather than naming a file."""
    return text == "latest" or _VERSION.fullmatch(text) is not None


def cache() -> Path:
    """Return the folder where downloaded firmware is kept; ``UMAIL_CACHE`` names another."""
    if found := os.environ.get("UMAIL_CACHE"):
        return Path(found)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "umail"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "umail"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "umail"


@dataclass(frozen=True)
class Firmware:
    """A firmware file on this computer.

    Attributes:
        file: where it lies.
        origin: a sentence for the user: where it came from, and how far it is to be trusted.
    """

    file: Path
    origin: str


def firmware(board: BoardSpec, wanted: str, progress: Progress, sha256: str = "") -> Firmware:
    """Return the official firmware of ``board`` in the version ``wanted``: the one kept, or else downloaded.

    Args:
        wanted: as `is_version` takes it; ``1.28`` is the newest 1.28, ``latest`` the newest of all.
        progress: told of the bytes of a download.
        sha256: what the file must have, in hex; empty when not known.

    Raises:
        UserError: too old, no such version or board, no network, a download that was cut off, is damaged, or is not
            what it was the first time.
    """
    if not board.firmware:
        raise UserError(f"{board.name} has no firmware to flash: it runs MicroPython already")
    folder = cache() / "firmware"
    kept = _newest({path.name for path in folder.glob(f"{board.firmware}-*")}, board, wanted)
    if kept and wanted != "latest":
        digest = hashlib.sha256((folder / kept).read_bytes()).hexdigest()
        _compare(folder, kept, digest, sha256)
        return Firmware(folder / kept, f"from {folder}, as it was downloaded before")
    page = _read(f"{_site()}/download/{write.page(board)}/", board, wanted)
    offered = set(re.findall(rf"{re.escape(board.firmware)}-\d{{8}}-v[\d.]+\.\w+", page.decode(errors="replace")))
    name = _newest(offered, board, wanted)
    if not name:
        versions = sorted({_version(file) for file in offered if _is_for(file, board)}, reverse=True)
        there = ", ".join(".".join(map(str, version)) for version in versions[:_SHOWN]) or "none at all"
        raise UserError(f"{_site()} has no MicroPython {wanted} for {board.firmware}: it offers {there}", _NETWORK)
    octets = _read(f"{_site()}/resources/firmware/{name}", board, wanted, progress)
    digest = hashlib.sha256(octets).hexdigest()
    known = _compare(folder, name, digest, sha256)
    write.check_octets(name, octets, board)
    _keep(folder, name, octets, digest, known)
    trust = "the same as at its first download" if known else "trusted on first use, as MicroPython publishes no hashes"
    return Firmware(folder / name, f"from {_site()}, kept in {folder}; {'as given' if sha256 else trust}")


def _site() -> str:
    site = os.environ.get("UMAIL_FIRMWARE_SITE", _SITE).rstrip("/")
    if not site.startswith("https://"):
        raise UserError(f"UMAIL_FIRMWARE_SITE is {site}: firmware is only downloaded over https://")
    return site


def _is_for(name: str, board: BoardSpec) -> bool:
    """Tell whether a file is a release for the plain board: no variant, no preview, in the form that is flashed."""
    kind = "uf2" if board.flash_method == "uf2" else "bin"
    return re.fullmatch(rf"{re.escape(board.firmware)}-\d{{8}}-v\d+\.\d+(\.\d+)?\.{kind}", name) is not None


def _version(name: str) -> tuple[int, ...]:
    found = _VERSION.search(name.rpartition("-")[2])
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def _newest(names: set[str], board: BoardSpec, wanted: str) -> str:
    """Return the newest file that fits; empty if there is none."""
    parts: tuple[int, ...] = ()
    if (found := _VERSION.fullmatch(wanted)) is not None:
        parts = tuple(int(part) for part in found.groups() if part is not None)
        if parts < OLDEST_MICROPYTHON:
            raise UserError(f"MicroPython {wanted} is too old: umail needs {'.'.join(map(str, OLDEST_MICROPYTHON))}")
    fitting = [name for name in names if _is_for(name, board) and _version(name)[: len(parts)] == parts]
    return max(fitting, key=lambda name: (_version(name), name), default="")


@contextmanager
def _explained(board: BoardSpec, wanted: str) -> Iterator[None]:
    """Turn what the network may answer into a sentence that says what to do."""
    try:
        yield
    except urllib.error.HTTPError as error:
        why = "it knows no such board or file" if error.code == 404 else error.reason
        raise UserError(f"{error.url} answered {error.code}: {why}", _NETWORK) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise UserError(
                f"{_site()} can't prove its identity ({reason.verify_message}): a proxy in between? SSL_CERT_FILE "
                f"names further roots to trust; nothing was downloaded",
                _NETWORK,
            ) from None
        version = "VERSION" if wanted == "latest" else wanted.removeprefix("v")
        kind = "uf2" if board.flash_method == "uf2" else "bin"
        name = f"{board.firmware}-DATE-v{version}.{kind}"
        raise UserError(
            f"{_site()} can't be reached ({getattr(reason, 'strerror', None) or reason}). On a computer that can, open "
            f"{_SITE}/download/{write.page(board)}/, get {name} (DATE: eight digits), bring it here and run: "
            f"umail flash {name}",
            _NETWORK,
        ) from None


def _read(url: str, board: BoardSpec, wanted: str, progress: Progress | None = None) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": f"umail/{__version__}"})
    limit = _PAGE_LIMIT if progress is None else _FILE_LIMIT
    context = ssl.create_default_context()
    with _explained(board, wanted), urllib.request.urlopen(request, timeout=_TIMEOUT, context=context) as response:
        if not response.url.startswith("https://"):
            raise UserError(f"{url} leads to {response.url}, which is not https://: nothing was downloaded", _NETWORK)
        return _body(response, url, limit, progress)


def _body(response: HTTPResponse, url: str, limit: int, progress: Progress | None) -> bytes:
    total = int(response.headers.get("Content-Length") or 0)
    octets = b""
    while piece := response.read(65536):
        octets += piece
        if len(octets) > limit:
            raise UserError(f"{url} has more than {limit / 1e6:.0f} MB: that is not what it should be", _NETWORK)
        if progress is not None:
            progress(len(octets), total)
    if total and len(octets) != total:
        raise UserError(
            f"the download of {url} ended after {len(octets)} of {total} bytes: run the command again", _NETWORK
        )
    return octets


def _known(folder: Path, name: str) -> str:
    """Return the SHA-256 that was noted for ``name``; empty if none was."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line[:64] for line in lines if line[64:].strip() == name), "")


def _compare(folder: Path, name: str, digest: str, given: str) -> bool:
    """Tell whether a hash was noted; it must be this one, and the one that is given as well."""
    if given and given.lower() != digest:
        raise UserError(
            f"{name} has SHA-256 {digest}, not the one given: it is not the file you mean, or the one in "
            f"{folder} is damaged and must be deleted"
        )
    known = _known(folder, name)
    if known and known != digest:
        raise UserError(
            f"{name} has SHA-256 {digest} now and had {known} when it was first downloaded: nothing is flashed. If you "
            f"know why it changed, delete the file and its line in {folder / SUMS}"
        )
    return bool(known)


def _keep(folder: Path, name: str, octets: bytes, digest: str, known: bool) -> None:
    """Keep it whole or not at all: a file that is there was noted before."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not known:
            with (folder / SUMS).open("a", encoding="utf-8") as sums:
                sums.write(f"{digest}  {name}\n")
        part = folder / f"{name}.part"
        part.write_bytes(octets)
        part.replace(folder / name)
    except OSError as error:
        raise UserError(f"{name} can't be kept in {folder} ({error.strerror}): UMAIL_CACHE names another") from None
