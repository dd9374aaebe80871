"""The administrator's file of fleet keys: 32 random bytes for each board, by which it signs and its updates are sealed.

``UMAIL_FLEET_KEYS`` says where they are: a file, which only its owner may read; one whose name ends in ``.age``,
encrypted to the identity in the file that ``UMAIL_AGE_IDENTITY`` names; or ``keyring``, the system's.
"""

from __future__ import annotations

import contextlib
import functools
import hmac
import importlib
import json
import os
import re
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from umail_host import files
from umail_host.errors import UserError

try:
    import fcntl
except ImportError:
    # Windows has no such locks.
    fcntl = None  # type: ignore[assignment]

# The name of the secret on a board, which holds the key in hexadecimal.
SECRET = "fleet_key"
VARIABLE, IDENTITY = "UMAIL_FLEET_KEYS", "UMAIL_AGE_IDENTITY"
_SIZE = 32
_SERVICE = "umail"
_KEY = re.compile(r"[0-9a-f]{64}")
_THREADS = threading.Lock()


def plain(identity: object) -> str:
    """Return the id of a board as it is kept: lower-case hexadecimal without separators."""
    return str(identity).lower().replace(":", "").replace("-", "")


def derived(key: bytes, purpose: str) -> bytes:
    """Return the key for one purpose, ``status``, ``update-enc`` or ``update-mac``: HMAC-SHA256 (RFC 2104)."""
    return hmac.digest(key, purpose.encode(), "sha256")


def where() -> str:
    """Return what ``UMAIL_FLEET_KEYS`` says, or where keys are by default."""
    if told := os.environ.get(VARIABLE):
        return told
    folder = os.environ.get("APPDATA") if sys.platform == "win32" else os.environ.get("XDG_CONFIG_HOME")
    return str(Path(folder or Path.home() / ".config") / "umail" / "fleet-keys.json")


def get(identity: str) -> bytes | None:
    """Return the key of the board with that id, None if there is none.

    Raises:
        UserError: the keys can't be read.
    """
    found = _keyring_get(plain(identity)) if where() == "keyring" else _load().get(plain(identity))
    return bytes.fromhex(found) if found else None


def lookup() -> Callable[[str], bytes | None]:
    """Return what gives the key of a board, for many of them: the file is read once.

    Raises:
        UserError: the keys can't be read.
    """
    if where() == "keyring":
        return functools.lru_cache(100_000)(get)
    return every().get


def every() -> dict[str, bytes]:
    """Return all keys by the id of their board.

    Raises:
        UserError: the keys can't be read, or are in the keyring, which tells no list.
    """
    if where() == "keyring":
        raise UserError(f"the system's keyring can't list its keys: name the boards, or set {VARIABLE} to a file")
    return {identity: bytes.fromhex(key) for identity, key in _load().items()}


def ensure(identity: str) -> bytes:
    """Return the key of the board with that id, made and kept if there is none.

    Raises:
        UserError: the keys can't be read or written.
    """
    with _locked():
        key = get(identity)
        if key is None:
            key = secrets.token_bytes(_SIZE)
            put(identity, key)
        return key


def put(identity: str, key: bytes | None) -> None:
    """Keep the key of a board; None forgets it: the next provisioning makes a new one.

    Raises:
        UserError: the keys can't be read or written.
    """
    name = plain(identity)
    if where() == "keyring":
        _keyring_put(name, key)
        return
    known = _load()
    known.pop(name, None)
    if key is not None:
        known[name] = key.hex()
    _save(known)


def _load() -> dict[str, str]:
    path = Path(where()).expanduser()
    if not path.exists():
        return {}
    octets = files.read(path)
    if path.suffix == ".age":
        octets = _opened(octets, path)
    elif os.name == "posix" and path.stat().st_mode & 0o077 and not _is_credential(path):
        raise UserError(f"{path} may be read by others: chmod 600 {path}")
    try:
        found = json.loads(octets)
        known = {str(name): str(key) for name, key in found["keys"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UserError(f"{path} is not a file of fleet keys: bring it back from your backup") from None
    if found.get("version") != 1 or not all(map(_KEY.fullmatch, known.values())):
        raise UserError(f"{path} was written by a newer umail, or is damaged: bring it back from your backup")
    return known


def _is_credential(path: Path) -> bool:
    """Tell whether systemd keeps that file for this service alone, by its own means."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.parent == Path(folder or "")


def _save(known: dict[str, str]) -> None:
    path = Path(where()).expanduser()
    octets = json.dumps({"version": 1, "keys": known}, indent=1, sort_keys=True).encode()
    if path.suffix == ".age":
        octets = _sealed(octets)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # (mkstemp lets only its owner in.) Whole or not at all: it may be the only copy.
        number, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(number, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}; set {VARIABLE} to another place") from None


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Keep two threads, and where the system can two runs, from making two keys for one board, or losing one."""
    with _THREADS, _file_locked():
        yield


@contextlib.contextmanager
def _file_locked() -> Iterator[None]:
    path = Path(where()).expanduser()
    if where() == "keyring" or fcntl is None:
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = open(path.with_name(path.name + ".lock"), "w")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"{path} can't be written: {error.strerror}; set {VARIABLE} to another place") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _age() -> tuple[Any, Any]:
    """Return the module pyrage, and the identity to read and write by."""
    try:
        pyrage = importlib.import_module("pyrage")
    except ImportError:
        raise UserError("a file of keys that ends in .age needs pyrage: pip install 'micropython-umail[age]'") from None
    named = os.environ.get(IDENTITY)
    if not named:
        raise UserError(f"the keys are encrypted: set {IDENTITY} to the file with your age identity (age-keygen)")
    text = files.text(files.read(Path(named), f"{IDENTITY}: {named}"), named)
    line = next((line.strip() for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-")), "")
    try:
        return pyrage, pyrage.x25519.Identity.from_str(line)
    except Exception:
        # (Its own error would quote the line.)
        raise UserError(f"{named} holds no age identity, a line AGE-SECRET-KEY-1…: make one by age-keygen") from None


def _opened(octets: bytes, path: Path) -> bytes:
    pyrage, identity = _age()
    try:
        return bytes(pyrage.decrypt(octets, [identity]))
    except Exception:
        raise UserError(f"{path} is not encrypted to the identity that {IDENTITY} names, or is damaged") from None


def _sealed(octets: bytes) -> bytes:
    pyrage, identity = _age()
    return bytes(pyrage.encrypt(octets, [identity.to_public()]))


def _keyring() -> Any:
    try:
        return importlib.import_module("keyring")
    except ImportError:
        raise UserError(f"{VARIABLE} is keyring, which needs: pip install 'micropython-umail[keyring]'") from None


def _keyring_get(name: str) -> str:
    try:
        found = _keyring().get_password(_SERVICE, f"{SECRET}/{name}")
    except UserError:
        raise
    except Exception:
        raise UserError(f"the system's keyring can't be read: unlock it, or set {VARIABLE} to a file") from None
    return found if found and _KEY.fullmatch(found) else ""


def _keyring_put(name: str, key: bytes | None) -> None:
    keyring = _keyring()
    try:
        if key is not None:
            keyring.set_password(_SERVICE, f"{SECRET}/{name}", key.hex())
        elif keyring.get_password(_SERVICE, f"{SECRET}/{name}"):
            keyring.delete_password(_SERVICE, f"{SECRET}/{name}")
    except Exception:
        raise UserError(f"the system's keyring can't be written: unlock it, or set {VARIABLE} to a file") from None
