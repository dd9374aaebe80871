"""The stubs say what the modules are, every one of them, and `make lint` would notice if one did not."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import umail

ROOT = Path(__file__).resolve().parents[3]
TYPINGS = ROOT / "lib" / "typings"
USE = """
import umail
from umail import Client, Message, Outbox, Route, SMTP, m365, oauth, aio
from umail.policy import Policy
route = m365.submission("a@b.c", token=oauth.ClientCredentials("t", "i", "s"))
route = Route("h", 587, username="u", password="p", trust=[b"", "/root.der"])
with Client([route], tick=lambda: None) as client:
    receipt = client.send(Message("a@b.c", ["B <b@c.d>"], "s", text="t"))
    for address, reply in receipt.refused:
        print(address, reply.code + 1)
async def later() -> None:
    async with aio.Client(route) as client:
        print((await client.send(Message("a@b.c", "b@c.d", "s"))).round_trips + 1)
outbox = Outbox("/outbox", route, Policy(lambda: 0.5), report=lambda message, result: print(message.subject, result))
entry = outbox.put(Message("a@b.c", "b@c.d", "s"), key="k")
if entry and entry.state == "dead":
    outbox.retry(entry)
SMTP("h", 465, ssl=True).to("b@c.d")
def explain(error: umail.MailError) -> str:
    return error.advice_in("de") if error.kind == "temporary" and error.stage != "auth" else error.advice
"""


def run(*arguments: str, typings: Path = TYPINGS) -> str:
    """What a check says, "" if it finds nothing."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"MYPYPATH": str(typings), "PATH": "/usr/bin:/bin"},
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def lint(typings: Path = TYPINGS) -> str:
    """What `make lint` says of the stubs in ``typings``."""
    checks = re.findall(r"-m (mypy\.stubtest .*)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert len(checks) == 2
    return "".join(run(*check.split(), typings=typings) for check in checks)


def test_every_stub_agrees_with_its_module():
    assert not lint()


def test_lint_looks_at_every_stub(tmp_path):
    broken = tmp_path / "typings"
    shutil.copytree(TYPINGS, broken)
    names = []
    for stub in sorted(broken.rglob("*.pyi")):
        stub.write_text(stub.read_text(encoding="utf-8") + "\nof_no_module: int\n", encoding="utf-8")
        names.append(".".join(stub.relative_to(broken).with_suffix("").parts).removesuffix(".__init__"))
    told = lint(broken)
    assert [name for name in names if f"error: {name}.of_no_module " not in told] == []


def test_lint_misses_no_public_name(tmp_path):
    short = tmp_path / "typings"
    shutil.copytree(TYPINGS, short)
    (short / "umail" / "routes.pyi").write_text("from umail.route import Route as Route\n")
    told = lint(short)
    assert "umail.routes.gmail is not present in stub" in told
    assert "umail.routes.azure_communication is not present in stub" in told


def strict(program: Path) -> str:
    return run("mypy", "--strict", "--no-incremental", "--config-file=", str(program))


def test_a_users_program_passes_a_strict_type_checker(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(USE)
    assert not strict(program)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("Route(587)", "incompatible type"),
        ('Route("h", security="startls")', "incompatible type"),
        ('Message("a@b.c", "b@c.d", "s", importance="urgent")', "incompatible type"),
        ('def f(error: umail.MailError) -> bool: return error.kind == "temporry"', "Non-overlapping equality"),
        ('def f(error: umail.MailError) -> bool: return error.stage == "login"', "Non-overlapping equality"),
        ('assert entry and entry.state == "sent"', "Non-overlapping equality"),
        ("from umail import Massage", "has no attribute"),
    ],
)
def test_a_strict_type_checker_finds_a_slip_of_the_pen(tmp_path, line: str, what: str):
    program = tmp_path / "program.py"
    program.write_text(f"{USE}{line}\n")
    assert what in strict(program)


def test_the_package_names_what_it_has_and_nothing_else():
    assert not hasattr(umail, "Foo")
    assert not hasattr(umail, "foo")
    stub = (ROOT / "lib/typings/umail/__init__.pyi").read_text(encoding="utf-8")
    assert {line.split()[-1] for line in stub.splitlines() if " as " in line} <= set(dir(umail))
    assert all(hasattr(umail, name) for name in dir(umail))


def test_a_board_lists_the_package_without_an_error(micropython: str, compiled: Path):
    # MicroPython's dir() asks for each word that it knows: names that are none, and those of modules.
    code = "import sys, umail; print('MailError' in dir(umail), [n for n in sys.modules if n[:6] == 'umail.'])"
    environment = {"MICROPYPATH": f"{compiled}:.frozen"}
    done = subprocess.run([micropython, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("True ["), done.stderr
    assert not [name for name in ast.literal_eval(done.stdout[5:]) if not name.replace(".", "").isidentifier()]
