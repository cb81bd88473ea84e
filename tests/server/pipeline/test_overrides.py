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
GONE = Gone(event=REDIRECT.event)


def edit(target: EditTarget, action: EditAction = EditAction.DISABLE, *, minutes: int = 0, to: str = "") -> LinkEdit:
    at = NOW + timedelta(minutes=minutes)
    return LinkEdit(id=f"{minutes}-{target}", at=at, target=target, action=action, destination=to)


def redirect_edit(target: EditTarget, to: str, *, minutes: int = 0) -> LinkEdit:
    return edit(target, EditAction.REDIRECT, minutes=minutes, to=to)


def test_redirect_is_unchanged_without_edits() -> None:
    assert ActiveEdits().apply(REDIRECT, now=NOW) is REDIRECT


@pytest.mark.parametrize("target", [LINK, URL, HOST])
def test_link_is_disabled_by_position_url_or_host(target: EditTarget) -> None:
    assert GONE == ActiveEdits([edit(target)]).apply(REDIRECT, now=NOW)


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
def test_other_links_are_unchanged(target: EditTarget) -> None:
    assert REDIRECT == ActiveEdits([edit(target)]).apply(REDIRECT, now=NOW)


def test_edited_redirect_records_the_original_url() -> None:
    decision = ActiveEdits([redirect_edit(URL, "https://new.example/")]).apply(REDIRECT, now=NOW)
    assert Redirect(location="https://new.example/", event=REDIRECT.event) == decision


def test_new_destination_is_encoded() -> None:
    assert "https://xn--bcher-kva.example/%C3%A9" == location(redirect_edit(URL, "https://bücher.example/é"))
    assert GONE == ActiveEdits([redirect_edit(URL, "javascript:alert(1)")]).apply(REDIRECT, now=NOW)


def test_most_specific_edit_applies() -> None:
    link, url, host = (
        redirect_edit(LINK, "https://link.example/"),
        redirect_edit(URL, "https://url.example/"),
        edit(HOST),
    )
    later = replace(host, at=NOW + timedelta(days=1))
    assert "https://link.example/" == location(link, url, later)
    assert "https://url.example/" == location(url, later)
    assert location(redirect_edit(HOST, SENT), edit(EditTarget(host="link.example"))) == SENT


def location(*edits: LinkEdit) -> str:
    decision = ActiveEdits(edits).apply(REDIRECT, now=NOW)
    assert isinstance(decision, Redirect)
    return decision.location


def test_latest_edit_of_a_target_applies() -> None:
    disabled, corrected = edit(URL, minutes=1), redirect_edit(URL, "https://new.example/", minutes=2)
    assert "https://new.example/" == location(corrected, disabled)
    restored = edit(URL, EditAction.RESTORE, minutes=3)
    assert location(restored, corrected, disabled) == SENT
    assert {} == select_active_edits([disabled, restored])


def test_link_expires_at_its_time() -> None:
    expires_at = NOW + timedelta(hours=1)
    overrides = ActiveEdits([replace(edit(URL, EditAction.EXPIRE), expires_at=expires_at)])
    assert overrides.apply(REDIRECT, now=expires_at - timedelta(milliseconds=1)) is REDIRECT
    assert GONE == overrides.apply(REDIRECT, now=expires_at)
