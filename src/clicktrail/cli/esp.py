"""Templates for the editors of ESPs, as clicktrail rewrite --esp makes them."""

from importlib import resources

from clicktrail.errors import ClicktrailError
from clicktrail.model.link import Part
from clicktrail.model.stored import LinkSet, StoredLink
from clicktrail.rewrite import Rewritten, esp_tags
from clicktrail.rewrite.esp_template import EspTemplate
from clicktrail.server.settings import Settings
from clicktrail.tracking import Sending, Tracker

__all__ = ["rewrite_template"]


def rewrite_template(
    content: bytes, part: Part | None, sending: Sending, *, esp: str, tracker: Tracker, settings: Settings
) -> Rewritten:
    """The file with tracking URLs that the ESP completes; where they lead is kept in the registry.

    Raises:
        ClicktrailError: there is no such ESP, or the file can be no template of its editor.
        StorageError: the registry does not answer.
    """
    # Its database packages are slow to import, and no other command should wait for them.
    from clicktrail.server.link_sets import keep_link_set

    tags = esp_tags.parse((resources.files("clicktrail.rewrite") / "data" / "esp_tags.toml").read_text("utf-8"))
    if esp not in tags:
        raise ClicktrailError(f"there is no ESP '{esp}'", hint=f"known here: {', '.join(tags)}")
    if part is None:
        raise ClicktrailError("a message is no template", hint="give the .html or .txt file that the editor takes")
    template = tracker.find_template(content, part, sending)
    number = keep_link_set(_link_set(template, sending), settings)
    return tracker.fill_template(template, sending, link_set=number, merge_tag=tags[esp].tag)


def _link_set(template: EspTemplate, sending: Sending) -> LinkSet:
    links = [
        StoredLink(position=position, destination=link.destination, group=link.group)
        for position, link in enumerate(template.tracked)
    ]
    return LinkSet(campaign=sending.campaign, created_at=sending.sent_at, links=tuple(links))
