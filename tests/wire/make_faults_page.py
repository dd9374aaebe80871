"""Writes docs/faults.md from the table of faults: `python tests/wire/make_faults_page.py`."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from certificate_names import NAMES
from fault_table import SECURITIES, TABLE, Row

from umail_host.fake_smtp.faults import plan

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
_INTRODUCTION = """# What umail does under each fault

Printed from `tests/wire/fault_table.py` by `python tests/wire/make_faults_page.py`. `make test` tries every row on
MicroPython over real sockets and TLS, by each of the four kinds of route and with both drivers. In each case it also
holds that the call ends within its limits, that no credential is in clear on the socket or the console, that no
byte of a message ran as a command, that the socket is closed if the dialogue broke, and that the next mail goes.

A fault is written as `umail serve --fault` takes it ([the fake server](fake-server.md)). An error has its stage,
kind and key, as `MailError` has them ([what the keys mean](replies.md)); if the network decides which of two comes,
both are given. `mails` is how often the mail arrived: under `uncertain` it may have, and only the server knows.
"""
_NETWORK = """
## A bad network

`tests/wire/test_toxics.py` puts a proxy between. Late, jittery, narrow or in segments of one byte, the network keeps
no mail back. If it is closed, reset or silent from some byte on, in either direction and from the first to the
last, a mail reported as delivered is there once; it is not there if the error is another than `uncertain`; and the next
mail goes.
"""
_NAMES_IN_CERTIFICATES = """
## Names in certificates

A wildcard is the whole first label and stands for one label (RFC 9525, 6.3). What MicroPython's mbed TLS takes beyond
that no public authority issues. A common name counts on MicroPython only, and only if the certificate has no other
name. If the server refuses the board's own certificate, the error is `starttls configuration cert_refused`, or
`starttls temporary cert_refused` where it hung up without a word. While the board's clock is unset no certificate is
looked at: `connect temporary clock`.

| host of the route | name in the certificate | MicroPython | CPython |
|---|---|---|---|
"""


def page() -> str:
    """The page's text."""
    parts = [_INTRODUCTION]
    for title, rows in TABLE.items():
        parts.append(
            f"\n## {title}\n\n| fault | what the server does | what becomes of the mail | mails |\n|---|---|---|---|\n"
        )
        parts += [_line(row) for row in rows]
    parts += [_NETWORK, _NAMES_IN_CERTIFICATES]
    for host, name, micropython, cpython in NAMES:
        parts.append(f"| `{host}` | {_name(name)} | {_one(micropython)} | {_one(cpython or micropython)} |\n")
    return "".join(parts)


def _name(name: str) -> str:
    shown = name.replace("\0", "‹NUL›")
    return f"`{shown}`"


def _one(outcome: str) -> str:
    return outcome if outcome == "delivered" else f"`{outcome}`"


def _line(row: Row) -> str:
    planned = plan.parse(row.plan).faults
    does = "; ".join(
        dict.fromkeys(one.fault.summary.split(": ")[0] if one.argument else one.fault.summary for one in planned)
    )
    how = []
    if row.way == "alert":
        how.append("`umail.send`")
    if row.message != "text":
        how.append(
            {"commands": "a text that looks like SMTP", "attachment": "attachment", "stream": "stream"}[row.message]
        )
    if row.token:
        how.append("token")
    if row.final:
        how.append("a longer wait for the final reply")
    name = f"`{row.plan}`" + (f" ({', '.join(how)})" if how else "")
    return f"| {name} | {does} | {_becomes(row)} | {_mails(row)} |\n"


def _becomes(row: Row) -> str:
    by_outcome = defaultdict(list)
    for security in SECURITIES:
        by_outcome[row.expected(security)[0]].append(security)
    shown = {
        outcome: " or ".join(f"`{one}`" if " " in one else one for one in outcome.split("|")) for outcome in by_outcome
    }
    if len(by_outcome) == 1:
        return next(iter(shown.values()))
    return "; ".join(f"{', '.join(kinds)}: {shown[outcome]}" for outcome, kinds in by_outcome.items())


def _mails(row: Row) -> str:
    counts = {security: row.expected(security)[1] for security in SECURITIES}
    return " or ".join(str(count) for count in sorted(set(counts.values()), reverse=True))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
