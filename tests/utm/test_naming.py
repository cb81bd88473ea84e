import pytest

from clicktrail.utm import Convention
from clicktrail.utm.naming import spelled

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
    """Lower case and underscores, a campaign by its medium's pattern, and what means a known value is that."""
    assert right == spelled(name, value, CONVENTION, medium=medium)
    assert right == spelled(name, right, CONVENTION, medium=medium)
