"""One stage of a diagnosis: what was looked at, how it stands, and the remedy."""

from __future__ import annotations

from dataclasses import dataclass

OK = "ok"
WARNING = "warning"
FAILED = "failed"
SKIPPED = "skipped"


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: such as ``login``.
        state: ``ok``, ``warning`` (mail goes, but), ``failed`` or ``skipped``.
        text: what was found, as one line.
        remedy: what to do about it; empty where nothing is to be done.
        where: ``host``, ``board`` or ``domain``.
        key: of the advice, where the library has one.
        address: ours, as the mail server sees it, where this stage learns it.
        route: ``fallback`` where it is about the second route.
    """

    name: str
    state: str
    text: str
    remedy: str = ""
    where: str = "domain"
    key: str = ""
    address: str = ""
    route: str = ""
