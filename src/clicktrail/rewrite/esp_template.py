"""Make a template for an ESP's editor, which puts each recipient's id into the links itself.

A link of such a template is a tracking URL that all recipients share, and behind it the ESP's merge tag of the
recipient. That the ESP fills; it is not sealed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from clicktrail.errors import ClicktrailError, SettingsError
from clicktrail.model.link import Link, Part
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.document import read_document
from clicktrail.rewrite.edits import splice
from clicktrail.rewrite.encodings import View, byte_edits
from clicktrail.rewrite.message import Rewritten
from clicktrail.rewrite.numbering import Body, Placed, place
from clicktrail.rewrite.policy import Policy

__all__ = ["EspTag", "EspTemplate", "find_template", "parse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EspTemplate:
    """An HTML or text file whose links have been found.

    Attributes:
        content: its bytes.
        seen: its text.
        links: all its links; those tracked have a position and a destination, and no tracking URL yet.
    """

    content: bytes
    seen: View
    links: tuple[Link, ...]

    @property
    def tracked(self) -> tuple[Link, ...]:
        """One link for each position, in their order."""
        by_position = {link.position: link for link in reversed(self.links) if link.position is not None}
        return tuple(by_position[position] for position in range(len(by_position)))

    def render(self, tracking_urls: Sequence[str], merge_tag: str) -> Rewritten:
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
            else msgspec.structs.replace(link, url=f"{tracking_urls[link.position]}/{merge_tag}")
            for link in self.links
        )
        edits = byte_edits(self.content, self.seen, links)
        if edits is None:
            raise ClicktrailError(_NOT_READ, hint=_SAVE_AS)
        return Rewritten(raw=splice(self.content, edits), links=links, untouched=())


_NOT_READ = "the charset of the template cannot be read safely"
_SAVE_AS = "save it as UTF-8"


def find_template(content: bytes, part: Part, *, policy: Policy, tag: Callable[[Candidate], str]) -> EspTemplate:
    """Find the links of a template; those with merge tags of their own are left to the ESP.

    Args:
        content: an HTML or text file.
        part: which of both.
        policy: which links are tracked.
        tag: gives a link's destination, with UTM parameters.

    Raises:
        ClicktrailError: its charset hides its ASCII characters.
    """
    seen = read_document(content, part)
    if seen is None:
        raise ClicktrailError(_NOT_READ, hint=_SAVE_AS)
    body = Body(part=part, text=seen.text, legible=seen.legible)
    (links,) = place([body], policy=policy, tag=tag, tracking_url=_unknown)
    found = tuple(msgspec.structs.replace(link, url="") if link.position is not None else link for link in links)
    return EspTemplate(content=content, seen=seen, links=found)


def _unknown(placed: Placed) -> str:
    """What stands for the tracking URLs while their link set has no number."""
    return f"https://recipient.invalid/{placed.position}"


# FOLDED esp_tags.py: Know by which merge tag each ESP names a recipient to nobody but the sender; by a table
# from a TOML file.


class EspTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ESP's merge tag.

    Attributes:
        tag: as its editor takes it, characters that need no quoting in HTML.
        id: what it stands for, and where the sender keeps that.
        source: where the ESP says so.
        date: when that was last looked at.
    """

    tag: str
    id: str
    source: str
    date: date


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    esp: dict[str, EspTag]


def parse(text: str) -> Mapping[str, EspTag]:
    """Read the table: for each ESP, by its name in lower case, its tag.

    Raises:
        SettingsError: it is not of that form.
    """
    try:
        return msgspec.toml.decode(text, type=_File).esp
    except msgspec.DecodeError as error:
        raise SettingsError(f"the merge tags cannot be read: {error}") from error
