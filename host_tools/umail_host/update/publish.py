"""Publishes for each board of a fleet's file what it is to have: one bundle, which only this board can open."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from umail_host import firmware_rules, secret_source
from umail_host.deploy import changes, image, material, romfs
from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.fleet import keys
from umail_host.provision.fleet import Fleet
from umail_host.settings import Settings
from umail_host.update import bundle, micropython, record

# What no update replaces: it takes updates back.
_FIXED = {"/boot.py", "/main.py", *(f"/{name}" for name in image.SWITCH)}

# The record holds all boards: it is written after this many seconds, and takes at most such a part of the time.
_KEEP_S, _PART = 5, 20


@dataclass(frozen=True)
class Content:
    """What one board is to have: files by their path on it, secrets by name, and MicroPython if that comes along."""

    files: Mapping[str, bytes]
    secrets: Mapping[str, str] = field(repr=False)
    micropython: micropython.Image | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a board: ``published``, ``unchanged`` or ``later`` (of another stage)."""

    name: str
    identity: str
    what: str
    version: int
    size: int = 0


@dataclass(frozen=True)
class Order:
    """What is asked for.

    Attributes:
        fleet: the file; folder: gets the bundles.
        kind: the board's description, unless its entry says ``board``.
        names: of the boards; empty: all.
        stage: the part of them, more than 0 and up to 1: the same ones each time.
        secrets: names of those that must come along, asked for if need be; others do if they are known.
        code: library and firmware come along.
        again: publish, though nothing has changed since.
        micropython: file with MicroPython's image, which comes along.
    """

    fleet: Fleet
    folder: Path
    kind: str = ""
    names: tuple[str, ...] = ()
    stage: float = 1
    secrets: tuple[str, ...] = ()
    code: bool = True
    again: bool = False
    micropython: Path | None = None


def publish(order: Order, told: Callable[[Outcome], None], now: Callable[[], float] = time.time) -> list[Outcome]:
    """Publish what has changed; ``told`` of each board.

    Raises:
        UserError: an entry must be fixed, or a board has no key. Then nothing of that board is published.
    """
    made = _Publishing(order, now)
    outcomes = []
    order.folder.mkdir(parents=True, exist_ok=True)
    try:
        for entry in _chosen(order):
            outcomes.append(made.one(entry))
            told(outcomes[-1])
    finally:
        made.keep()
    return outcomes


