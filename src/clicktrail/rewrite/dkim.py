"""Sign messages with DKIM (RFC 6376, RFC 8463), and remove signatures that rewriting would invalidate.

Header and body use "relaxed" canonicalization, so that relays may fold fields and change white space.
"""

import base64
import hashlib
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from clicktrail.errors import SettingsError
from clicktrail.rewrite.edits import ByteEdit, splice
from clicktrail.rewrite.mime import Headers, parse_headers

if TYPE_CHECKING:  # slow to import, and only needed with a key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_SIGNATURE_FIELD = "dkim-signature"
_DNS_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)
_MIN_RSA_BITS = 1024  # bits; RFC 8301 section 3.2
_SIGNED_FIELDS = (
    *("from", "reply-to", "subject", "date", "to", "cc", "resent-date", "resent-from", "resent-to", "resent-cc"),
    *("in-reply-to", "references", "message-id", "list-id", "list-help", "list-unsubscribe", "list-unsubscribe-post"),
    *("list-subscribe", "list-post", "list-owner", "list-archive"),
    *("mime-version", "content-type", "content-transfer-encoding"),
)
"""Fields of RFC 6376 section 5.4.1, the MIME fields, and List-Unsubscribe-Post (RFC 8058)."""
_OVERSIGNED_FIELDS = ("from",)
"""Fields that are listed one more time than present, so that adding one breaks the signature (section 8.15)."""
_MAX_LINE_CHARS = 76

