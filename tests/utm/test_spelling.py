import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.utm import Convention
from clicktrail.utm.spelling import fold_value, is_typo, match_known_value, normalize_value

CONVENTION = Convention(source="email", medium="newsletter")


@pytest.mark.parametrize(
    ("name", "value", "medium", "right"),
    [
        ("utm_source", "E-Mail", "", "email"),
        ("utm_source", "Partner Site.com", "", "partner_site.com"),
        ("utm_medium", "News Letter", "", "newsletter"),
        ("utm_medium", "CPC", "", "cpc"),
        ("utm_campaign", "2026-11_black_friday", "newsletter", "2026-11_black_friday"),
        ("utm_campaign", "2026-11 Black-Friday", "newsletter", "2026-11_black_friday"),
        ("utm_campaign", "2026_11_black_friday", "newsletter", "2026-11_black_friday"),
        ("utm_campaign", "202611-black friday", "newsletter", "2026-11_black_friday"),
        ("utm_campaign", "Black Friday", "newsletter", "black_friday"),
        ("utm_campaign", "Welcome-Series 2", "drip", "welcome_series_2"),
        ("utm_campaign", "2026-11_Sale", "cpc", "2026-11_sale"),
        ("utm_content", "Header-Button", "", "header_button"),
        ("utm_id", "A-b C", "", "A-b C"),
    ],
)
def test_values_are_spelled_as_the_convention_does(name: str, value: str, medium: str, right: str) -> None:
    assert right == normalize_value(name, value, CONVENTION, medium=medium)
    assert right == normalize_value(name, right, CONVENTION, medium=medium)


KNOWN = ["newsletter", "drip", "email", "welcome_series_2"]


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("E-Mail", "email"),
        ("email_marketing", "email"),
        ("Newsletters", "newsletter"),
        ("nwesletter", "newsletter"),
        ("newsleter", "newsletter"),
        ("newsletfer", "newsletter"),
        ("WelcomeSeries2", "welcome_series_2"),
        ("welcome_series_3", ""),
        ("gmail", ""),
        ("trip", ""),
        ("drips", ""),
        ("", ""),
    ],
)
def test_the_value_that_was_meant(value: str, meant: str) -> None:
    assert meant == match_known_value(value, KNOWN)


def test_what_may_mean_several_means_none() -> None:
    assert "" == match_known_value("series_a", ["seriesab", "seriesac"])


def test_folded_values_keep_a_word() -> None:
    assert ["marketing", "email"] == [
        fold_value("Marketing", drop_noise_words=True),
        fold_value("E-Mail Marketing", drop_noise_words=True),
    ]


@given(st.text(alphabet="abc1", min_size=5, max_size=8), st.text(alphabet="abc1", min_size=5, max_size=8))
def test_a_typo_goes_both_ways(one: str, other: str) -> None:
    assert is_typo(one, other) == is_typo(other, one)
    assert not is_typo(one, one)