class _Publishing:
    """One run: what all boards share is made and read once."""

    def __init__(self, order: Order, now: Callable[[], float]) -> None:
        self._order, self._now = order, now
        self._known = record.load(order.fleet.path)
        self._key = keys.lookup()
        self._answers: dict[str, str] = {}
        self._compiled = image.once()
        self._spec = functools.cache(boards.load)
        self._micropython = functools.cache(self._read)
        # Bundles that wait until their numbers are kept: one that was used must not be used for something else.
        self._laid: list[Path] = []
        self._keep_at = time.monotonic() + _KEEP_S

    def one(self, entry: Mapping[str, Any]) -> Outcome:
        """Publish for one board what it is to have, if that has changed."""
        order = self._order
        name, identity = order.fleet.name(entry), _identity(order.fleet, entry)
        before = self._known.get(identity)
        if not in_stage(identity, order.stage):
            return Outcome(name, identity, "later", before.version if before else 0)
        key = self._key(identity)
        if key is None:
            raise UserError(f"{name} has no key yet, by which its update is sealed: run umail provision for it once", 2)
        content = self._content(entry, name)
        digest = _digest(key, content, order.code)
        if before and before.digest == digest and not order.again and (order.folder / before.file).exists():
            return Outcome(name, identity, "unchanged", before.version)
        at = int(self._now())
        version = max(at, before.version + 1 if before else 1)
        sealed = bundle.seal(
            key, identity, version, content.files, content.secrets, order.code, micropython=content.micropython
        )
        file = order.folder / bundle.name(key)
        record.lay(file, sealed)
        self._laid.append(file)
        self._known[identity] = record.Published(name, version, digest, at, file.name)
        if time.monotonic() > self._keep_at:
            self.keep()
        return Outcome(name, identity, "published", version, len(sealed))

    def keep(self) -> None:
        """Keep the numbers that were given, then give out what was made."""
        if not self._laid:
            return
        began = time.monotonic()
        record.save(self._order.fleet.path, self._known)
        for file in self._laid:
            record.switch(file)
        self._laid = []
        now = time.monotonic()
        self._keep_at = now + max(_KEEP_S, _PART * (now - began))

    def _content(self, entry: Mapping[str, Any], name: str) -> Content:
        order = self._order
        kind = str(entry.get("board") or order.kind)
        if not kind:
            raise UserError(
                f'{name}: say which board it is: board = "ESP32_GENERIC" in its entry, or --board for all '
                f"({', '.join(boards.names())})"
            )
        spec = self._spec(kind)
        folder = order.fleet.path.parent
        settings = Settings.of(order.fleet.config(entry), sign_in=True, fresh=True, folder=folder, board=spec)
        if not settings.value["update"]:
            raise UserError(
                f"{name}: [update] with its url is missing in {order.fleet.path}: without it the board never asks again"
            )
        files = material.checked(settings, order.fleet.files(entry))
        material.check_loads(settings, files, spec)
        for key, path in material.named(settings):
            if path not in files:
                raise UserError(f"{name}: {key} names {path}: bring it along under [files]")
        built = image.build(spec, config=settings, extra_files=files, keyed=True, compiled=self._compiled)
        if order.code:
            built = _placed(built, order.fleet.romfs(entry))
        else:
            built = {path: octets for path, octets in built.items() if not path.startswith("/lib/")}
        values = {}
        for secret in dict.fromkeys((*settings.secrets(), *order.secrets)):
            asked = secret in order.secrets
            value = secret_source.read(secret, name, self._answers) if asked else secret_source.find(secret, name)
            if value:
                values[secret] = value
        built = {path: octets for path, octets in built.items() if path not in _FIXED}
        return Content(built, values, self._micropython(kind) if order.micropython else None)

    def _read(self, kind: str) -> micropython.Image:
        """Read MicroPython for the boards of that kind, and hand it out: one file for all of them."""
        assert self._order.micropython is not None
        found = micropython.read(self._order.micropython, self._spec(kind))
        if not (file := self._order.folder / found.file).exists():
            record.write(file, found.sealed())
        return found


def _placed(built: dict[str, bytes], rom: bool) -> dict[str, bytes]:
    """Return all that a board is to have, with its list of code; library and firmware as one image for a ROMFS."""
    ours = (f"{image.LIBRARY}/", f"{image.FIRMWARE}/")
    packed = {f"/rom{path}": octets for path, octets in built.items() if rom and path.startswith(ours)}
    built = {path: octets for path, octets in built.items() if f"/rom{path}" not in packed}
    code = sorted(path for path in built if path.startswith(changes.CODE))
    built[changes.LIST] = "".join(f"{path}\n" for path in code).encode()
    if packed:
        built[firmware_rules.module("bundle").ROM] = romfs.build(packed)
    return built


def in_stage(identity: str, share: float) -> bool:
    """Tell whether a board is in the first ``share`` (0 to 1) of all: the same boards each time, by their ids' hash."""
    place = int.from_bytes(hashlib.sha256(b"umail-stage" + identity.encode()).digest()[:4], "big") / (1 << 32)
    return place < share


def _chosen(order: Order) -> Iterable[Mapping[str, Any]]:
    entries, names = order.fleet.boards, set(order.names)
    if unknown := sorted(names - {order.fleet.name(entry) for entry in entries}):
        raise UserError(f"{order.fleet.path} has no board {', '.join(unknown)}: see its [[board]] entries")
    return [entry for entry in entries if not names or order.fleet.name(entry) in names]


def _identity(fleet: Fleet, entry: Mapping[str, Any]) -> str:
    if "id" not in entry:
        raise UserError(
            f"{fleet.path}: {fleet.name(entry) or 'a board'} has no id, by which its update is sealed: "
            "umail boards --probe shows it"
        )
    return keys.plain(entry["id"])


def _digest(key: bytes, content: Content, code: bool) -> str:
    """Return a digest of what a board is to have; by its key, since the record is not secret."""
    told = [code, sorted(content.secrets.items()), *([content.micropython.sha256] if content.micropython else [])]
    made = hmac.new(key, json.dumps(told).encode(), "sha256")
    for path in sorted(content.files):
        made.update(path.encode() + b"\0" + hashlib.sha256(content.files[path]).digest())
    return made.hexdigest()
