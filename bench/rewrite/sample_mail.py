"""Sample newsletters of any size, with markup as MJML generates it."""

import base64
import quopri
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent
_HEAD: Final = (_FOLDER / "letter_head.html").read_text("utf-8")
_PRODUCT: Final = (_FOLDER / "letter_product.html").read_text("utf-8")
_FOOT: Final = "</body>\n</html>\n"


def build_html(size_bytes: int, *, message_number: int = 0) -> str:
    """Build an HTML body of about this size, with a link in every 2 kB; other message numbers have other links."""
    product_count = max(1, round((size_bytes - len(_HEAD)) / len(_PRODUCT)))
    first_product = 1000 * message_number
    products = range(first_product, first_product + product_count)
    return _HEAD + "".join(_PRODUCT.replace("{number}", str(product)) for product in products) + _FOOT


def build_eml(size_bytes: int, *, transfer_encoding: str) -> bytes:
    """Build a message with a plain-text part and an HTML part in base64 or quoted-printable."""
    encode = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}[transfer_encoding]
    body = encode(build_html(size_bytes).encode())
    message = (
        b"From: shop@shop.example\nTo: anna@example.net\nSubject: Winter boots\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/alternative; boundary=b\n\n"
        b"--b\nContent-Type: text/plain; charset=utf-8\n\nSee https://www.shop.example/products\n"
        b"--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: "
        + transfer_encoding.encode()
        + b"\n\n"
        + body
        + b"\n--b--\n"
    )
    return message.replace(b"\n", b"\r\n")
