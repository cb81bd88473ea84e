"""Replace the links of a message by tracking URLs, and change nothing else."""

from clicktrail.rewrite.dkim import DkimKey
from clicktrail.rewrite.document import RewrittenBody, rewrite_html, rewrite_text
from clicktrail.rewrite.message import Rewritten, rewrite_message
from clicktrail.rewrite.mime import Untouched
from clicktrail.rewrite.numbering import Placed
from clicktrail.rewrite.policy import Policy

__all__ = [
    "DkimKey",
    "Placed",
    "Policy",
    "Rewritten",
    "RewrittenBody",
    "Untouched",
    "rewrite_html",
    "rewrite_message",
    "rewrite_text",
]
