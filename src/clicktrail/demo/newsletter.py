"""The demo's campaign: one newsletter of a made-up shop, HTML and text, written out for one reader."""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from importlib.resources import files
from string import Template
from typing import Final

__all__ = ["CAMPAIGN", "SENDER", "build_newsletter"]

CAMPAIGN: Final = "winter-letter"
SENDER: Final = "letters@wren-and-furrow.example"

_SUBJECT: Final = "Plant garlic now, thank yourself in July"
_HTML_TEMPLATE: Final = Template(files("clicktrail.demo").joinpath("newsletter.html").read_text("utf-8"))
_TEXT_TEMPLATE: Final = Template(files("clicktrail.demo").joinpath("newsletter.txt").read_text("utf-8"))


def build_newsletter(recipient: str, *, first_name: str, site_origin: str) -> bytes:
    """Write the message to one reader, with the headers by which the relay files it.

    Args:
        recipient: the reader's address.
        first_name: how the letter greets them.
        site_origin: the origin of the shop's site, without a slash at its end.
    """
    reader = hashlib.sha256(recipient.encode()).hexdigest()[:12]
    unsubscribe = f"{site_origin}/unsubscribe?reader={reader}"
    words = {"site": site_origin, "first_name": first_name, "reader": reader, "unsubscribe": unsubscribe}
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Wren & Furrow", addr_spec=SENDER)
    message["To"] = Address(first_name, addr_spec=recipient)
    message["Subject"] = _SUBJECT
    message["Message-ID"] = f"<{CAMPAIGN}.{reader}@wren-and-furrow.example>"
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058 section 3.1
    message["X-Clicktrail-Campaign"] = CAMPAIGN
    message["X-Clicktrail-Recipient"] = recipient
    message.set_content(_TEXT_TEMPLATE.substitute(words), cte="quoted-printable")
    message.add_alternative(_HTML_TEMPLATE.substitute(words), subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{reader}")  # the default is random, and the same letter should be the same bytes
    return message.as_bytes()
