"""One check of a diagnosis: what was looked at, how it stands, and the remedy."""

from __future__ import annotations

from dataclasses import dataclass

OK = "ok"
WARNING = "warning"
FAILED = "failed"
SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One check, which the command's JSON calls a stage.

    Attributes:
        name: such as ``login``.
        state: ``ok``, ``warning`` (mail goes, but), ``failed`` or ``skipped``.
        text: what was found, as one line.
        remedy: what to do about it; empty if nothing is to be done.
        where: ``host``, ``board`` or ``domain``.
        key: of the advice, if the library has one.
        address: ours, as the mail server sees it, if this check learns it.
        route: ``fallback`` if it is about the second route.
    """

    name: str
    state: str
    text: str
    remedy: str = ""
    where: str = "domain"
    key: str = ""
    address: str = ""
    route: str = ""
