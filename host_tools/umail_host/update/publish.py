"""Publishes for each board of a fleet's file what it is to have: one bundle, which only this board can open."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from umail_host import secret_source
from umail_host.deploy import changes, image, material
from umail_host.device import boards
from umail_host.errors import UserError
from umail_host.fleet import keys
from umail_host.provision.fleet import Fleet
from umail_host.settings import Settings
from umail_host.update import bundle, record

# What no update replaces: it takes updates back.
_FIXED = {"/boot.py", "/main.py", f"/{image.SWITCH}"}


@dataclass(frozen=True)
class Content:
    """What one board is to have: files by their path on it, and secrets by name."""

    files: Mapping[str, bytes]
    secrets: Mapping[str, str] = field(repr=False)


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
    """

    fleet: Fleet
    folder: Path
    kind: str = ""
    names: tuple[str, ...] = ()
    stage: float = 1
    secrets: tuple[str, ...] = ()
    code: bool = True
    again: bool = False


def publish(order: Order, told: Callable[[Outcome], None], now: Callable[[], float] = time.time) -> list[Outcome]:
    """Publish what has changed; ``told`` of each board.

    Raises:
        UserError: an entry must be fixed, or a board has no key. Then nothing of that board is published.
    """
    known = record.load(order.fleet.path)
    answers: dict[str, str] = {}
    outcomes = []
    order.folder.mkdir(parents=True, exist_ok=True)
    for entry in _chosen(order):
        name, identity = order.fleet.name(entry), _identity(order.fleet, entry)
        before = known.get(identity)
        if not in_stage(identity, order.stage):
            outcomes.append(Outcome(name, identity, "later", before.version if before else 0))
            told(outcomes[-1])
            continue
        key = keys.get(identity)
        if key is None:
            raise UserError(f"{name} has no key yet, by which its update is sealed: run umail provision for it once", 2)
        content = _content(order, entry, name, answers)
        digest = _digest(key, content, order.code)
        if before and before.digest == digest and not order.again and (order.folder / before.file).exists():
            outcomes.append(Outcome(name, identity, "unchanged", before.version))
            told(outcomes[-1])
            continue
        version = max(int(now()), before.version + 1 if before else 1)
        sealed = bundle.seal(key, identity, version, content.files, content.secrets, order.code)
        file = bundle.name(key)
        # First the record: a number that was used must never be used for something else.
        known[identity] = record.Published(name, version, digest, int(now()), file)
        record.save(order.fleet.path, known)
        record.write(order.folder / file, sealed)
        outcomes.append(Outcome(name, identity, "published", version, len(sealed)))
        told(outcomes[-1])
    return outcomes


def in_stage(identity: str, share: float) -> bool:
    """Tell whether a board is in the first ``share`` (0 to 1) of all: the same boards each time, by their ids' hash."""
    place = int.from_bytes(hashlib.sha256(b"umail-stage" + identity.encode()).digest()[:4], "big") / (1 << 32)
    return place < share


def _chosen(order: Order) -> Iterable[Mapping[str, Any]]:
    entries = order.fleet.boards
    if unknown := sorted(set(order.names) - {order.fleet.name(entry) for entry in entries}):
        raise UserError(f"{order.fleet.path} has no board {', '.join(unknown)}: see its [[board]] entries")
    return [entry for entry in entries if not order.names or order.fleet.name(entry) in order.names]


def _identity(fleet: Fleet, entry: Mapping[str, Any]) -> str:
    if "id" not in entry:
        raise UserError(
            f"{fleet.path}: {fleet.name(entry) or 'a board'} has no id, by which its update is sealed: "
            "umail boards --probe shows it"
        )
    return keys.plain(entry["id"])


def _content(order: Order, entry: Mapping[str, Any], name: str, answers: dict[str, str]) -> Content:
    kind = str(entry.get("board") or order.kind)
    if not kind:
        raise UserError(
            f'{name}: say which board it is: board = "ESP32_GENERIC" in its entry, or --board for all '
            f"({', '.join(boards.names())})"
        )
    spec = boards.load(kind)
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
    built = image.build(spec, config=settings, extra_files=files, keyed=True)
    if order.code:
        code = sorted(path for path in built if path.startswith(changes.CODE))
        built[changes.LIST] = "".join(f"{path}\n" for path in code).encode()
    else:
        built = {path: octets for path, octets in built.items() if not path.startswith("/lib/")}
    wanted = dict.fromkeys((*settings.secrets(), *order.secrets))
    values = {
        secret: value
        for secret in wanted
        if (value := secret_source.read(secret, name, answers) if secret in order.secrets else _found(secret, name))
    }
    return Content({path: octets for path, octets in built.items() if path not in _FIXED}, values)


def _found(secret: str, name: str) -> str:
    return secret_source.find(secret, name) or ""


def _digest(key: bytes, content: Content, code: bool) -> str:
    """Return a digest of what a board is to have; by its key, since the record is not secret."""
    made = hmac.new(key, json.dumps([code, sorted(content.secrets.items())]).encode(), "sha256")
    for path in sorted(content.files):
        made.update(path.encode() + b"\0" + hashlib.sha256(content.files[path]).digest())
    return made.hexdigest()
