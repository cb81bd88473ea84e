"""Replace the links of a message by tracking URLs, and change no other byte."""

from clicktrail.rewrite.dkim import DkimKey
from clicktrail.rewrite.document import RewrittenBody, rewrite_html, rewrite_text
from clicktrail.rewrite.message import RewriteResult, rewrite_message
from clicktrail.rewrite.mime import SkipReason
from clicktrail.rewrite.numbering import LinkRewriter, NumberedLink
from clicktrail.rewrite.policy import Policy

__all__ = [
    "DkimKey",
    "LinkRewriter",
    "NumberedLink",
    "Policy",
    "RewriteResult",
    "RewrittenBody",
    "SkipReason",
    "rewrite_html",
    "rewrite_message",
    "rewrite_text",
]
