"""Makes lib/umail/certs/*.py from a bundle of root certificates.

``python -m tools.make_roots`` writes them; with ``--check`` it only says which are not those that are pinned here.

Each root is known by the SHA-256 of its DER form, so it makes no difference which bundle it comes from. The pins are
those that the authorities publish on their own pages; Debian's ca-certificates 20230311 holds all of them, certifi all
but DigiCert Global Root CA, which Mozilla stopped trusting for new sites while Exchange Online still uses it.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib.util
import ssl
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from umail_host import paths
from umail_host.errors import UserError

BUNDLES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_PER_LINE = 28


@dataclass(frozen=True)
class Root:
    """A root certificate to bundle: name of its module, common name, SHA-256 of its DER form, authority's page."""

    name: str
    title: str
    sha256: str
    source: str


_DIGICERT = "https://www.digicert.com/kb/digicert-root-certificates.htm"
_MICROSOFT = "https://www.microsoft.com/pkiops/docs/repository.htm"
_GOOGLE = "https://pki.goog/repository/"
_ISRG = "https://letsencrypt.org/certificates/"
_GLOBALSIGN = "https://support.globalsign.com/ca-certificates/root-certificates/globalsign-root-certificates"

ROOTS = (
    Root(
        "digicert_global_root_ca",
        "DigiCert Global Root CA",
        "4348a0e9444c78cb265e058d5e8944b4d84f9662bd26db257f8934a443c70161",
        _DIGICERT,
    ),
    Root(
        "digicert_global_root_g2",
        "DigiCert Global Root G2",
        "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
        _DIGICERT,
    ),
    Root(
        "digicert_global_root_g3",
        "DigiCert Global Root G3",
        "31ad6648f8104138c738f39ea4320133393e3a18cc02296ef97c2ac9ef6731d0",
        _DIGICERT,
    ),
    Root(
        "globalsign_root_r6",
        "GlobalSign Root CA - R6",
        "2cabeafe37d06ca22aba7391c0033d25982952c453647349763a3ab5ad6ccf69",
        _GLOBALSIGN,
    ),
    Root(
        "gts_root_r1",
        "GTS Root R1",
        "d947432abde7b7fa90fc2e6b59101b1280e0e1c7e4e40fa3c6887fff57a7f4cf",
        _GOOGLE,
    ),
    Root(
        "gts_root_r4",
        "GTS Root R4",
        "349dfa4058c5e263123b398ae795573c4e1313c83fe68f93556cd5e8031b3c7d",
        _GOOGLE,
    ),
    Root(
        "isrg_root_x1",
        "ISRG Root X1",
        "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6",
        _ISRG,
    ),
    Root(
        "isrg_root_x2",
        "ISRG Root X2",
        "69729b8e15a86efc177a57afb7171dfc64add28c2fca8cf1507e34453ccb1470",
        _ISRG,
    ),
    Root(
        "microsoft_ecc_root_2017",
        "Microsoft ECC Root Certificate Authority 2017",
        "358df39d764af9e1b766e9c972df352ee15cfac227af6ad1d70e8e4a6edcba02",
        _MICROSOFT,
    ),
    Root(
        "microsoft_rsa_root_2017",
        "Microsoft RSA Root Certificate Authority 2017",
        "c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0",
        _MICROSOFT,
    ),
)


def read_bundle(text: str) -> dict[str, bytes]:
    """Certificates of a PEM bundle: SHA-256 in hex → DER."""
    found = {}
    for block in text.split(_BEGIN)[1:]:
        der = ssl.PEM_cert_to_DER_cert(_BEGIN + block.split(_END)[0] + _END)
        found[hashlib.sha256(der).hexdigest()] = der
    return found


def render(root: Root, der: bytes) -> str:
    """Source of the module that holds one root.

    Raises:
        UserError: ``der`` is not the certificate that ``root`` pins.
    """
    digest = hashlib.sha256(der).hexdigest()
    if digest != root.sha256:
        raise UserError(f"{root.name}: SHA-256 is {digest}, pinned is {root.sha256}: this is another certificate")
    lines = []
    for start in range(0, len(der), _PER_LINE):
        octets = "".join(f"\\x{octet:02x}" for octet in der[start : start + _PER_LINE])
        lines.append(f'    b"{octets}"')
    return (
        f'"""{root.title}, DER; made by tools.make_roots.\n\n'
        f"SHA-256 {root.sha256}\nPublished at {root.source}\n"
        '"""\n\nDER = (\n' + "\n".join(lines) + "\n)\n"
    )


def check(folder: Path) -> list[str]:
    """Report each module in ``folder`` that is missing, or not what ``make`` would write of its pin: sentences."""
    wrong = []
    for root in ROOTS:
        path = folder / f"{root.name}.py"
        try:
            text = path.read_text(encoding="utf-8")
            der = ast.literal_eval(text.partition("DER = ")[2])
            if not isinstance(der, bytes):
                raise ValueError("DER is not bytes")
            if text != render(root, der):
                wrong.append(f"{path.name} is not as make_roots writes it: run python -m tools.make_roots")
        except (OSError, SyntaxError, ValueError) as error:
            wrong.append(f"{path.name} holds no certificate ({error}): run python -m tools.make_roots")
        except UserError as error:
            wrong.append(str(error))
    more = {path.stem for path in folder.glob("*.py")} - {root.name for root in ROOTS} - {"__init__"}
    return wrong + [f"{name}.py is not in the list of make_roots: remove it" for name in sorted(more)]


def make(bundles: Iterable[Path], folder: Path) -> list[Path]:
    """Writes one module for each root into ``folder``; returns their paths.

    Raises:
        UserError: a bundle can't be read, or none of them holds a root that is wanted.
    """
    known: dict[str, bytes] = {}
    names = []
    for bundle in bundles:
        names.append(str(bundle))
        try:
            known.update(read_bundle(bundle.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise UserError(f"the bundle {bundle} can't be read: {error}") from None
    written = []
    for root in ROOTS:
        if root.sha256 not in known:
            where = ", ".join(names) or "no bundle at all"
            raise UserError(f"{root.title} ({root.sha256}) is not in {where}: name a bundle that has it with --bundle")
        path = folder / f"{root.name}.py"
        path.write_text(render(root, known[root.sha256]), encoding="utf-8")
        written.append(path)
    return written


def default_bundles() -> list[Path]:
    """Bundles of this computer: the system's, and certifi's if it is installed."""
    found = [path for path in BUNDLES if path.is_file()]
    spec = importlib.util.find_spec("certifi")
    if spec is not None and spec.origin is not None:
        found.append(Path(spec.origin).with_name("cacert.pem"))
    return found


def main() -> None:
    """Entry point of `python -m tools.make_roots`."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_roots", description=__doc__)
    parser.add_argument(
        "--bundle", type=Path, action="append", help="a PEM bundle to search (default: this computer's)"
    )
    parser.add_argument("--into", type=Path, help="folder of the modules (default: lib/umail/certs)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a module is not what is pinned")
    arguments = parser.parse_args()
    folder = arguments.into or paths.library() / "certs"
    if arguments.check:
        sys.exit("\n".join(check(folder)) or None)
    try:
        written = make(arguments.bundle or default_bundles(), folder)
    except UserError as error:
        sys.exit(f"make_roots: {error}")
    print(f"wrote {len(written)} roots into {written[0].parent}")


if __name__ == "__main__":
    main()
