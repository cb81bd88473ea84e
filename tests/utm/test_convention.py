import pytest

from clicktrail.errors import SettingsError
from clicktrail.utm import Convention


def test_the_campaign_fills_its_placeholder() -> None:
    """Values may name the campaign; empty ones leave their parameter out."""
    convention = Convention(source="email", medium="newsletter", content="{campaign}-top")
    assert {
        "utm_source": "email",
        "utm_medium": "newsletter",
        "utm_campaign": "2026-11_sale",
        "utm_content": "2026-11_sale-top",
    } == convention.parameters(campaign="2026-11_sale")


def test_without_a_campaign_its_parameter_is_left_out() -> None:
    """A message without a campaign still has source and medium."""
    convention = Convention(source="email", medium="transactional")
    assert {"utm_source": "email", "utm_medium": "transactional"} == convention.parameters(campaign="")


def test_an_unknown_placeholder_is_refused() -> None:
    """A slip of the pen is found when the convention is made, not in the analytics."""
    with pytest.raises(SettingsError, match=r"utm_term.*\{recipient\}"):
        Convention(source="email", medium="newsletter", term="{recipient}")


def test_a_host_that_no_link_could_lead_to_is_refused() -> None:
    """In silence it would leave all links without parameters."""
    with pytest.raises(SettingsError, match="own_hosts has"):
        Convention(source="email", medium="newsletter", own_hosts=("https://shop.example",))
