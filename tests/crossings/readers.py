"""Readers that CI does without: what each finds in messages of the corpus."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from catchers import node
from installed import CROSSINGS, installed, run, unpacked, version

from mail_readers import Found, told

HERE = Path(__file__).parent


class Reader(NamedTuple):
    """One of them: who tells its version, what it finds, the encodings that it is tried with, what is compared, and in
    which messages of the corpus it is known to find something else (docs/interop.md says why)."""

    version: Callable[[], str]
    find: Callable[[list[Path], Path], list[Found]]
    offers: tuple[str, ...] = ("7bit", "8bit", "binary")
    compared: tuple[str, ...] = ("subject", "texts", "files")
    known: frozenset[tuple[str, str]] = frozenset()


def in_python(name: str) -> Callable[[list[Path], Path], list[Found]]:
    """Return what asks a reader of PyPI's."""

    def find(paths: list[Path], folder: Path) -> list[Found]:
        python = unpacked("python/bin/python", "readers of PyPI")
        command = [python, HERE / "python_reader.py", name, *paths]
        return told(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300))

    return find


def in_node(name: str) -> Callable[[list[Path], Path], list[Found]]:
    """Return what asks a reader of npm's."""

    def find(paths: list[Path], folder: Path) -> list[Found]:
        unpacked(f"node/node_modules/{name}/package.json", f"{name} of npm")
        command = [node(), HERE / "node_reader.mjs", CROSSINGS / "node", name, *paths]
        return told(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300))

    return find


def module(name: str) -> Callable[[], str]:
    """Return what tells the version of a package of npm's in build/crossings."""
    return lambda: json.loads((CROSSINGS / "node/node_modules" / name / "package.json").read_text())["version"]


def script(*command: str) -> Callable[[list[Path], Path], list[Found]]:
    """Return what asks a program of ours in a language of Debian's; it prints as `mail_readers.told` reads."""

    def find(paths: list[Path], folder: Path) -> list[Found]:
        words = [*installed(), *command[:-1], str(HERE / command[-1]), *map(str, paths)]
        return told(subprocess.run(words, check=True, stdout=subprocess.PIPE, timeout=300))

    return find


def mu(paths: list[Path], folder: Path) -> list[Found]:
    """By mu, and so GMime: subjects and names of files."""
    found = []
    for path in paths:
        shown = run("mu", "view", path).decode()
        head = dict(line.partition(": ")[::2] for line in shown.splitlines() if ": " in line)
        saved = folder / path.stem
        saved.mkdir()
        run("mu", "extract", "--save-attachments", f"--target-dir={saved}", path)
        # It saves texts, too, as part-1 and so on.
        files = [(one.name, one.read_bytes()) for one in saved.iterdir() if not one.name.startswith("part-")]
        found.append(Found(head.get("Subject", ""), [], files))
    return found


def neomutt(paths: list[Path], folder: Path) -> list[Found]:
    """By neomutt: the subjects of its list, from one mailbox."""
    return [Found(subject, [], []) for subject in listed("neomutt", paths, folder)]


def listed(program: str, paths: list[Path], folder: Path) -> list[str]:
    """Return the subjects that neomutt writes of each mail when it is piped."""
    subjects = []
    for number, path in enumerate(paths):
        box = folder / f"{number}.mbox"
        box.write_bytes(
            b"From a@b.example Sat Nov 28 00:00:00 2026\n" + path.read_bytes().replace(b"\r\n", b"\n") + b"\n"
        )
        commands = [
            "set charset=utf-8 header_cache='' delete=no wait_key=no pipe_decode=yes weed=yes",
            f"push '<pipe-message>cat > {folder}/{number}.txt<enter><exit>'",
        ]
        words = [program, "-n", "-F", "/dev/null", "-R", "-f", str(box)]
        for command in commands:
            words += ["-e", command]
        piped = folder / f"{number}.txt"
        for _ in range(3):
            # It starts a screen, whose first keys are lost now and then.
            run("script", "-qec", shlex.join(words), "/dev/null", stdin=subprocess.DEVNULL)
            if piped.exists():
                break
        text = piped.read_text("utf-8")
        head = text.partition("\n\n")[0].replace("\n\t", " ").replace("\n ", " ")
        lines = [line for line in head.splitlines() if line.lower().startswith("subject:")]
        subjects.append(lines[0].partition(":")[2].removeprefix(" ") if lines else "")
    return subjects


