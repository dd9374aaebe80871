"""Checks the files that a configuration names before anything is copied: certificates, their key, a recording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from umail_host import certificates, trace_file
from umail_host.device.board import Board
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.files import Brought
from umail_host.settings import Route, Settings


def checked(settings: Settings | None, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return ``files``, path on the board → bytes, with certificates and keys as the DER that a board reads.

    Raises:
        UserError: one is not what the configuration names it for, has ended, or does not belong to the others.
    """
    names = {path: called(path, octets) for path, octets in files.items()}
    made = {
        path: certificates.single(octets, names[path]) if _is_certificate(path, octets) else octets
        for path, octets in files.items()
    }
    for route in settings.routes if settings else ():
        _check_route(route, made, names)
    if (
        settings
        and settings.sensor.get("type") == "trace"
        and (octets := files.get(settings.sensor["path"])) is not None
    ):
        trace_file.rows(octets, settings.sensor["path"], settings.sensor["column"])
    return made


def check_there(link: Board, settings: Settings | None, files: Mapping[str, bytes]) -> None:
    """Check that each file that the configuration names is among ``files``, or on the board.

    Raises:
        UserError: one is not.
    """
    for key, path in named(settings) if settings else ():
        if path not in files and not link.exists(path):
            raise UserError(f"{key} names {path}, which is not on the board: bring it with --file HERE:{path}")


def check_loads(settings: Settings | None, files: Mapping[str, bytes], spec: BoardSpec) -> None:
    """Check that a board of that kind can load the certificates among ``files``, as `checked` returns them.

    Raises:
        UserError: it cannot load one.
    """
    for route in settings.routes if settings else ():
        for path in (*route.trust, *route.certificate):
            if path in files:
                certificates.check_signature(files[path], path, spec.port)


def _is_certificate(path: str, octets: bytes) -> bool:
    pem = path.endswith(".der") and certificates.is_pem(octets)
    return pem and b"CERTIFICATE" in octets and b"PRIVATE KEY" not in octets


def _check_route(route: Route, made: dict[str, bytes], names: Mapping[str, str]) -> None:
    for path in (*route.trust, *route.certificate):
        if path in made:
            made[path] = certificates.single(made[path], names[path])
    for path in route.trust:
        if path in made:
            certificates.check_trust(made[path], names[path])
    given = [path for path in route.certificate if path in made]
    if len(given) == len(route.certificate):
        certificates.check_order([made[path] for path in given], [names[path] for path in given])
    if route.private_key in made:
        leaf = made.get(route.certificate[0], b"") if route.certificate else b""
        key, name = made[route.private_key], names[route.private_key]
        made[route.private_key] = certificates.private_key(key, name, leaf)


def notes(settings: Settings, files: Mapping[str, bytes]) -> list[str]:
    """Return what is right and yet worth a word of the files that `checked` returned: certificates that end soon."""
    paths = [path for route in settings.routes for path in (*route.trust, *route.certificate) if path in files]
    return [note for path in dict.fromkeys(paths) if (note := certificates.ends_soon(files[path], path))]


def called(path: str, octets: bytes) -> str:
    """Return what a person calls a file that lies at ``path`` on the board: the name of the file here, too."""
    return f"{octets.source} (for {path})" if isinstance(octets, Brought) else path


def named(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the files that a configuration names: its key, and the path on the board."""
    for route in settings.routes:
        yield from ((f"{route.key}.trust", path) for path in route.trust if path != "insecure")
        yield from ((f"{route.key}.certificate", path) for path in route.certificate)
        if route.private_key:
            yield f"{route.key}.private_key", route.private_key
    if settings.sensor.get("type") == "trace":
        yield "sensor.path", settings.sensor["path"]
