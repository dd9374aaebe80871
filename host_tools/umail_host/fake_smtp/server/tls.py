"""Certificates of the fake server: good ones, each kind of bad one by its name, and those of clients."""

from __future__ import annotations

import base64
import datetime
import ssl
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate, what stands between it and the root, and its key.

    Args:
        chain: DER, the leaf first; what its owner sends.
        key: DER (PKCS 8, unencrypted).
    """

    chain: list[bytes]
    key: bytes = field(repr=False)

    @property
    def leaf(self) -> bytes:
        """The certificate itself."""
        return self.chain[0]

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let the context show this certificate."""
        key_pem = f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(self.key).decode()}-----END PRIVATE KEY-----\n"
        with tempfile.TemporaryDirectory() as folder:
            chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
            chain.write_text("".join(map(ssl.DER_cert_to_PEM_cert, self.chain)))
            key.write_text(key_pem)
            context.load_cert_chain(chain, key)


def _key_bytes(key: object) -> bytes:
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)


class Authority:
    """A root, an intermediate below it, and what they issue.

    Validity starts yesterday, so that a client whose clock was never set refuses, as it does in the real world.

    Args:
        names: host names and addresses that the server's certificate stands for.
        key_type: of the root's, the intermediate's and the server's key; checking RSA costs a client less.
        kept: PEM of a root and its key, as ``root_with_key`` gives them; another root is made without it.

    Raises:
        ValueError: that is not a root with its key.
    """

    def __init__(
        self, names: Sequence[str], key_type: trustme.KeyType = trustme.KeyType.ECDSA, kept: bytes = b""
    ) -> None:
        self.names = list(dict.fromkeys(names))
        self.key_type = key_type
        if kept:
            self.root = trustme.CA.from_pem(kept, kept)
        else:
            self.root = trustme.CA(organization_name="umail fake root", key_type=key_type)
        self.intermediate = self.root.create_child_ca(key_type=key_type)
        self._now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        self._issued: dict[str, Identity] = {}

    @property
    def root_der(self) -> bytes:
        """The root, to be trusted."""
        return _der(self.root.cert_pem.bytes())

    @property
    def root_pem(self) -> bytes:
        """The root, to be trusted."""
        return self.root.cert_pem.bytes()

    @property
    def root_with_key(self) -> bytes:
        """The root and its key, to be kept for the next server; who has them is trusted by whoever trusts the root."""
        return self.root.cert_pem.bytes() + self.root.private_key_pem.bytes()

    def server(self, name: str = "good") -> Identity:
        """Return the certificate of that name; ``CERTIFICATES`` tells what is wrong with each.

        Raises:
            ValueError: there is none of that name.
        """
        if name not in CERTIFICATES:
            raise ValueError(f"no certificate {name!r}; there are: {', '.join(CERTIFICATES)}")
        if name not in self._issued:
            self._issued[name] = CERTIFICATES[name](self)
        return self._issued[name]

    def client(self, *names: str) -> Identity:
        """Return a client's certificate for these domains, with its intermediate."""
        return self.issue(names)

    def issue(
        self, names: Sequence[str], start: int = -1, end: int = 365, issuer: trustme.CA | None = None
    ) -> Identity:
        """Return a leaf for these names.

        Args:
            start: day from which it is valid, counted from today; ``end``: the last one.
            issuer: who signs; the intermediate unless told otherwise.
        """
        leaf = (issuer or self.intermediate).issue_cert(
            *names,
            common_name=names[0],
            not_before=self._now + start * _DAY,
            not_after=self._now + end * _DAY,
            key_type=self.key_type,
        )
        key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
        chain = [_der(pem.bytes()) for pem in leaf.cert_chain_pems]
        return Identity(chain, _key_bytes(key))

    def issue_by_hand(self, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, names: Sequence[str]) -> Identity:
        """Issue what trustme does not: any key, and no subjectAltName if ``names`` is empty."""
        issuer = x509.load_pem_x509_certificate(self.intermediate.cert_pem.bytes())
        signer = serialization.load_pem_private_key(self.intermediate.private_key_pem.bytes(), None)
        assert isinstance(signer, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.names[0])]))
            .issuer_name(issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _DAY)
            .not_valid_after(self._now + 365 * _DAY)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
        leaf = builder.sign(signer, hashes.SHA256())
        chain = [certificate.public_bytes(serialization.Encoding.DER) for certificate in (leaf, issuer)]
        return Identity(chain, _key_bytes(key))


def _good(authority: Authority) -> Identity:
    """valid, with its intermediate"""
    return authority.issue(authority.names)


def _direct(authority: Authority) -> Identity:
    """valid, signed by the root itself"""
    return authority.issue(authority.names, issuer=authority.root)


def _expired(authority: Authority) -> Identity:
    """valid until yesterday"""
    return authority.issue(authority.names, -30, -1)


def _not_yet_valid(authority: Authority) -> Identity:
    """valid from tomorrow"""
    return authority.issue(authority.names, 1, 30)


def _wrong_name(authority: Authority) -> Identity:
    """for another host"""
    return authority.issue(["other.example.net"])


def _unknown_root(authority: Authority) -> Identity:
    """signed by a root that nobody trusts"""
    return authority.issue(authority.names, issuer=trustme.CA())


def _missing_intermediate(authority: Authority) -> Identity:
    """valid, but sent without its intermediate"""
    whole = authority.issue(authority.names)
    return Identity(whole.chain[:1], whole.key)


def _cn_only(authority: Authority) -> Identity:
    """names the host in its common name only"""
    return authority.issue_by_hand(ec.generate_private_key(ec.SECP256R1()), [])


def _weak_key(authority: Authority) -> Identity:
    """RSA with 1,024 bits"""
    return authority.issue_by_hand(
        rsa.generate_private_key(65537, 1024), [n for n in authority.names if n[-1].isalpha()]
    )


def _wildcard(authority: Authority) -> Identity:
    """a wildcard for the domain of each host name"""
    domains = [name.partition(".")[2] or name for name in authority.names if name[-1].isalpha()]
    return authority.issue([f"*.{domain}" for domain in dict.fromkeys(domains)])


CERTIFICATES: dict[str, Callable[[Authority], Identity]] = {
    function.__name__.strip("_").replace("_", "-"): function
    for function in (
        *(_good, _direct, _expired, _not_yet_valid, _wrong_name, _unknown_root),
        *(_missing_intermediate, _cn_only, _weak_key, _wildcard),
    )
}
VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


def server_context(identity: Identity, *, version: str = "", client_root: bytes = b"") -> ssl.SSLContext:
    """Return the server's side of TLS.

    Args:
        identity: what it shows.
        version: ``1.0`` to ``1.3`` to speak that one only; any from 1.2 otherwise.
        client_root: DER of the root of clients' certificates; with it they are asked for one, which must verify
            against that root alone: intermediates come from the client or not at all.

    Raises:
        ValueError: no such version.
    """
    if version and version not in VERSIONS:
        raise ValueError(f"no TLS version {version!r}; there are: {', '.join(VERSIONS)}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Old versions and weak keys are what this server is there to show; OpenSSL refuses them from level 1 on.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Python warns of the versions that this server speaks on purpose.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = VERSIONS.get(version, ssl.TLSVersion.TLSv1_2)
        if version:
            context.maximum_version = VERSIONS[version]
    identity.load_into(context)
    if client_root:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=client_root)
    return context
