from msgspec.structs import replace

from clicktrail.audit.campaign_links import MIN_MESSAGES, CampaignLinks
from clicktrail.model.event import Click
from tests.support.events import click


def make_clicks(message: int, *urls: str) -> list[Click]:
    """Clicks on these links of one message, as an ESP reports them."""
    return [
        replace(click(3_600 + number), message_id=f"m{message}", link=-1, url=f"https://shop.example/{url}")
        for number, url in enumerate(urls)
    ]


def count(*clicks: Click) -> int | None:
    links = CampaignLinks()
    for click_ in clicks:
        links.add(click_)
    return links.count().get("spring")


READERS = [click_ for message in range(MIN_MESSAGES) for click_ in make_clicks(message, "ab"[message % 2])]


def test_links_that_several_people_followed() -> None:
    assert count(*READERS, *make_clicks(90, "c", "d"), *make_clicks(91, "d", "c", "c")) == 4


def test_link_that_one_person_followed_is_left_out() -> None:
    assert count(*READERS, *make_clicks(90, "c", "c")) == 2


def test_links_of_one_message_are_left_out() -> None:
    assert count(*READERS, *(click_ for message in range(900) for click_ in make_clicks(message, f"{message}"))) == 2


def test_tampered_links_are_left_out() -> None:
    damaged = [replace(click_, tampered=True) for message in (90, 91) for click_ in make_clicks(message, "c")]
    assert count(*READERS, *damaged) == 2


def test_number_is_unknown_with_few_clicks() -> None:
    assert count(*READERS[:-1]) is None