def ripmime(paths: list[Path], folder: Path) -> list[Found]:
    """By ripmime: names and bytes of files."""
    found = []
    for path in paths:
        saved = folder / path.stem
        saved.mkdir()
        run("ripmime", "-i", path, "-d", saved, "--no-nameless")
        files = sorted((one.name, one.read_bytes()) for one in saved.iterdir())
        found.append(Found("", [], files))
    return found


def mblaze(paths: list[Path], folder: Path) -> list[Found]:
    """By mblaze: subjects."""
    found = []
    for path in paths:
        subject = run("mhdr", "-d", "-h", "subject", path).decode().rstrip("\n")
        found.append(Found(subject, [], []))
    return found


def mu_threads(paths: list[Path], folder: Path) -> int:
    """Return how many threads mu makes of the mails: it draws an arrow before answers."""
    box, index = maildir(paths, folder), f"--muhome={folder / 'mu'}"
    run("mu", "init", index, f"--maildir={box}")
    run("mu", "index", index)
    found = run("mu", "find", index, "--threads", "--fields=i", "maildir:/").decode().splitlines()
    assert len(found) == len(paths), found
    return sum("->" not in line for line in found)


def mblaze_threads(paths: list[Path], folder: Path) -> int:
    """Return how many threads mblaze makes of the mails: it sets answers in."""
    listed = subprocess.run(
        [*installed(), "mthread", "-r"], input="\n".join(map(str, paths)), stdout=subprocess.PIPE, check=True, text=True
    ).stdout.splitlines()
    assert len(listed) == len(paths), listed
    return sum(not line.startswith(" ") for line in listed)


def maildir(paths: list[Path], folder: Path) -> Path:
    """Return a Maildir that holds the mails."""
    box = folder / "box"
    for name in ("new", "tmp", "cur"):
        (box / name).mkdir(parents=True)
    for path in paths:
        (box / "cur" / f"{path.stem}:2,S").write_bytes(path.read_bytes())
    return box


def wheel(name: str) -> Callable[[], str]:
    """Return what tells the version of a package of PyPI's in build/crossings."""

    def tell() -> str:
        (folder,) = (CROSSINGS / "python").glob(f"lib/*/site-packages/{name}-*.dist-info")
        return folder.name.removesuffix(".dist-info").rpartition("-")[2]

    return tell


def debian(package: str) -> Callable[[], str]:
    """Return what tells the version of a package of Debian's."""
    return lambda: version(package)


def known(**messages: str) -> frozenset[tuple[str, str]]:
    """Return what a reader is known to find otherwise: ``subject="one, two"``."""
    return frozenset((what, name) for what, names in messages.items() for name in names.split(", "))


PHP = [word for name in ("iconv", "mbstring", "mailparse") for word in ("-d", f"extension={name}.so")]
READERS = {
    "mail-parser": Reader(wheel("mail_parser"), in_python("mail-parser"), known=known(subject="emoji, long words")),
    "eml_parser": Reader(
        wheel("eml_parser"), in_python("eml_parser"), known=known(subject="looks encoded", texts="traps in a file")
    ),
    "flanker": Reader(wheel("flanker"), in_python("flanker"), ("7bit", "8bit")),
    "imap-tools": Reader(wheel("imap_tools"), in_python("imap-tools"), known=known(subject="long words")),
    "ruby-mail": Reader(debian("ruby-mail"), script("ruby", "ruby_reader.rb"), ("7bit", "8bit")),
    "PHP mailparse": Reader(
        debian("php-mailparse"),
        script("php8.2", *PHP, "php_reader.php"),
    ),
    "mu": Reader(
        debian("maildir-utils"), mu, compared=("subject", "files"), known=known(files="a long name, a quoted name")
    ),
    "neomutt": Reader(debian("neomutt"), neomutt, compared=("subject",), known=known(subject="emoji")),
    "ripmime": Reader(
        debian("ripmime"), ripmime, ("7bit", "8bit"), ("files",), known(files="a long name, a quoted name")
    ),
    "emailjs-mime-parser": Reader(module("emailjs-mime-parser"), in_node("emailjs-mime-parser")),
    "letterparser": Reader(
        module("letterparser"),
        in_node("letterparser"),
        ("7bit", "8bit"),
        known=known(files="a long name, a quoted name", subject="emoji", texts="spaces"),
    ),
    "mblaze": Reader(debian("mblaze"), mblaze, compared=("subject",)),
}
THREADS = {"mu": mu_threads, "mblaze": mblaze_threads}
