"""Rewrite a file that is one body: HTML or plain text, in bytes whose charset has to be found out."""

import codecs
import re
from collections.abc import Callable

from clicktrail.model.link import Part
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.charset import View, byte_edits, view
from clicktrail.rewrite.message import Rewritten
from clicktrail.rewrite.mime import Untouched
from clicktrail.rewrite.placing import Body, Placed, place
from clicktrail.rewrite.policy import Policy
from clicktrail.rewrite.splice import splice

__all__ = ["read_document", "rewrite_document"]

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_PRESCAN = 1024
_META = re.compile(rb"""<meta[\s/][^>]*?charset\s*=\s*["']?\s*(?P<charset>[A-Za-z0-9._:-]+)""", re.IGNORECASE)


def rewrite_document(
    content: bytes,
    part: Part,
    *,
    policy: Policy,
    tag: Callable[[Candidate], str],
    tracking_url: Callable[[Placed], str],
) -> Rewritten:
    """Replace the links of an HTML or text file; see `rewrite_message` for the arguments.

    Where the charset hides its ASCII characters, the file comes back as it is, with the reason in ``untouched``.
    """
    seen = read_document(content, part)
    if seen is None:
        return Rewritten(raw=content, links=(), untouched=(Untouched.CHARSET,))
    body = Body(part=part, text=seen.text, legible=seen.legible)
    (links,) = place([body], policy=policy, tag=tag, tracking_url=tracking_url)
    edits = byte_edits(content, seen, links)
    if edits is None:
        return Rewritten(raw=content, links=(), untouched=(Untouched.CHARSET,))
    return Rewritten(raw=splice(content, edits), links=links, untouched=())


def read_document(content: bytes, part: Part) -> View | None:
    """The file as text: in the charset of its byte order mark, else of HTML's ``meta``, else in UTF-8.

    The order of WHATWG HTML section 13.2.3.2; a ``meta`` that says UTF-16 is read as UTF-8, as there.
    """
    for mark, charset in _MARKS.items():
        if content.startswith(mark):
            return view(content, charset)
    declared = _META.search(content, 0, _PRESCAN) if part is Part.HTML else None
    charset = declared["charset"].decode("ascii").lower() if declared else "utf-8"
    return view(content, "utf-8" if charset.startswith("utf-16") else charset)
