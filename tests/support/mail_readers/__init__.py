"""Mail readers that others wrote: what each finds in messages of the corpus."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from real_servers.base import HOW_TO_GET, UNPACKED, Missing, unpacked

HERE = Path(__file__).parent


class Found(NamedTuple):
    """What a reader shows of one message."""

    subject: str
    texts: list[str]
    files: list[tuple[str, bytes]]


def program(name: str, package: str) -> str:
    """Where a program is.

    Raises:
        Missing: with a sentence that says how to get it.
    """
    found = shutil.which(name)
    if found is None:
        raise Missing(f"no {name} here: install {package}, then {HOW_TO_GET}")
    return found


def perl() -> list[str]:
    """The command that runs perl with what was unpacked."""
    unpacked("root/usr/share/perl5/Email/MIME.pm", "readers of Debian")
    folders = [UNPACKED / "root/usr/share/perl5", *(UNPACKED / "root/usr/lib").glob("*-linux-*/perl5/*")]
    return [program("perl", "perl"), *(f"-I{folder}" for folder in folders)]


def libraries() -> dict[str, str]:
    """The environment with the libraries that were unpacked."""
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, (UNPACKED / "root/usr/lib").glob("*-linux-*")))}


def node(reader: str, paths: list[Path], folder: Path) -> list[Found]:
    """By npm's mailparser or postal-mime."""
    command = [program("node", "nodejs and npm"), str(HERE / "node_reader.mjs")]
    unpacked(f"node/node_modules/{reader}/package.json", f"{reader} of npm")
    return told(subprocess.run([*command, UNPACKED / "node" / "package.json", reader, *paths], **PIPED))


def in_perl(reader: str, paths: list[Path], folder: Path) -> list[Found]:
    """By perl's Email::MIME or MIME::tools."""
    return told(subprocess.run([*perl(), str(HERE / "perl_reader.pl"), reader, *paths], **PIPED))


def indexed(paths: list[Path], folder: Path) -> Callable[..., bytes]:
    """Let notmuch, and so GMime, index copies of the mails, and return what asks it."""
    exe = unpacked("root/usr/bin/notmuch", "notmuch")
    mails = folder / "mails"
    mails.mkdir()
    for path in paths:
        shutil.copyfile(path, mails / path.name)
    config = folder / "config"
    config.write_text(f"[database]\npath={mails}\n[user]\nname=n\nprimary_email=n@example.org\n[new]\ntags=new\n")

    def ask(*arguments: str) -> bytes:
        command = [exe, f"--config={config}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, env=libraries(), timeout=100).stdout

    ask("new", "--quiet")
    return ask


def threads(paths: list[Path], folder: Path) -> int:
    """Return how many threads notmuch makes of the mails.

    Raises:
        Missing: with a sentence that says how to get it.
    """
    return int(indexed(paths, folder)("count", "--output=threads", "*"))


def notmuch(reader: str, paths: list[Path], folder: Path) -> list[Found]:
    """By notmuch, and so GMime."""
    ask = indexed(paths, folder)
    found = {}
    for (mail, _), *_ in json.loads(ask("show", "--format=json", "--include-html", "--entire-thread=false", "*")):
        texts: list[str] = []
        files = []
        for part in leaves(mail["body"]):
            if "filename" in part:
                raw = ask("show", "--format=raw", f"--part={part['id']}", f"id:{mail['id']}")
                files.append((part["filename"], raw))
            else:
                texts.append(part["content"])
        found[Path(mail["filename"][0]).name] = Found(mail["headers"]["Subject"], texts, files)
    return [found[path.name] for path in paths]


def s_nail(reader: str, paths: list[Path], folder: Path) -> list[Found]:
    """By s-nail: subjects, and the files that it saves; LF ends the lines of a mailbox."""
    exe = unpacked("root/usr/bin/s-nail", "s-nail")
    settings = {"v15-compat": "yes", "ttycharset": "utf-8", "MAIL": "none"}
    found = []
    for path in paths:
        saved = folder / path.stem
        saved.mkdir()
        box = folder / f"{path.stem}.mbox"
        box.write_bytes(
            b"From a@b.example Sat Nov 28 00:00:00 2026\n" + path.read_bytes().replace(b"\r\n", b"\n") + b"\n"
        )
        command = [str(exe), "-n", "-#", "-R", *(word for pair in settings.items() for word in ("-S", "=".join(pair)))]
        command += ["-Y", "type 1", "-Y", f"write 1 {saved}/.text", "-Y", "x", "-f", str(box)]
        shown = subprocess.run(
            command,
            cwd=saved,
            env={**libraries(), "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            **PIPED,
        ).stdout.decode()
        (subject,) = [line for line in shown.partition("\n\n")[0].split("\n") if line.startswith("Subject:")] or [""]
        files = sorted((_unquoted(one.name), one.read_bytes()) for one in saved.iterdir() if one.name != ".text")
        found.append(Found(subject.partition(":")[2].removeprefix(" "), [], files))
    return found


def _unquoted(name: str) -> str:
    """Return a name without the escapes for what a shell would read; s-nail leaves a per cent sign itself as it is."""
    for character in '"\\;':
        name = name.replace(f"%{ord(character):02X}", character)
    return name


def leaves(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts that hold no others."""
    found = []
    for part in parts:
        inner = part.get("content")
        found += leaves(inner) if isinstance(inner, list) else [part]
    return found


PIPED: dict[str, Any] = {"check": True, "capture_output": True, "timeout": 100}
READERS: dict[str, Callable[[str, list[Path], Path], list[Found]]] = {
    "mailparser": node,
    "postal-mime": node,
    "Email::MIME": in_perl,
    "MIME::tools": in_perl,
    "notmuch": notmuch,
    "s-nail": s_nail,
}


def told(process: subprocess.CompletedProcess[bytes]) -> list[Found]:
    """What a program told, a line of JSON for each message."""
    found = []
    for line in process.stdout.splitlines():
        one = json.loads(line)
        files = [(name, base64.b64decode(content)) for name, content in one["files"]]
        found.append(Found(one["subject"], one["texts"], files))
    return found
