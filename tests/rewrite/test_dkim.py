from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_curve_key
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.rewrite.dkim import DkimKey, UnsignedMessage, remove_own_signatures, sign
from tests.support.dkim_keys import ED25519_KEY, RSA_KEY, is_signature_valid

SIGNED_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
OTHER_KEY = DkimKey(domain="other.example", selector="ed", private_key=ED25519_KEY.private_key)
MESSAGE = (
    b"Received: from a by b\r\nFrom: Anna <anna@example.com>\r\nSubject:  two \r\n\tlines\r\nX-Other: 1\r\n"
    b"Date: Mon, 06 May 2024 07:08:09 +0000\r\nContent-Type: text/plain\r\n\r\nHello \t world \r\n\r\n\r\n"
)


@pytest.mark.parametrize("key", [ED25519_KEY, RSA_KEY], ids=lambda key: key.algorithm)
def test_signature_is_verified_by_another_implementation(key: DkimKey) -> None:
    signed = sign(MESSAGE, key, signed_at=SIGNED_AT)
    assert signed.endswith(MESSAGE)
    assert b"t=1714979289;" in signed
    assert is_signature_valid(signed)
    assert is_signature_valid(signed.replace(b"X-Other: 1", b"X-Other: 2").replace(b"two \r\n\tlines", b"two lines"))
    assert not is_signature_valid(signed.replace(b"world", b"world!"))
    assert not is_signature_valid(signed.replace(b"two", b"three"))
    assert not is_signature_valid(signed.replace(b"Subject:", b"From: b@example.com\r\nSubject:"))


def test_signature_field_is_folded() -> None:
    raw = b"To: a@example.com\r\n" * 40 + MESSAGE
    added = sign(raw, RSA_KEY, signed_at=SIGNED_AT).removesuffix(raw).decode()
    assert added.startswith("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")
    assert max(len(line) for line in added.split("\r\n")) <= 78
    assert is_signature_valid(sign(raw, RSA_KEY, signed_at=SIGNED_AT))


BODIES = st.text("a \t\r\n\0.é", max_size=30).map(str.encode)


@given(BODIES, st.sampled_from([b"\r\n", b"\n"]))
def test_body_is_canonicalized_like_in_another_implementation(body: bytes, newline: bytes) -> None:
    raw = (b"From: a@example.com\nSubject: x\n\n" + body).replace(b"\n", newline)
    signed = sign(raw, ED25519_KEY, signed_at=SIGNED_AT)
    sent = signed.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert is_signature_valid(sent if sent.endswith(b"\n") else sent + b"\r\n")


def signature(tags: str) -> bytes:
    """A signature field, not a valid signature."""
    return f"DKIM-Signature: v=1; a=rsa-sha256; {tags}; s=x;\r\n b=abc=\r\n".encode()


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        (signature("d=example.com"), (ED25519_KEY, RSA_KEY)),
        (signature("d = Example.COM"), (ED25519_KEY, RSA_KEY)),
        (signature("d=example.com") + signature("d=other.example"), (ED25519_KEY, RSA_KEY, OTHER_KEY)),
    ],
)
def test_signatures_of_own_domains_are_removed(fields: bytes, keys: tuple[DkimKey, ...]) -> None:
    third = DkimKey(domain="third.example", selector="ed", private_key=ED25519_KEY.private_key)
    assert remove_own_signatures(fields + MESSAGE, (ED25519_KEY, RSA_KEY, OTHER_KEY, third)) == UnsignedMessage(
        MESSAGE, keys
    )


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        signature("d=other.example"),
        signature("d=mail.example.com"),
        signature("d=example.com") + signature("d=other.example"),
        signature("d=example.com; d=example.com"),
        signature("i=@example.com"),
        signature("d=example.com") + b"ARC-Seal: i=1; d=example.com\r\n",
        b"no field\r\n" + signature("d=example.com"),
    ],
)
def test_message_with_a_foreign_signature_is_unchanged(fields: bytes) -> None:
    assert remove_own_signatures(fields + MESSAGE, (ED25519_KEY, RSA_KEY)) == UnsignedMessage(fields + MESSAGE, ())


def pem(key: PrivateKeyTypes, encryption: KeySerializationEncryption | None = None) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


@given(st.binary(), st.sampled_from([b"", b"DKIM-Signature: ", b"DKIM-Signature: d=example.com;"]))
def test_any_bytes_are_unchanged_or_can_be_signed(data: bytes, header: bytes) -> None:
    unsigned, keys = remove_own_signatures(header + data, [ED25519_KEY])
    if keys:
        assert sign(unsigned, ED25519_KEY, signed_at=SIGNED_AT).endswith(unsigned)
    else:
        assert unsigned == header + data


def small_rsa_key() -> RSAPrivateKey:
    """A 511-bit key of two known primes: current libraries refuse to generate one."""
    p, q = 2**256 - 2**32 - 977, 2**255 - 19
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa_crt_dmp1(d, p),
        dmq1=rsa_crt_dmq1(d, q),
        iqmp=rsa_crt_iqmp(p, q),
        public_numbers=RSAPublicNumbers(e=65537, n=p * q),
    )
    return numbers.private_key()


@pytest.mark.parametrize("key", [ED25519_KEY, RSA_KEY], ids=lambda key: key.algorithm)
def test_key_is_loaded_from_pem(key: DkimKey) -> None:
    read = DkimKey.from_pem(pem(key.private_key), domain="EXAMPLE.com", selector=key.selector)
    assert sign(MESSAGE, key, signed_at=SIGNED_AT) == sign(MESSAGE, read, signed_at=SIGNED_AT)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"no key", "is not an unencrypted private key"),
        (pem(ED25519_KEY.private_key, BestAvailableEncryption(b"secret")), "is not an unencrypted private key"),
        (pem(generate_curve_key(SECP256R1())), "neither RSA nor Ed25519"),
        (pem(small_rsa_key()), "has 511 bits"),
    ],
)
def test_unsupported_key_is_refused(content: bytes, error: str) -> None:
    with pytest.raises(SettingsError, match=error):
        DkimKey.from_pem(content, domain="example.com", selector="x")


@pytest.mark.parametrize(("domain", "selector"), [("", "x"), ("bücher.example", "x"), ("example.com", "x;\r\nb")])
def test_invalid_dns_name_is_refused(domain: str, selector: str) -> None:
    with pytest.raises(SettingsError, match=r"(?s)the DKIM (domain|selector) .* is not a DNS name"):
        DkimKey(domain=domain, selector=selector, private_key=ED25519_KEY.private_key)


def test_message_without_header_cannot_be_signed() -> None:
    with pytest.raises(ValueError, match="well-formed header block"):
        sign(b"no message", RSA_KEY, signed_at=SIGNED_AT)
