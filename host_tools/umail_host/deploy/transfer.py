"""Brings an image onto a board over the raw REPL: only what changed, verified, repeatable when it was cut off.

Order: the list of code files on the board is first widened to what will be there, then each changed file is written
under a temporary name, read back, compared and renamed, then code that is no longer in the image goes, then the list is
narrowed. Cut at any point, the next run finds the list too wide at worst and completes the work. Data (configuration,
traces, certificates, whatever the user put there) is written when it is in the image and never removed.

Library and firmware may go into the ROMFS partition instead (see romfs), before anything else; those in /lib go once
the board has mounted it. As /rom/lib comes before /lib, a deployment into /lib empties a ROMFS of ours. Code that the
firmware has frozen in comes before both: it is left out of the image.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from umail_host.deploy import changes, romfs, wire
from umail_host.deploy.image import FIRMWARE, LIBRARY, check_version
from umail_host.deploy.romfs import Link as Link
from umail_host.errors import UserError

# An update over the network that is under way, and the number of the one in force (firmware/switch.py).
_UPDATE, _IN_FORCE = "/update/state", "/update.version"
# The secret that holds the highest number that was ever taken (alertnode/trial.py).
_HIGHEST = "update_highest"
# Called with the file being written, the bytes sent so far, and the bytes to send in all.
Progress = Callable[[str, int, int], None]


@dataclass
class Report:
    """What a deployment did: board paths, bytes sent, and sentences that the user should read."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    octets: int = 0
    rom: str = ""  # what became of the ROMFS
    frozen: list[str] = field(default_factory=list)  # packages that the firmware itself holds
    warnings: list[str] = field(default_factory=list)


def deploy(
    link: Link,
    image: Mapping[str, bytes],
    *,
    rom: bool | None = None,
    secrets: Mapping[str, str] | None = None,
    floor: int = 0,
    progress: Progress | None = None,
    report: Report | None = None,
) -> Report:
    """Make the board hold ``image`` and ``secrets``. The board is not reset.

    Args:
        link: a board in its raw REPL.
        image: absolute path → bytes, as ``umail_host.deploy.image.build`` makes it.
        rom: whether library and firmware go into the ROMFS partition; False: where the paths say; None: into the ROMFS
            if the board has them there.
        secrets: name → value, for the board's secret store; an empty one is removed.
        floor: updates over the network up to that number count as had; the board's own such number never sinks.
        progress: told of each piece sent.
        report: one to go on with, of a run that was cut off.

    Raises:
        UserError: no room, a version that does not fit, a file that the flash gives back wrong, an image that does not
            import on the board, no ROMFS partition for what belongs into one.
    """
    found = changes.survey(link, {*image, _UPDATE, _IN_FORCE})
    _end_update(link, found)
    check_version(found.python, mpy=any(path.endswith(".mpy") for path in image))
    whole = changes.placed(found, image, rom)
    in_rom = {path: octets for path, octets in whole.items() if path.startswith(romfs.ROOT)}
    image = {path: octets for path, octets in whole.items() if path not in in_rom}
    report = report or Report()
    report.frozen = sorted(found.frozen)
    changed = changes.changed(found, image)
    report.unchanged = sorted(image.keys() - changed)
    changes.check_mails(found, whole)
    changes.check_room(found, changed)
    if in_rom:
        _write_rom(link, found.rom, in_rom, report, progress)
    _put_aside(link, changes.FIRST & changed.keys() & found.files.keys() - found.listed, report)
    _replace(link, found, image, changed, report, progress)
    if not in_rom and found.rom is not None and found.rom.ours:
        romfs.erase(link)
        report.rom = "ROMFS emptied"
    report.warnings += _imports(link, whole)
    _store(link, secrets or {}, floor)
    return report


def _end_update(link: Link, found: changes.Survey) -> None:
    """End an update over the network: what is brought now must not be taken back later."""
    if _UPDATE in found.files:
        link.exec("import switch\nswitch.clean(switch.load() or {'secrets': ()})")
    if _IN_FORCE in found.files:
        link.exec(f"remove({_IN_FORCE!r})")


def _replace(
    link: Link,
    found: changes.Survey,
    image: Mapping[str, bytes],
    changed: Mapping[str, bytes],
    report: Report,
    progress: Progress | None,
) -> None:
    """Write what changed and remove the code that is not in ``image``; the list of code is at no moment too narrow."""
    code = frozenset(path for path in image if path.startswith(changes.CODE)) | changes.kept(found, image)
    _copy(link, _list(found.listed, found.listed | code), changed, found.packed, report, progress)
    for path in sorted(changes.stale(found, image)):
        link.exec(f"remove({path!r})")
        report.removed.append(path)
    for _ in _write(link, _list(found.listed | code, code), found.packed):
        pass


def _store(link: Link, secrets: Mapping[str, str], floor: int) -> None:
    """Put the secrets, and that updates up to the number ``floor`` were had, into the board's secret store."""
    # Before the key: no moment in which older bundles count.
    if floor and not _has_had(link, floor):
        _put_secret(link, _HIGHEST, str(floor))
    for name, value in secrets.items():
        _put_secret(link, name, value or None)


