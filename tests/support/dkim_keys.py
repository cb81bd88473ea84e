"""DKIM keys, and verification of their signatures by dkimpy."""

import base64

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clicktrail.rewrite import DkimKey

ED25519_KEY = DkimKey(domain="example.com", selector="ed", private_key=Ed25519PrivateKey.from_private_bytes(b"k" * 32))
RSA_KEY = DkimKey(domain="example.com", selector="rsa", private_key=generate_private_key(65537, 2048))


def is_signature_valid(raw: bytes) -> bool:
    """Whether dkimpy accepts the first signature of a message."""
    return bool(dkim.verify(raw, dnsfunc=_find_dns_record))


def _find_dns_record(name: bytes, timeout: int = 5) -> bytes:
    assert timeout  # part of dkimpy's interface
    key = {b"ed._domainkey.example.com.": ED25519_KEY, b"rsa._domainkey.example.com.": RSA_KEY}[name]
    public_key = key.private_key.public_key()
    if key is ED25519_KEY:
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public_key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
