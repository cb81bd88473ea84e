"""Postmark."""

import datetime as dt
from typing import Final

from clicktrail.esp.base import Esp

POSTMARK: Final = Esp(
    name="postmark",
    title="Postmark",
    targets={},
    shared_hosts=("pstmrk.it",),
    return_path=r"(?:.+\.)?mtasv\.net",
    target_shown_at="Postmark > Sender Signatures > your domain > DNS Settings, in the row for link tracking",
    source='Postmark support, "How do I use my domain for link tracking"; Domains API: ReturnPathDomainCNAMEValue',
    checked_on=dt.date(2026, 11, 30),
)
