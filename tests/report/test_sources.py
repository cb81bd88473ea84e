from msgspec.structs import replace

from clicktrail.report import Sources
from tests.clicks import click


def gaps(*esps: str, ip: str = "192.0.2.1", agent: str = "Mozilla/5.0") -> list[str]:
    """What is missing from one click by each of these."""
    sources = Sources()
    for esp in esps:
        sources.see(replace(click(ip=ip, agent=agent), esp=esp))
    return sources.gaps()


def test_what_a_source_never_told_is_missing() -> None:
    """Klaviyo tells neither addresses nor agents."""
    assert [
        "klaviyo told no addresses: no click could be known by its network",
        "klaviyo told no User-Agents: no program could be known by its name",
    ] == gaps("klaviyo", ip="", agent="")


def test_postmark_tells_first_clicks_only() -> None:
    """Whatever else it tells."""
    assert ["postmark tells only a recipient's first click on a link: a person after a scanner is missing"] == gaps(
        "postmark"
    )


def test_our_own_clicks_lack_nothing() -> None:
    """And where nobody told of clicks nothing is missing."""
    assert [] == gaps("") + gaps()
