"""Writes old_spool.py: what the outbox of commit 62eb206, version 1 of its format, left on flash.

``python tests/support/make_old_spool.py`` takes library and tests of that commit from git, runs the scenes below on
them, and writes each file's bytes down. Run it only to add a scene.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCENES = """
import os, sys
from outbox_world import QUIET, World
from umail import Attachment

world = World()
world.start()
message = world.message("Tür offen", ["ops@example.org", "Night <night@example.org>"], text="text ü", html="<p>h</p>",
    cc="cc@example.org", headers=[("X-Board", "7")], importance="high")
message.attachments = [Attachment(b"\\0\\1binary" * 10, "a.bin")]
message.message_id, message.date = "<whole@example.org>", 1800000001
world.box.put(message)
for name, to in (("later", ["ops@example.org"]), ("partial", ["ops@example.org", "soft@example.org",
        "hard@example.org"]), ("dead", ["hard@example.org"]), ("leaving", ["ops@example.org"])):
    mail = world.message(name, to)
    mail.message_id, mail.date = "<%s@example.org>" % name, 1800000002
    world.box.put(mail)
box = world.box
whole, later, partial, dead, leaving = box.entries
box.retry()
for entry in (whole, leaving):
    entry.until = 1 << 40
for _ in range(40):
    world.flush()
    later.until = 0
    world.time += 1
partial.left, partial.gone, partial.state, partial.why = ["soft@example.org"], [["hard@example.org",
    "550 5.1.1 no such user"]], "deferred", "hard@example.org: 550 5.1.1 no such user"
box.store(partial)
for entry in (whole, leaving):
    entry.until = 0
    box.store(entry)
leaving.state = "sending"
box.store(leaving)
box.policy.window = 900
world.put("first", key="door")
box.purge(box.entries[-1])
held = world.message("held", ["ops@example.org"])
held.message_id, held.date = "<held@example.org>", 1800000003
box.put(held, key="door")
box.policy.worked()
box.save()
files = {}
for name in sorted(os.listdir(world.path)):
    with open(world.path + "/" + name, "rb") as file:
        files[name] = file.read()
print(repr([(box.now(), 1800000000 + world.time), files]))
world.remove()
"""


def main() -> None:
    """Entry point."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", "62eb206", "lib", "tests"], cwd=ROOT, check=True, capture_output=True
        ).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        path = ":".join([f"{folder}/lib", f"{folder}/tests", f"{folder}/tests/support", ".frozen"])
        done = subprocess.run(
            [str(Path(sys.executable).parent / "micropython"), "-c", SCENES],
            env={"MICROPYPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(done.stderr + done.stdout)
    (now, date), files = eval(done.stdout)
    lines = [
        '"""The files of an outbox of commit 62eb206, made by make_old_spool.py: do not edit."""',
        "# fmt: off",
        "# ruff: noqa: E501",
        "",
    ]
    lines += [f"NOW = {now}", f"DATE = {date}", "FILES = {"]
    for name, data in files.items():
        lines.append(f"    {name!r}: (")
        lines += [f"        {data[i : i + 80]!r}" for i in range(0, len(data), 80)]
        lines.append("    ),")
    lines.append("}")
    Path(__file__).with_name("old_spool.py").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
