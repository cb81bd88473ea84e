"""The demo's campaign: a newsletter of a made-up shop, as HTML and text, personalised for each recipient."""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from importlib.resources import files
from string import Template
from typing import Final

CAMPAIGN: Final = "winter-letter"
SENDER: Final = "letters@wren-and-furrow.example"

_SUBJECT: Final = "Plant garlic now, thank yourself in July"
_HTML_TEMPLATE: Final = Template(files("clicktrail.demo").joinpath("newsletter.html").read_text("utf-8"))
_TEXT_TEMPLATE: Final = Template(files("clicktrail.demo").joinpath("newsletter.txt").read_text("utf-8"))


def build_newsletter(recipient: str, *, first_name: str, site_origin: str) -> bytes:
    """Build the message for one recipient, with the relay's control headers; the origin has no trailing slash."""
    reader_id = hashlib.sha256(recipient.encode()).hexdigest()[:12]
    unsubscribe_url = f"{site_origin}/unsubscribe?reader={reader_id}"
    values = {"site": site_origin, "first_name": first_name, "reader": reader_id, "unsubscribe": unsubscribe_url}
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Wren & Furrow", addr_spec=SENDER)
    message["To"] = Address(first_name, addr_spec=recipient)
    message["Subject"] = _SUBJECT
    message["Message-ID"] = f"<{CAMPAIGN}.{reader_id}@wren-and-furrow.example>"
    message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058 section 3.1
    message["X-Clicktrail-Campaign"] = CAMPAIGN
    message["X-Clicktrail-Recipient"] = recipient
    message.set_content(_TEXT_TEMPLATE.substitute(values), cte="quoted-printable")
    message.add_alternative(_HTML_TEMPLATE.substitute(values), subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{reader_id}")  # the default boundary is random; this one makes messages reproducible
    return message.as_bytes()
