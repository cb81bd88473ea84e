from datetime import timedelta

import pytest
from msgspec.structs import replace

from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import Click
from clicktrail.server.pipeline.overrides import ActiveEdits, Gone, select_active_edits
from clicktrail.server.pipeline.redirect import Redirect
from tests.support.edge import NOW

SENT = "https://shop.example/tea?a=b"
REDIRECT = Redirect(location=SENT, event=Click(id="c1", at=NOW, campaign="spring", link=3, url=SENT))
LINK, URL, HOST = EditTarget(campaign="spring", position=3), EditTarget(url=SENT), EditTarget(host="shop.example")
ENDED = Gone(event=REDIRECT.event)


def edit(target: EditTarget, action: EditAction = EditAction.DISABLE, *, minutes: int = 0, to: str = "") -> LinkEdit:
    """An edit, some minutes from now."""
    at = NOW + timedelta(minutes=minutes)
    return LinkEdit(id=f"{minutes}-{target}", at=at, target=target, action=action, destination=to)


def redirected(target: EditTarget, to: str, *, minutes: int = 0) -> LinkEdit:
    """A correction."""
    return edit(target, EditAction.REDIRECT, minutes=minutes, to=to)


def test_without_edits_links_lead_where_they_were_sent() -> None:
    assert ActiveEdits().apply(REDIRECT, now=NOW) is REDIRECT


@pytest.mark.parametrize("target", [LINK, URL, HOST])
def test_a_link_is_disabled_by_what_it_is_and_where_it_leads(target: EditTarget) -> None:
    assert ENDED == ActiveEdits([edit(target)]).apply(REDIRECT, now=NOW)


@pytest.mark.parametrize(
    "target",
    [
        EditTarget(campaign="spring", position=2),
        EditTarget(campaign="autumn", position=3),
        EditTarget(url="https://shop.example/tea"),
        EditTarget(host="example"),
        EditTarget(host="www.shop.example"),
    ],
)
def test_other_links_are_left_alone(target: EditTarget) -> None:
    assert REDIRECT == ActiveEdits([edit(target)]).apply(REDIRECT, now=NOW)


def test_a_corrected_link_keeps_its_name_in_reports() -> None:
    found = ActiveEdits([redirected(URL, "https://new.example/")]).apply(REDIRECT, now=NOW)
    assert Redirect(location="https://new.example/", event=REDIRECT.event) == found


def test_a_correction_is_a_location() -> None:
    assert "https://xn--bcher-kva.example/%C3%A9" == location(redirected(URL, "https://bücher.example/é"))
    assert ENDED == ActiveEdits([redirected(URL, "javascript:alert(1)")]).apply(REDIRECT, now=NOW)


def test_the_most_specific_edit_stands() -> None:
    link, url, host = redirected(LINK, "https://link.example/"), redirected(URL, "https://url.example/"), edit(HOST)
    later = replace(host, at=NOW + timedelta(days=1))
    assert "https://link.example/" == location(link, url, later)
    assert "https://url.example/" == location(url, later)
    assert location(redirected(HOST, SENT), edit(EditTarget(host="link.example"))) == SENT


def location(*edits: LinkEdit) -> str:
    """Where the link leads."""
    found = ActiveEdits(edits).apply(REDIRECT, now=NOW)
    assert isinstance(found, Redirect)
    return found.location


def test_the_latest_edit_of_a_target_stands() -> None:
    disabled, corrected = edit(URL, minutes=1), redirected(URL, "https://new.example/", minutes=2)
    assert "https://new.example/" == location(corrected, disabled)
    restored = edit(URL, EditAction.RESTORE, minutes=3)
    assert location(restored, corrected, disabled) == SENT
    assert {} == select_active_edits([disabled, restored])


def test_a_link_ends_at_its_time() -> None:
    expires_at = NOW + timedelta(hours=1)
    overrides = ActiveEdits([replace(edit(URL, EditAction.EXPIRE), expires_at=expires_at)])
    assert overrides.apply(REDIRECT, now=expires_at - timedelta(milliseconds=1)) is REDIRECT
    assert ENDED == overrides.apply(REDIRECT, now=expires_at)
