"""The stubs of the library's public modules say what the modules are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PUBLIC = (
    "errors",
    "smtp.reply",
    "route",
    "m365",
    "routes",
    "oauth",
    "message",
    "attachment",
    "advice",
    "replies",
    "dns",
)
DRIVERS = ("blocking", "aio", "smtp.transaction")
USE = """
import umail
from umail import Client, Message, Route, m365, oauth, aio
route = m365.submission("a@b.c", token=oauth.ClientCredentials("t", "i", "s"))
route = Route("h", 587, username="u", password="p", trust=[b"", "/root.der"])
with Client([route], tick=lambda: None) as client:
    receipt = client.send(Message("a@b.c", ["B <b@c.d>"], "s", text="t"))
    for address, reply in receipt.refused:
        print(address, reply.code + 1)
async def later() -> None:
    async with aio.Client(route) as client:
        print((await client.send(Message("a@b.c", "b@c.d", "s"))).round_trips + 1)
"""


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"MYPYPATH": str(ROOT / "lib" / "typings"), "PATH": "/usr/bin:/bin"},
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_stubs_agree_with_the_modules():
    modules = [f"umail.{name}" for name in PUBLIC]
    assert not run("mypy.stubtest", "--concise", "--ignore-missing-stub", *modules)
    drivers = [f"umail.{name}" for name in DRIVERS]
    assert not run("mypy.stubtest", "--concise", "--ignore-missing-stub", *drivers)


def test_a_users_program_passes_a_strict_type_checker(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(USE)
    assert not run("mypy", "--strict", "--no-incremental", "--config-file=", str(program))
    program.write_text(USE + "\nRoute(587)\n")
    assert "incompatible type" in run("mypy", "--strict", "--no-incremental", "--config-file=", str(program))


def test_the_package_names_what_it_has_and_nothing_else(tmp_path):
    import umail

    assert not hasattr(umail, "Foo")
    assert not hasattr(umail, "foo")
    names = {
        line.split()[-1]
        for line in (ROOT / "lib/typings/umail/__init__.pyi").read_text().splitlines()
        if " as " in line
    }
    assert names <= set(dir(umail))
    assert all(hasattr(umail, name) for name in dir(umail))
    program = tmp_path / "program.py"
    program.write_text("from umail import Anything\n")
    assert "no attribute" in run("mypy", "--strict", "--no-incremental", "--config-file=", str(program))
