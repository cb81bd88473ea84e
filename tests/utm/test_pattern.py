import pytest

from clicktrail.utm.pattern import fits

ONE_TIME = "YYYY-MM_description"


@pytest.mark.parametrize(
    ("campaign", "pattern", "fitting"),
    [
        ("2026-11_black_friday", ONE_TIME, True),
        ("2026-13_black_friday", ONE_TIME, False),
        ("2026_11_black_friday", ONE_TIME, False),
        ("2026-11", ONE_TIME, False),
        ("2026-11_Black", ONE_TIME, False),
        ("black_friday", ONE_TIME, False),
        ("welcome_series_2", "description", True),
        ("welcome__series", "description", False),
        ("welcome-series", "description", False),
        ("", "description", False),
        ("2026-11-24.x_sale", "YYYY-MM-DD.x_description", True),
        ("2026-11-24yx_sale", "YYYY-MM-DD.x_description", False),
    ],
)
def test_a_campaign_fits_its_pattern_or_not(campaign: str, pattern: str, fitting: bool) -> None:
    """Dates are digits, a description is snake case, and everything else stands for itself."""
    assert fitting == fits(campaign, pattern)
