import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.audit.link_names import name_link


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://shop.example/boots?utm_source=email&person=7#top", "shop.example/boots"),
        ("http://shop.example/2026/black-friday-for-everyone", "shop.example/2026/black-friday-for-everyone"),
        ("https://shop.example/p/1234567", "shop.example/p/1234567"),
        ("https://shop.example/u/ann@example.com/start", "shop.example/u/…/start"),
        ("https://shop.example/u/ann%40example.com", "shop.example/u/…"),
        ("https://shop.example/c/eJwNzDsOwjAMAND9", "shop.example/c/…"),
        ("https://shop.example/v/123e4567-e89b-12d3-a456-426614174000", "shop.example/v/…"),
        ("https://ann:secret@shop.example/", "…/"),
        ("mailto:ann@example.com", "…"),
        ("shop.example/boots", "shop.example/boots"),
        ("*|ARCHIVE|*", "*|ARCHIVE|*"),
        ("", ""),
    ],
)
def test_what_differs_for_each_recipient_is_left_out(url: str, address: str) -> None:
    assert name_link(url).address == address


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/unsubscribe?u=17",
        "https://shop.example/account?action=unsubscribe&id=17",
        "https://unsubscribe.shop.example/17",
        "https://shop.example/newsletter/abmelden/17",
        "https://shop.example/desinscription",
        "https://shop.example/opt-out",
        "%unsubscribe_url%",
        "<%asm_group_unsubscribe_raw_url%>",
    ],
)
def test_links_that_unsubscribe(url: str) -> None:
    assert name_link(url).is_unsubscribe


@pytest.mark.parametrize("url", ["https://shop.example/subscribe", "https://shop.example/boots?id=17", "", "tel:17"])
def test_other_links(url: str) -> None:
    assert not name_link(url).is_unsubscribe


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_has_a_short_name_without_address(url: str) -> None:
    name = name_link(url)
    assert "@" not in name.address
    assert len(name.address) <= 201
