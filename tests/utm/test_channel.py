import pytest

from clicktrail.utm.channel import Visit, classify_channel, classify_visit


@pytest.mark.parametrize(
    ("source", "medium", "channel"),
    [
        *[("email", medium, "Email") for medium in ("newsletter", "drip", "(not set)", "email")],
        *[("klaviyo", medium, "Email") for medium in ("email", "e-mail", "e_mail", "e mail", "Email")],
        *[("klaviyo", medium, "Unassigned") for medium in ("newsletter", "mail", "emails", "campaign", "crm", "drip")],
        ("newsletter", "(not set)", "Unassigned"),
        ("(not set)", "(not set)", "Unassigned"),
        *[("facebook", medium, "Organic Social") for medium in ("newsletter", "email", "social")],
        ("m.facebook.com", "newsletter", "Organic Social"),
        ("notfacebook", "newsletter", "Unassigned"),
        ("facebook", "paid", "Paid Social"),
        ("google", "cpc", "Paid Search"),
        ("klaviyo", "cpc", "Paid Other"),
        ("klaviyo", "sms", "SMS"),
        ("klaviyo", "web_push", "Mobile Push Notifications"),
        ("partner", "affiliate", "Affiliates"),
        ("(direct)", "(none)", "Direct"),
    ],
)
def test_channels(source: str, medium: str, channel: str) -> None:
    assert classify_channel(source, medium, "2026-11_sale") == channel


@pytest.mark.parametrize(
    ("campaign", "channel"),
    [
        ("2026-11_shop", "Organic Shopping"),
        ("workshop", "Unassigned"),
        ("bishop", "Unassigned"),
        ("eshop", "Organic Shopping"),
        ("cross-network", "Cross-network"),
    ],
)
def test_a_campaign_can_decide(campaign: str, channel: str) -> None:
    assert classify_channel("klaviyo", "newsletter", campaign) == channel


def test_a_visit_is_named_by_its_link() -> None:
    url = "https://x.com/?utm_source=klaviyo&utm_campaign=a#f"
    assert classify_visit(url) == Visit(source="klaviyo", medium="(not set)", channel="Unassigned")
