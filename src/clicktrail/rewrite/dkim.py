"""Sign a message (RFC 6376, RFC 8463), and take off the signatures that would be false once it is rewritten.

The body and the header are canonicalised as "relaxed", so that a relay may fold fields and touch white space.
"""

import base64
import hashlib
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clicktrail.errors import SettingsError
from clicktrail.rewrite.edits import ByteEdit, splice
from clicktrail.rewrite.mime import Headers, parse_headers

__all__ = ["DkimKey", "UnsignedMessage", "remove_own_signatures", "sign"]

_SIGNATURE_FIELD = "dkim-signature"
_DNS_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)
_MIN_RSA_BITS = 1024  # bits; RFC 8301 section 3.2
_SIGNED_FIELDS = (
    *("from", "reply-to", "subject", "date", "to", "cc", "resent-date", "resent-from", "resent-to", "resent-cc"),
    *("in-reply-to", "references", "message-id", "list-id", "list-help", "list-unsubscribe", "list-unsubscribe-post"),
    *("list-subscribe", "list-post", "list-owner", "list-archive"),
    *("mime-version", "content-type", "content-transfer-encoding"),
)
"""The fields of RFC 6376 section 5.4.1, with those that say how the body is read and RFC 8058's."""
_OVERSIGNED_FIELDS = ("from",)
"""Signed as absent behind the last one, so that nobody can add another (RFC 6376 section 8.15)."""
_MAX_LINE_CHARS = 76

_LINE_BREAK = re.compile(rb"\r?\n")
_WHITESPACE = re.compile(rb"[ \t]+")
_FOLDING_WHITESPACE = re.compile(rb"[ \t\r\n]+")
_DOMAIN_TAG = re.compile(r"(?:^|;)\s*d\s*=([^;]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """What a domain signs with. The public half stands in the DNS at ``<selector>._domainkey.<domain>``.

    Attributes:
        domain: lower case, an IDN in its ASCII form.
        selector: names the key among those of the domain.
        private_key: RSA of at least 1024 bits, or Ed25519.

    Raises:
        SettingsError: domain or selector is no name of the DNS, or the key is of another kind.
    """

    domain: str
    selector: str
    private_key: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        for what, name in (("domain", self.domain), ("selector", self.selector)):
            if not _DNS_NAME.fullmatch(name):
                raise SettingsError(f"the DKIM {what} is '{name}'", hint="write a name as it stands in the DNS")
        if isinstance(self.private_key, RSAPrivateKey) and self.private_key.key_size < _MIN_RSA_BITS:
            raise SettingsError(
                f"the DKIM key of {self.domain} has {self.private_key.key_size} bits",
                hint="make one of 2048: nobody accepts less than 1024",
            )

    @classmethod
    def from_pem(cls, pem: bytes, *, domain: str, selector: str) -> "DkimKey":
        """Read a private key from PEM, without a password.

        Raises:
            SettingsError: it is none, or of another kind; or as for the class.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SettingsError(f"the DKIM key of {domain} is no private key in PEM without a password") from error
        if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
            raise SettingsError(f"the DKIM key of {domain} is neither RSA nor Ed25519")
        return cls(domain=domain.lower(), selector=selector, private_key=key)

    @property
    def algorithm(self) -> str:
        """The value of the signature's ``a`` tag."""
        return "rsa-sha256" if isinstance(self.private_key, RSAPrivateKey) else "ed25519-sha256"

    def sign(self, data: bytes) -> bytes:
        """The signature of bytes; Ed25519 signs their hash (RFC 8463 section 3)."""
        if isinstance(self.private_key, RSAPrivateKey):
            return self.private_key.sign(data, PKCS1v15(), SHA256())
        return self.private_key.sign(hashlib.sha256(data).digest())


class UnsignedMessage(NamedTuple):
    """A message without its signatures, and what to sign it with anew; no keys if it keeps them."""

    raw: bytes
    keys: tuple[DkimKey, ...]


def remove_own_signatures(raw: bytes, keys: Sequence[DkimKey]) -> UnsignedMessage:
    """Take off a message's signatures if all are of domains that there are keys of.

    What somebody else vouches for stays as it is: their signature could not be made again, and a forwarder's seal
    (ARC, RFC 8617) as little.
    """
    headers = parse_headers(raw, 0, len(raw)) if keys else None
    if headers is None:
        return UnsignedMessage(raw, ())
    signers = {_parse_signing_domain(value) for value in headers.fields.get(_SIGNATURE_FIELD, ())}
    ours = tuple(key for key in keys if key.domain in signers)
    if not ours or signers != {key.domain for key in ours} or "arc-seal" in headers:
        return UnsignedMessage(raw, ())
    edits = [ByteEdit(start=start, end=end, replacement=b"") for start, end in headers.spans[_SIGNATURE_FIELD]]
    return UnsignedMessage(splice(raw, edits), ours)


def sign(raw: bytes, key: DkimKey, *, signed_at: datetime) -> bytes:
    """A message with a signature above its header.

    Args:
        raw: the message, with a header block that can be read; signed as it is sent, where every line ends with CRLF.
        key: whose signature it is.
        signed_at: aware; when it is signed.

    Raises:
        ValueError: there is no such header block.
    """
    headers = parse_headers(raw, 0, len(raw))
    if headers is None:
        raise ValueError("not a message")
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


def _parse_signing_domain(signature: str) -> str:
    """The domain that a signature names; empty if it names none, or several."""
    found = _DOMAIN_TAG.findall(signature)
    return found[0].strip().lower() if len(found) == 1 else ""


def _canonicalize_fields(raw: bytes, headers: Headers) -> Iterator[bytes]:
    """The signed fields, of several with one name the last first (RFC 6376 section 5.4.2)."""
    for name in _SIGNED_FIELDS:
        for start, end in reversed(headers.spans.get(name, ())):
            yield _canonicalize_field(raw[start:end])


def _canonicalize_field(stands: bytes) -> bytes:
    """A field as RFC 6376 section 3.4.2 has it."""
    name, _, value = stands.partition(b":")
    return name.strip(b" \t").lower() + b":" + _FOLDING_WHITESPACE.sub(b" ", value).strip(b" ") + b"\r\n"


def _canonicalize_body(body: bytes) -> bytes:
    """A body as RFC 6376 section 3.4.4 has it."""
    lines = _WHITESPACE.sub(b" ", _LINE_BREAK.sub(b"\r\n", body)).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    end = len(lines)
    while lines.endswith(b"\r\n", 0, end):
        end -= 2
    return lines[:end] + b"\r\n" if end else b""
