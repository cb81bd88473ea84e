"""A certificate authority for tests, and certificates of it."""

import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from clicktrail.server.system import SystemClock

_DAY = timedelta(days=1)


class Authority:
    """Issues certificates.

    Attributes:
        file: its own certificate, in PEM.
    """

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = generate_private_key(SECP256R1())
        certificate = (
            self._build_certificate(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, SHA256())
        )
        self.file = folder / f"{'-'.join(name.split())}.pem"
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, *names: str, starts_in: timedelta = -_DAY, ends_in: timedelta = _DAY) -> Path:
        """Issue a certificate, and return the file of key and certificate."""
        key = generate_private_key(SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = (
            self._build_certificate(subject, key, starts_in=starts_in, ends_in=ends_in)
            .add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=False)
            .sign(self._key, SHA256())
        )
        file = self._folder / f"{names[0].replace('*', 'wildcard')}-{certificate.serial_number}.pem"
        file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        return file

    def create_context(self, *names: str, starts_in: timedelta = -_DAY, ends_in: timedelta = _DAY) -> ssl.SSLContext:
        """TLS context of a server with a new certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.issue(*names, starts_in=starts_in, ends_in=ends_in))
        return context

    def _build_certificate(
        self,
        subject: x509.Name,
        key: EllipticCurvePrivateKey,
        *,
        starts_in: timedelta = -_DAY,
        ends_in: timedelta = _DAY,
    ) -> x509.CertificateBuilder:
        now = SystemClock().now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + starts_in)
            .not_valid_after(now + ends_in)
        )


def create_server_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS context of a server named localhost, and the file of the authority that signed its certificate."""
    authority = Authority(folder)
    return authority.create_context("localhost"), authority.file
