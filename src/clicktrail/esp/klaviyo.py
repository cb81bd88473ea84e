"""Klaviyo."""

import datetime as dt
from typing import Final

from clicktrail.esp.base import Esp, Region

KLAVIYO: Final = Esp(
    name="klaviyo",
    title="Klaviyo",
    targets={Region.US: ("dct.klaviyodns.com",), Region.EU: ("dct.klaviyodns.com",)},  # the same in every region
    issuer="pki.goog",
    source="Klaviyo help 360001550572 (dedicated click tracking), updated on 2026-04-21",
    checked_on=dt.date(2026, 11, 30),
)
