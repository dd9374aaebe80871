"""Options that several commands have, with the words of each one's help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Port = Annotated[str, typer.Option(envvar="UMAIL_PORT", help="Serial port; by default the one with a board.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
BoardFiles = Annotated[list[str] | None, typer.Option("--file", help="A further file, HERE:/THERE; may be repeated.")]
Dns = Annotated[list[str] | None, typer.Option(help="DNS server, ADDRESS or ADDRESS#PORT; may be repeated.")]
ListenOn = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets boards in.")]
ListenPort = Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)]
Root = Annotated[Path | None, typer.Option("--root", help="PEM file of the authority that IMAP trusts.")]
WebPort = Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)]
NoOpen = Annotated[bool, typer.Option("--no-open", help="Do not open the page in the browser.")]