_FOLDING_WHITESPACE = re.compile(rb"[ \t\r\n]+")
_DOMAIN_TAG = re.compile(r"(?:^|;)\s*d\s*=([^;]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A DKIM key. Its public half is published in DNS at ``<selector>._domainkey.<domain>``.

    Attributes:
        domain: signing domain in lower case, IDN in ASCII.
        selector: name of the key within the domain.
        private_key: RSA key of at least 1024 bits, or Ed25519 key.

    Raises:
        SettingsError: domain or selector is not a DNS name, or the RSA key is too short.
    """

    domain: str
    selector: str
    private_key: "RSAPrivateKey | Ed25519PrivateKey" = field(repr=False)

    def __post_init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        for kind, name in (("domain", self.domain), ("selector", self.selector)):
            if not _DNS_NAME.fullmatch(name):
                raise SettingsError(f"the DKIM {kind} '{name}' is not a DNS name", hint="write it as in the DNS record")
        if isinstance(self.private_key, RSAPrivateKey) and self.private_key.key_size < _MIN_RSA_BITS:
            raise SettingsError(
                f"the DKIM key of {self.domain} has {self.private_key.key_size} bits",
                hint="use a key of 2048 bits: receivers reject keys of less than 1024",
            )

    @classmethod
    def from_pem(cls, pem: bytes, *, domain: str, selector: str) -> "DkimKey":
        """Load an unencrypted private key in PEM.

        Raises:
            SettingsError: not such a key, neither RSA nor Ed25519, or not valid for `DkimKey`.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SettingsError(f"the DKIM key of {domain} is not an unencrypted private key in PEM") from error
        if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
            raise SettingsError(f"the DKIM key of {domain} is neither RSA nor Ed25519")
        return cls(domain=domain.lower(), selector=selector, private_key=key)

    @property
    def algorithm(self) -> str:
        """Value of the signature's ``a`` tag."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

        return "rsa-sha256" if isinstance(self.private_key, RSAPrivateKey) else "ed25519-sha256"

    def sign(self, data: bytes) -> bytes:
        """Sign data. Ed25519 signs the SHA-256 hash of it (RFC 8463 section 3)."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256

        if isinstance(self.private_key, RSAPrivateKey):
            return self.private_key.sign(data, PKCS1v15(), SHA256())
        return self.private_key.sign(hashlib.sha256(data).digest())


class UnsignedMessage(NamedTuple):
    """A message without DKIM signatures, and the keys to sign it again. Without keys, the message is unchanged."""

    raw: bytes
    keys: tuple[DkimKey, ...]


def remove_own_signatures(raw: bytes, keys: Sequence[DkimKey]) -> UnsignedMessage:
    """Remove the signatures of a message if there is a key for the domain of each.

    A message with a signature of another domain or an ARC seal (RFC 8617) is returned unchanged: these could not be
    made again. In any other, carriage returns without newline become line breaks, so that the new signature is of the
    bytes that are sent: servers replace them, by a line break or by a space.
    """
    headers = parse_headers(raw, 0, len(raw)) if keys else None
    if not isinstance(headers, Headers):
        return UnsignedMessage(raw, ())
    signers = {_parse_signing_domain(value) for value in headers.fields.get(_SIGNATURE_FIELD, ())}
    signing_keys = tuple(key for key in keys if key.domain in signers)
    if not signing_keys or signers != {key.domain for key in signing_keys} or "arc-seal" in headers:
        return UnsignedMessage(raw, ())
    edits = [ByteEdit(start=start, end=end, replacement=b"") for start, end in headers.spans[_SIGNATURE_FIELD]]
    return UnsignedMessage(_replace_bare_carriage_returns(splice(raw, edits)), signing_keys)


def sign(raw: bytes, key: DkimKey, *, signed_at: datetime) -> bytes:
    """Return the message with a DKIM signature as its first field.

    The message is signed as it will be sent: every carriage return, newline or both is a CRLF. ``signed_at`` is aware.

    Raises:
        ValueError: the header block is malformed.
    """
    match parse_headers(raw, 0, len(raw), is_limited=False):  # rewriting and other keys may have added fields
        case Headers() as headers:
            pass
        case _:
            raise ValueError("cannot sign a message without a well-formed header block")
    present = [name for name in _SIGNED_FIELDS for _ in headers.fields.get(name, ())]
    body_hash = hashlib.sha256(_canonicalize_body(raw[headers.body_start :])).digest()
    tags = [
        "DKIM-Signature:",
        "v=1;",
        f"a={key.algorithm};",
        "c=relaxed/relaxed;",
        f"d={key.domain};",
        f"s={key.selector};",
        f"t={int(signed_at.timestamp())};",
        f"h={': '.join([*present, *_OVERSIGNED_FIELDS])};",
        f"bh={base64.b64encode(body_hash).decode()};",
        "b=",
    ]
    unsigned_field = " ".join(tags).encode()
    signed = b"".join([*_canonicalize_fields(raw, headers), _canonicalize_field(unsigned_field).removesuffix(b"\r\n")])
    value = base64.b64encode(key.sign(signed)).decode()
    newline = "\r\n" if raw.partition(b"\n")[0].endswith(b"\r") else "\n"
    lines = textwrap.wrap(" ".join(tags), _MAX_LINE_CHARS, break_long_words=False, break_on_hyphens=False)
    return (f"{newline} ".join([*lines, *textwrap.wrap(value, _MAX_LINE_CHARS)]) + newline).encode() + raw


def _replace_bare_carriage_returns(raw: bytes) -> bytes:
    if raw.count(b"\r") == raw.count(b"\r\n"):
        return raw
    newline = b"\r\n" if raw.partition(b"\n")[0].endswith(b"\r") else b"\n"
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", newline)


def _parse_signing_domain(signature: str) -> str:
    """Return the domain of a signature; empty if it has none or several."""
    domains = _DOMAIN_TAG.findall(signature)
    return domains[0].strip().lower() if len(domains) == 1 else ""


def _canonicalize_fields(raw: bytes, headers: Headers) -> Iterator[bytes]:
    """Yield the signed fields; of several with one name, the last comes first (RFC 6376 section 5.4.2)."""
    for name in _SIGNED_FIELDS:
        for start, end in reversed(headers.spans.get(name, ())):
            yield _canonicalize_field(raw[start:end])


def _canonicalize_field(field: bytes) -> bytes:
    """Apply relaxed header canonicalization (RFC 6376 section 3.4.2)."""
    name, _, value = field.partition(b":")
    return name.strip(b" \t").lower() + b":" + _FOLDING_WHITESPACE.sub(b" ", value).strip(b" ") + b"\r\n"


def _canonicalize_body(body: bytes) -> bytes:
    """Apply relaxed body canonicalization (RFC 6376 section 3.4.4)."""
    # `bytes.replace` needs no memory for each match, unlike a regular expression.
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n").replace(b"\t", b" ")
    while b"  " in lines:
        lines = lines.replace(b"  ", b" ")
    lines = lines.replace(b" \r\n", b"\r\n").removesuffix(b" ")
    end = len(lines)
    while lines.endswith(b"\r\n", 0, end):
        end -= 2
    return lines[:end] + b"\r\n" if end else b""
