"""SendGrid."""

import datetime as dt
from typing import Final

from clicktrail.esp.base import Esp, Region

SENDGRID: Final = Esp(
    name="sendgrid",
    title="SendGrid",
    targets={
        # click.sendgrid.net is the target with SendGrid's automatic TLS, which its support switches on.
        Region.US: ("sendgrid.net", "click.sendgrid.net"),
        Region.EU: ("eu.sendgrid.net",),
    },
    shared_hosts=("ct.sendgrid.net",),
    issuer="pki.goog",
    return_path=r"(?:.+\.)?wl\d*\.sendgrid\.net",  # such as u123.wl456.sendgrid.net
    challenge_hosts=("dcv.cloudflare.com",),
    source="SendGrid's specification tsg_link_branding_v3; its documentation on link branding and automatic TLS",
    checked_on=dt.date(2026, 11, 30),
)
