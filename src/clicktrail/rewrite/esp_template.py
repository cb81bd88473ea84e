"""Make a template for an ESP's editor, which inserts each recipient's id into the links itself.

Each link becomes ``TRACKING-URL/MERGE-TAG``. All recipients share the tracking URL; the ESP replaces the merge tag by
the recipient's id, which is therefore not sealed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from clicktrail.errors import ClicktrailError
from clicktrail.model.link import BodyType, Link
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.document import decode_document
from clicktrail.rewrite.edits import splice
from clicktrail.rewrite.encodings import DecodedText, build_byte_edits
from clicktrail.rewrite.message import RewriteResult
from clicktrail.rewrite.numbering import Body, LinkRewriter, build_placeholder_url, select_by_position
from clicktrail.rewrite.policy import Policy

_UNREADABLE_CHARSET = "the charset of the template cannot be read safely"
_UNREADABLE_CHARSET_HINT = "save it as UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class EspTemplate:
    """An HTML or text file whose links were found.

    Attributes:
        links: all links. Tracked links have a position and a destination, but no tracking URL yet.
    """

    content: bytes
    decoded: DecodedText
    links: tuple[Link, ...]

    @property
    def tracked_links(self) -> tuple[Link, ...]:
        """One link for each position, in order."""
        return select_by_position(self.links)

    def render(self, tracking_urls: Sequence[str], merge_tag: str) -> RewriteResult:
        """Replace the tracked links, and change no other byte.

        There is a tracking URL for each position. The ESP replaces the merge tag, such as ``{{id}}``, by the id of the
        recipient.

        Raises:
            ClicktrailError: the charset does not allow replacing parts of the text.
        """
        links = tuple(
            link
            if link.position is None
            else msgspec.structs.replace(link, replacement=f"{tracking_urls[link.position]}/{merge_tag}")
            for link in self.links
        )
        edits = build_byte_edits(self.decoded, links)
        if edits is None:
            raise ClicktrailError(_UNREADABLE_CHARSET, hint=_UNREADABLE_CHARSET_HINT)
        return RewriteResult(raw=splice(self.content, edits), links=links, skip_reasons=())


def parse_template(
    content: bytes, body_type: BodyType, *, policy: Policy, tag_url: Callable[[Candidate], str]
) -> EspTemplate:
    """Find the links of an HTML or text file. Links that hold merge tags themselves stay untracked.

    Raises:
        ClicktrailError: the charset is not supported.
    """
    decoded = decode_document(content, body_type)
    if decoded is None:
        raise ClicktrailError(_UNREADABLE_CHARSET, hint=_UNREADABLE_CHARSET_HINT)
    body = Body(body_type=body_type, text=decoded.text, has_valid_charset=decoded.allows_non_ascii_links)
    rewriter = LinkRewriter(policy=policy, make_url_tagger=lambda: tag_url, make_tracking_url=build_placeholder_url)
    (links,) = rewriter.number_links([body])
    # Remove the placeholder URLs; `EspTemplate.render` sets the real ones.
    links = tuple(link if link.position is None else msgspec.structs.replace(link, replacement="") for link in links)
    return EspTemplate(content=content, decoded=decoded, links=links)