def _put_aside(link: Link, paths: Iterable[str], report: Report) -> None:
    """Keep what the user had in ``paths`` under another name."""
    for path in sorted(paths):
        # The boot.py that MicroPython puts on a new board is comments only: nobody misses it.
        if any(line.strip() and not line.startswith("#") for line in link.exec(f"show({path!r})").splitlines()):
            link.exec(f"os.rename({path!r}, {path + '.old'!r})")
            report.warnings.append(f"{path} was not ours: it lies on the board as {path}.old now")


def _write_rom(
    link: Link, found: romfs.Partition | None, files: Mapping[str, bytes], report: Report, progress: Progress | None
) -> None:
    octets = romfs.check(found, files)
    assert found is not None

    def sent(count: int) -> None:
        if progress is not None:
            progress("ROMFS", count, len(octets))

    written = romfs.write(link, octets, found.block, sent)
    report.rom = f"ROMFS of {len(octets) / 1000:.1f} kB {'written' if written else 'unchanged'}"
    # The reset has taken what the survey had put there.
    changes.prepare(link)


def _list(old: frozenset[str], new: frozenset[str]) -> dict[str, bytes]:
    """Return the list of code files, by its path, unless the board has it so."""
    return {} if new == old else {changes.LIST: "".join(f"{path}\n" for path in sorted(new)).encode()}


def _copy(
    link: Link,
    first: Mapping[str, bytes],
    changed: Mapping[str, bytes],
    packed: bool,
    report: Report,
    progress: Progress | None,
) -> None:
    """Write ``first``, which nobody is told of, then ``changed``."""
    done, total = 0, sum(len(octets) for octets in changed.values())
    # What starts the firmware comes last: while anything is missing it should not run.
    order = sorted(changed, key=lambda path: (path in changes.FIRST, path))
    for part in _write(link, {**first, **{path: changed[path] for path in order}}, packed):
        if part.path in first:
            continue
        done += part.size
        if part.ends:
            report.octets += len(changed[part.path])
            report.written.append(part.path)
        if progress is not None:
            progress(part.path, done, total)


def _write(link: Link, files: Mapping[str, bytes], packed: bool) -> Iterator[wire.Part]:
    """Write ``files`` in their order, and yield each part of one that was written.

    Raises:
        UserError: the flash took one not, or gave it back wrong.
    """
    for window in (wire.WINDOWS if packed else (0,)) if files else ():
        try:
            yield from _stream(link, files, window)
            return
        except _NoMemory:
            # Nothing was written yet.
            continue


class _NoMemory(Exception):
    """The board has no memory for the window of what was deflated."""


def _stream(link: Link, files: Mapping[str, bytes], window: int) -> Iterator[wire.Part]:
    for piece in wire.pieces(files, window):
        # A board reads its flash back at some 100 kB a second.
        patience = 10 + sum(len(files[part.path]) for part in piece.parts if part.ends) / 50_000
        lines = link.exec(piece.code, timeout=patience).splitlines()
        written = {line.removeprefix("wrote ") for line in lines}
        how = next((line.removeprefix("failed ") for line in lines if line.startswith("failed ")), None)
        if how == "memory" and window:
            raise _NoMemory
        for part in piece.parts:
            if part.path not in written and (how is not None or part.ends):
                link.exec("abandon()")
                raise _refused(part.path, how or "damaged")
            yield part


def _refused(path: str, how: str) -> UserError:
    if how == str(errno.ENOSPC):
        return changes.full(f"it ran full while {path} was written")
    reason = "gave it back wrong" if how == "damaged" else f"answered with error {how}"
    return UserError(
        f"{path} could not be written: the board's flash {reason}; deploy again; if that fails too, it may be worn out",
        1,
    )


def _imports(link: Link, image: Mapping[str, bytes]) -> list[str]:
    """Import the packages on the board: what shadows them is a warning, what breaks them an error."""
    wanted = {
        folder.rsplit("/", 1)[-1]: folder
        for folder in (LIBRARY, FIRMWARE, "/rom" + LIBRARY, "/rom" + FIRMWARE)
        if any(path.startswith(f"{folder}/__init__.") for path in image)
    }
    warnings = []
    for line in link.exec(f"imported({list(wanted)!r})", timeout=30).splitlines():
        kind, name, where = [*line.split(" ", 2), ""][:3]
        if kind == "broken":
            why = f"{where}; deploy again, or with --no-mpy to see the line"
            raise UserError(f"{name} does not import on the board: {why}", 1)
        if kind == "import" and not where.startswith(wanted[name]):
            warnings.append(f"the board imports {name} from {where}, not from {wanted[name]}: remove that one")
    return warnings


def _has_had(link: Link, version: int) -> bool:
    """Tell whether the board has taken that update, or a newer one."""
    code = f"from alertnode import secrets\nprint(int(secrets.get({_HIGHEST!r}) or 0) >= {version})"
    return link.exec(code).strip() == "True"


def _put_secret(link: Link, name: str, value: str | None) -> None:
    answer = link.exec(
        "try:\n from alertnode import secrets\n"
        f" secrets.put({name!r}, {value!r})\n"
        f" print('kept' if secrets.get({name!r}) == {value!r} else 'lost')\n"
        # The text of an exception could quote the value.
        "except Exception as error:\n print(type(error).__name__)\n"
    )
    if answer.strip() != "kept":
        raise UserError(f"the board could not keep the secret {name}: {answer.strip() or 'no answer'}", 1)
