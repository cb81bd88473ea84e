from clicktrail.report import CampaignReport, Clicks, LinkReport, ReasonCount, Unique, as_json


def test_bounces_without_deliveries() -> None:
    """Otherwise it is what was accepted and did not bounce, never less than nothing."""
    assert [2, 0] == [
        CampaignReport(campaign="spring", accepted=3, bounced=1).delivered,
        CampaignReport(campaign="spring", accepted=1, bounced=2).delivered,
    ]


def test_json() -> None:
    """The shape that machines read."""
    report = CampaignReport(
        campaign="spring",
        accepted=5,
        bounced=1,
        clicks=Clicks(human=1, suspected=2, bot=3, preview=4),
        unique=Unique(raw=3, human=1, engaged=1),
        links=(LinkReport(position=0, url="https://shop.example/", clicks=Clicks(human=1), unique=Unique(raw=1)),),
        reasons=(ReasonCount(signal="burst", clicks=3),),
    )
    assert {
        "campaign": "spring",
        "delivered": 4,
        "delivered_basis": "accepted",
        "accepted": 5,
        "bounced": 1,
        "clicks": {"total": 10, "human": 1, "suspected": 2, "bot": 3, "preview": 4},
        "unique": {"raw": 3, "human": 1, "engaged": 1},
        "click_rate": {"raw": 0.75, "human": 0.25},
        "links": [
            {
                "position": 0,
                "url": "https://shop.example/",
                "group": "",
                "clicks": {"total": 1, "human": 1, "suspected": 0, "bot": 0, "preview": 0},
                "unique": {"raw": 1, "human": 0, "engaged": 0},
            }
        ],
        "reasons": [{"signal": "burst", "clicks": 3}],
    } == as_json(report)
