"""The bundled roots: pinned, parsable, in date, accepted by MicroPython, and made from a bundle by the script."""

from __future__ import annotations

import ast
import datetime
import hashlib
import re
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tools import make_roots
from tools.make_roots import ROOTS
from umail import certs
from umail.tables.roots import NAMES
from umail_host import paths
from umail_host.errors import UserError

A_YEAR = datetime.timedelta(days=365)


def der_of(name: str) -> bytes:
    return next(certs.load([name]))


def expiring(roots: dict[str, bytes], now: datetime.datetime) -> list[str]:
    soon = []
    for name, der in roots.items():
        end = x509.load_der_x509_certificate(der).not_valid_after_utc
        if end - now < A_YEAR:
            soon.append(f"{name} expires on {end:%Y-%m-%d}")
    return soon


def test_the_loader_the_modules_and_the_pins_name_the_same_roots():
    modules = {path.stem for path in (paths.library() / "certs").glob("*.py")} - {"__init__"}
    assert modules == set(NAMES) == {root.name for root in ROOTS}
    assert list(NAMES) == sorted(NAMES)


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_a_root_matches_its_pin_and_is_a_self_signed_authority_of_that_name(root):
    der = der_of(root.name)
    assert hashlib.sha256(der).hexdigest() == root.sha256
    parsed = x509.load_der_x509_certificate(der)
    assert parsed.subject == parsed.issuer
    assert parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert root.title.split(" - ")[0].split()[0] in parsed.subject.rfc4514_string()


def test_no_root_expires_within_a_year():
    now = datetime.datetime.now(datetime.UTC)
    soon = expiring({name: der_of(name) for name in NAMES}, now)
    assert not soon, "replace these roots in tools.make_roots: " + "; ".join(soon)


def test_the_check_of_dates_says_which_root_expires():
    name = "digicert_global_root_ca"
    in_2031 = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
    assert expiring({name: der_of(name)}, in_2031) == [f"{name} expires on 2031-11-10"]


def test_a_module_is_exactly_what_the_script_makes():
    for root in ROOTS:
        source = (paths.library() / "certs" / f"{root.name}.py").read_text(encoding="utf-8")
        assert source == make_roots.render(root, der_of(root.name))


def test_every_root_that_a_route_names_is_bundled():
    named = set()
    for file in paths.library().rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named |= set(re.findall(r"\b\w+_root_\w+\b", node.value))
    assert named
    assert named <= set(NAMES)


def test_loading_leaves_no_module_behind():
    list(certs.load())
    assert not [name for name in sys.modules if name.startswith("umail.certs.")]
    assert not hasattr(certs, "gts_root_r4")
    with pytest.raises(ImportError):
        list(certs.load(["no_such_root"]))


def test_micropython_takes_every_root_and_gives_its_memory_back(micropython):
    code = """
import gc, ssl, sys
from umail import certs
from umail.tables.roots import NAMES
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
for der in certs.load():
    context.load_verify_locations(cadata=der)
taken = [gc.mem_alloc()]
for _ in range(3):
    for name in NAMES:
        for der in certs.load((name,)):
            pass
    gc.collect()
    taken.append(gc.mem_alloc())
# The collector may take a word on the stack for a pointer to the last root's module: one stays, and it is always one.
bounded = taken[1] - taken[0] < 2048 and taken[3] - taken[1] < 64
print(bounded, [name for name in sys.modules if name.startswith("umail.certs.")])
"""
    done = subprocess.run(
        [micropython, "-X", "heapsize=64k", "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        env={"MICROPYPATH": f"{paths.library().parent}:.frozen"},
        check=False,
    )
    assert done.stdout.strip() == "True []", done.stdout + done.stderr


def as_pem(names: list[str]) -> str:
    found = [x509.load_der_x509_certificate(der_of(name)).public_bytes(Encoding.PEM).decode() for name in names]
    return "# a bundle has comments\n" + "\n".join(found)


def test_the_script_makes_the_modules_from_bundles_that_hold_them_together(tmp_path):
    first, second = tmp_path / "a.pem", tmp_path / "b.pem"
    first.write_text(as_pem(list(NAMES[:4])))
    second.write_text(as_pem(list(NAMES[4:])))
    written = make_roots.make([first, second], tmp_path)
    assert {path.stem for path in written} == set(NAMES)
    for path in written:
        assert path.read_bytes() == (paths.library() / "certs" / path.name).read_bytes()


def test_the_script_names_the_root_that_a_bundle_lacks(tmp_path):
    bundle = tmp_path / "a.pem"
    bundle.write_text(as_pem(list(NAMES[1:])))
    with pytest.raises(UserError, match=r"DigiCert Global Root CA .* is not in .*a.pem"):
        make_roots.make([bundle], tmp_path)
    with pytest.raises(UserError, match=r"no\.pem can't be read"):
        make_roots.make([tmp_path / "no.pem"], tmp_path)


def test_a_certificate_other_than_the_pinned_one_is_refused():
    with pytest.raises(UserError, match="this is another certificate"):
        make_roots.render(ROOTS[0], der_of(ROOTS[1].name))


def test_check_says_which_module_is_not_what_is_pinned(tmp_path):
    bundle = tmp_path / "all.pem"
    bundle.write_text(as_pem(list(NAMES)))
    folder = tmp_path / "certs"
    folder.mkdir()
    make_roots.make([bundle], folder)
    assert make_roots.check(folder) == []
    (folder / "isrg_root_x1.py").write_bytes((folder / "isrg_root_x2.py").read_bytes())
    (folder / "isrg_root_x2.py").unlink()
    (folder / "gts_root_r1.py").write_text("DER = None\n")
    (folder / "somebody_elses.py").write_text("DER = b''\n")
    told = "\n".join(make_roots.check(folder))
    assert "isrg_root_x1: SHA-256 is 69729b8e" in told
    assert "isrg_root_x2.py holds no certificate" in told
    assert "gts_root_r1.py holds no certificate" in told
    assert "somebody_elses.py is not in the list" in told
    assert told.count("\n") == 3
