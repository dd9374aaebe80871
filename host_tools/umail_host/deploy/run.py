"""Deploys onto one board: reached, given the image that is built for it, watched until it runs, or taken back."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from umail_host.configuration import checks, memory, pins
from umail_host.deploy import image, lacking, material, needed, rollback, transfer
from umail_host.device import identity, maintenance
from umail_host.device.board import Board, BoardError, ExecError
from umail_host.device.boards import BoardSpec
from umail_host.errors import UserError
from umail_host.fleet import keys
from umail_host.sensing import look
from umail_host.settings import CONFIG, Settings

# Where the firmware is if an earlier deployment put it into the ROMFS.
_IN_ROM = "/rom/lib/alertnode/__init__.mpy"
_ATTEMPTS = 3  # a foreign program's watchdog bites until its main.py is put aside, the first thing that is done


@dataclass(frozen=True)
class Plan:
    """What a board is to hold.

    Attributes:
        device: its port.
        board: name of its description; empty: found by what it calls itself.
        settings: its configuration; None leaves its own alone.
        files: further ones, path on the board → bytes.
        secrets: name → value.
        rom: as `transfer.deploy` takes it.
        mpy: compile the modules, else copy the sources.
        wait: seconds in which it must answer.
        reset: start the new firmware at the end.
        keyed: it gets its fleet key, which is made if there is none.
        published: the number of the update that was published last for a board, by its id; it takes none that is older.
        compiled: makes the modules, as `image.build` takes it.
    """

    device: str
    board: str = ""
    settings: Settings | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    rom: bool | None = None
    mpy: bool = True
    wait: float = 10
    reset: bool = True
    keyed: bool = False
    published: Mapping[str, int] = field(default_factory=dict)
    compiled: image.Package = image.package

    def hold(self, stay_open: bool = False) -> contextlib.AbstractContextManager[Board]:
        """Return the board, held still; for a ``with``, after which its port may stay open."""
        return maintenance.held(self.device, self.wait, self.reset, stay_open)


def carry_out(
    plan: Plan,
    report: transfer.Report,
    progress: transfer.Progress,
    say: Callable[[str], None],
    before: dict[str, bytes] | None = None,
) -> tuple[BoardSpec, Board]:
    """Deploy, and go on twice by itself: the watchdog of the firmware before may have reset the board meanwhile.

    Returns what board it is, and its open port, on which nothing since the reset has been read; the caller closes it.

    Args:
        report, progress: as `transfer.deploy` takes them; ``report`` gets warnings of what the board still lacks.
        say: told when the board went away, and what sensors of one's own read.
        before: if a dict, is filled with what lay on the board before.

    Raises:
        UserError: the board does not answer, can't be what it should, or has no room.
    """
    files = material.checked(plan.settings, plan.files)
    if plan.settings:
        report.warnings += [*checks.notes(plan.settings.config), *material.notes(plan.settings, files)]
    # While it compiles, the watchdog of before may bite: the next attempt is quicker than that.
    plan = replace(plan, files=files, compiled=functools.cache(plan.compiled))
    attempts, told = 0, len(report.warnings)
    while True:
        attempts += 1
        reached = False
        try:
            with plan.hold(stay_open=True) as link:
                reached = True
                spec = _bring(plan, link, report, progress, before, say)
                if plan.settings and plan.settings.parts:
                    _show_readings(link, say)
            return spec, link
        except ExecError:
            raise
        except UserError as error:
            gone = isinstance(error, BoardError)
            if len(report.warnings) > told:
                # A program that bit until now was put aside, and starts no more: what failed before counts no longer.
                attempts, told = 1, len(report.warnings)
            if attempts > 1 and (attempts == _ATTEMPTS or not gone):
                raise UserError(f"{error}. Run the command again: it goes on where this one stopped", 3) from None
            if not gone or (not reached and attempts == 1):
                raise
            say("the board went away; trying again")


def _bring(
    plan: Plan,
    link: Board,
    report: transfer.Report,
    progress: transfer.Progress,
    before: dict[str, bytes] | None,
    say: Callable[[str], None],
) -> BoardSpec:
    """Build what the board behind ``link`` is to hold, and make it hold that."""
    spec = identity.choose(identity.machine(link), plan.board)
    _check_pins(plan.settings, spec)
    material.check_loads(plan.settings, plan.files, spec)
    material.check_there(link, plan.settings, plan.files)
    needs = plan.settings or _there(link)
    secrets = dict(plan.secrets)
    floor = 0
    if plan.keyed:
        unique = identity.unique_id(link)
        secrets[keys.SECRET] = keys.ensure(unique).hex()
        # (That one it may take; not those before it.)
        floor = plan.published.get(keys.plain(unique), 1) - 1
    built = image.build(
        spec,
        config=plan.settings,
        extra_files=plan.files,
        mpy=plan.mpy,
        release=identity.release(link),
        needs=needs,
        keyed=plan.keyed or _has_key(link),
        compiled=plan.compiled,
    )
    from_flash = plan.rom or (plan.rom is None and link.exists(_IN_ROM))
    if needs is None and from_flash:
        built = _unconfigured(built, say)
    if before is not None:
        before.update(rollback.keep(link, built))
    transfer.deploy(link, built, rom=plan.rom, secrets=secrets, floor=floor, progress=progress, report=report)
    if "/main.py" not in plan.files:
        report.warnings += lacking.warnings(link, needs)
    # (Last: what comes before a board that goes away would be told again by each attempt.)
    if plan.settings and not from_flash and not report.frozen:
        report.warnings += memory.notes(plan.settings.config, spec)
    return spec


def _unconfigured(built: dict[str, bytes], say: Callable[[str], None]) -> dict[str, bytes]:
    """Return what goes into a ROMFS without a configuration, and say what does not."""
    kept = needed.unconfigured(built)
    left = sum(len(built[path]) for path in built.keys() - kept.keys())
    say(
        f"no configuration is given, nor is one on the board: {left / 1024:.0f} KiB that only one asks for (sensors, "
        "outputs, summaries, battery) stay out of the ROMFS; umail deploy --romfs --config FILE brings what it needs"
    )
    return kept


def _there(link: Board) -> Settings | None:
    """Return the configuration that the board has, None if it has none that is right."""
    try:
        return Settings.parse(link.get(CONFIG)) if link.exists(CONFIG) else None
    except UserError:
        return None


def _has_key(link: Board) -> bool:
    """Tell whether the board has a fleet key; without one it does not need what signs."""
    code = f"try:\n from alertnode.secrets import get\n print(bool(get({keys.SECRET!r})))\nexcept Exception:\n pass"
    return link.exec(code).strip() == "True"


def _show_readings(link: Board, say: Callable[[str], None]) -> None:
    """Read each sensor once: one of one's own has never been tried before."""
    seen = look.sensors(link)
    for line in filter(None, (seen.problem, *(reading.line for reading in seen.readings))):
        say(line)


def _check_pins(settings: Settings | None, spec: BoardSpec) -> None:
    """Check that the board has the pins of its configuration, now that it is known which board it is."""
    if settings and (problems := pins.sentences(settings.config, spec)):
        raise UserError("fix the configuration:\n" + "\n".join(f"  - {problem}" for problem in problems))


def confirm(plan: Plan, link: Board, seconds: float, before: Mapping[str, bytes]) -> None:
    """Wait for the firmware to run, and bring back the one before if it does not.

    Args:
        link: as `carry_out` returned it; closed afterwards.

    Raises:
        UserError: it did not run within ``seconds``; says what the board printed, and which firmware it has now.
    """
    printed = rollback.wait_healthy(link, seconds)
    if not printed:
        return
    what = f"the new firmware did not run within {seconds:g} s; the board printed:\n{printed}\n"
    if not before:
        raise UserError(f"{what}Nothing was deployed before, so it stays", 1)
    with plan.hold() as link:
        transfer.deploy(link, before, rom=False)
    raise UserError(f"{what}The firmware from before is back, and its configuration; secrets are the new ones", 1)
