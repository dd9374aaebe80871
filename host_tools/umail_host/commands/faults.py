"""`umail faults`: the faults and toxics that `umail serve` can be told to have."""

from __future__ import annotations

from typing import Annotated

import typer

from umail_host.fake_smtp import plan, toxics

EXAMPLE = """Example: umail faults rcpt

Then: umail serve --fault rcpt-452@2,content-lost --toxic down:latency=0.1"""


def faults(
    word: Annotated[str, typer.Argument(help="Show only those with this word in name or summary.")] = "",
) -> None:
    """List the faults of the fake server and of the network, one a line."""
    known = plan.known()
    width = max(map(len, known))
    typer.echo(
        "faults: --fault NAME[=ARGUMENT][@OCCURRENCE][,…]   @2: the second time; @2-: from then on; @30%: by chance"
    )
    for name, found in known.items():
        if word in name or word in found.summary:
            typer.echo(f"  {name:{width}}  {found.summary}")
    typer.echo(f"\npoints of a session: {' '.join(plan.POINTS)}")
    typer.echo("\ntoxics: --toxic [up:|down:]NAME=NUMBER[,…]")
    for name, summary in toxics.SUMMARIES.items():
        if word in name or word in summary:
            typer.echo(f"  {name:{width}}  {summary}")
