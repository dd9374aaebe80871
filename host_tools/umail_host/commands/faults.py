"""`umail faults`: the faults and toxics that `umail serve` can be told to have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from umail_host.errors import UserError
from umail_host.fake_smtp.faults import registry, toxics
from umail_host.options import AsJson

EXAMPLE = """Example: umail faults rcpt

Then: umail serve --fault rcpt-452@2,content-lost --toxic down:latency=0.1"""


def command(
    word: Annotated[str, typer.Argument(help="Show only those with this word in name or summary.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the faults of the fake server and of the network, one a line."""
    summaries = {name: fault.summary for name, fault in registry.FAULTS.items()}
    width = max(map(len, summaries))
    faults, hindrances = _holding(word, summaries), _holding(word, toxics.SUMMARIES)
    if not faults and not hindrances:
        raise UserError(f"no fault has {word!r} in its name or summary: `umail faults` lists all")
    if as_json:
        rows = {"faults": faults, "points": registry.POINTS, "toxics": hindrances}
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    typer.echo(
        "faults: --fault NAME[=ARGUMENT][@OCCURRENCE][,…]   @2: the second time; @2-: from then on; @30%: by chance"
    )
    for name, summary in faults.items():
        typer.echo(f"  {name:{width}}  {summary}")
    typer.echo(f"\npoints of a session: {' '.join(registry.POINTS)}")
    typer.echo("\ntoxics: --toxic [up:|down:]NAME=NUMBER[,…]")
    for name, summary in hindrances.items():
        typer.echo(f"  {name:{width}}  {summary}")


def _holding(word: str, summaries: Mapping[str, str]) -> dict[str, str]:
    return {name: summary for name, summary in summaries.items() if word in name or word in summary}
