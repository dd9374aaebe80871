"""The workflow in examples: GitHub's schema takes it, and its commands run in order on a fresh copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "hil.yml"
# What .gitignore lists comes and goes while other tests run.
IGNORED = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
NOT_CHECKED_OUT = shutil.ignore_patterns(".git", *IGNORED)
INHERITED = re.compile(r"PATH|HOME|LANG|TMPDIR|(PIP|SSL|XDG|HTTPS?|NO|https?|no)_.*")


@pytest.fixture
def workflow() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(EXAMPLE)
    return loaded


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A fresh copy, which is taken away: what a run leaves is searched for the secrets that the tests' sources hold."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT, copy, ignore=NOT_CHECKED_OUT)
    yield copy
    for path in (copy / "hil.xml", copy / "artefacts"):
        if path.exists():
            shutil.move(path, tmp_path)
    shutil.rmtree(copy)


def run(step: dict[str, Any], folder: Path, environment: dict[str, str]) -> str:
    """One step as a runner does it; a secret that is not set is empty."""
    given = {name: text for name, text in os.environ.items() if INHERITED.fullmatch(name)}
    words = environment | step.get("env", {})
    given |= {name: re.sub(r"\$\{\{.*?\}\}", "", text) for name, text in words.items()}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_github_takes_it() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(EXAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_its_page_shows_it() -> None:
    page = (ROOT / "docs" / "hil.md").read_text(encoding="utf-8")
    assert f"\n[examples/{EXAMPLE.name}](../examples/{EXAMPLE.name})\n" in page


@pytest.mark.long
@pytest.mark.timeout(300)
def test_its_commands_run_in_order_on_a_fresh_copy_with_virtual_boards(
    workflow: dict[str, Any], checkout: Path, micropython: str
) -> None:
    job = workflow["jobs"]["hil"]
    install, test = (step for step in job["steps"] if "run" in step)
    run(install, checkout, workflow["env"] | {"PIP_COMPILE": "0"})
    # With the rig of the example pytest only collects, as nothing hangs there; with virtual boards some tests run.
    assert "tests collected" in run(test, checkout, workflow["env"] | {"PYTEST_ADDOPTS": "--collect-only"})
    assert "passed" in run(test, checkout, {"RIG": "--board virtual -k joins"})
    suite = next(ElementTree.parse(checkout / "hil.xml").iter("testsuite"))
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == ("0", "0", "0")
    kept = next(step for step in job["steps"] if "upload-artifact" in step.get("uses", ""))["with"]["path"].split()
    assert all((checkout / path).exists() for path in kept)
