"""Mailgun."""

import datetime as dt
from typing import Final

from clicktrail.esp.base import Esp, Region

MAILGUN: Final = Esp(
    name="mailgun",
    title="Mailgun",
    targets={Region.US: ("mailgun.org",), Region.EU: ("eu.mailgun.org",)},
    issuer="letsencrypt.org",
    source="Mailgun's openapi.yaml 78d610f7: sending_dns_records of a domain, /v2/x509",
    checked_on=dt.date(2026, 11, 30),
)
