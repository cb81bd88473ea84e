"""Make a template for an ESP's editor, which puts each recipient's id into the links itself.

A link of such a template is a tracking URL that all recipients share, and behind it the ESP's merge tag of the
recipient. That the ESP fills; it is not sealed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from clicktrail.errors import ClicktrailError, SettingsError
from clicktrail.model.link import BodyType, Link
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.document import decode_document
from clicktrail.rewrite.edits import splice
from clicktrail.rewrite.encodings import DecodedText, build_byte_edits
from clicktrail.rewrite.message import RewriteResult
from clicktrail.rewrite.numbering import Body, NumberedLink, number_links
from clicktrail.rewrite.policy import Policy

__all__ = ["EspMergeTag", "EspTemplate", "parse_esp_tags", "parse_template"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EspTemplate:
    """An HTML or text file whose links have been found.

    Attributes:
        content: its bytes.
        decoded: its text.
        links: all its links; those tracked have a position and a destination, and no tracking URL yet.
    """

    content: bytes
    decoded: DecodedText
    links: tuple[Link, ...]

    @property
    def tracked_links(self) -> tuple[Link, ...]:
        """One link for each position, in their order."""
        by_position = {link.position: link for link in reversed(self.links) if link.position is not None}
        return tuple(by_position[position] for position in range(len(by_position)))

    def render(self, tracking_urls: Sequence[str], merge_tag: str) -> RewriteResult:
        """The template, every byte outside of tracked links as it was.

        Args:
            tracking_urls: the URL of each position, as `rewrite_message` wants them.
            merge_tag: what the ESP replaces by the recipient's id, such as ``{{id}}``.

        Raises:
            ClicktrailError: in its charset the text cannot be cut at the links.
        """
        links = tuple(
            link
            if link.position is None
            else msgspec.structs.replace(link, replacement=f"{tracking_urls[link.position]}/{merge_tag}")
            for link in self.links
        )
        edits = build_byte_edits(self.content, self.decoded, links)
        if edits is None:
            raise ClicktrailError(_UNREADABLE_CHARSET, hint=_UNREADABLE_CHARSET_HINT)
        return RewriteResult(raw=splice(self.content, edits), links=links, skip_reasons=())


_UNREADABLE_CHARSET = "the charset of the template cannot be read safely"
_UNREADABLE_CHARSET_HINT = "save it as UTF-8"


def parse_template(
    content: bytes, body_type: BodyType, *, policy: Policy, tag_url: Callable[[Candidate], str]
) -> EspTemplate:
    """Find the links of a template; those with merge tags of their own are left to the ESP.

    Args:
        content: an HTML or text file.
        body_type: which of both.
        policy: which links are tracked.
        tag_url: gives a link's destination, with UTM parameters.

    Raises:
        ClicktrailError: its charset hides its ASCII characters.
    """
    seen = decode_document(content, body_type)
    if seen is None:
        raise ClicktrailError(_UNREADABLE_CHARSET, hint=_UNREADABLE_CHARSET_HINT)
    body = Body(body_type=body_type, text=seen.text, has_valid_charset=seen.has_valid_charset)
    (links,) = number_links([body], policy=policy, tag_url=tag_url, make_tracking_url=_build_placeholder_url)
    found = tuple(
        msgspec.structs.replace(link, replacement="") if link.position is not None else link for link in links
    )
    return EspTemplate(content=content, decoded=seen, links=found)


def _build_placeholder_url(placed: NumberedLink) -> str:
    """What stands for the tracking URLs while their link set has no number."""
    return f"https://recipient.invalid/{placed.position}"


# FOLDED esp_tags.py: Know by which merge tag each ESP names a recipient to nobody but the sender; by a table
# from a TOML file.


class EspMergeTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ESP's merge tag.

    Attributes:
        merge_tag: as its editor takes it, characters that need no quoting in HTML.
        id_description: what it stands for, and where the sender keeps that.
        source: where the ESP says so.
        date: when that was last looked at.
    """

    merge_tag: str
    id_description: str
    source: str
    date: date


class _EspTagsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    esp: dict[str, EspMergeTag]


def parse_esp_tags(text: str) -> Mapping[str, EspMergeTag]:
    """Read the table: for each ESP, by its name in lower case, its tag.

    Raises:
        SettingsError: it is not of that form.
    """
    try:
        return msgspec.toml.decode(text, type=_EspTagsFile).esp
    except msgspec.DecodeError as error:
        raise SettingsError(f"the merge tags cannot be read: {error}") from error
