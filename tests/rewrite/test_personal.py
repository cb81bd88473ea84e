import pytest

from clicktrail.model.consent import Consent
from clicktrail.model.link import Link, LinkReason, Part
from clicktrail.rewrite import Placed
from clicktrail.rewrite.personal import PersonalUrls
from clicktrail.rewrite.policy import Policy
from tests.rewriting import POLICY

LINK = Link(part=Part.HTML, start=0, end=5, href="{{ x }}", reason=LinkReason.MERGE_TAG, position=3, group="offer")


def urls(policy: Policy, *, too_long: bool = False) -> tuple[PersonalUrls, list[Placed]]:
    """Personal URLs, and what was sealed for them."""
    sealed: list[Placed] = []

    def tracking_url(placed: Placed) -> str:
        sealed.append(placed)
        return "" if too_long else "https://go.example.com/token"

    return PersonalUrls(
        links=4, policy=policy, tag=lambda link: f"{link.url}?utm_source=email&a=b", tracking_url=tracking_url
    ), sealed


def test_a_recipient_has_a_tracking_url_of_their_own() -> None:
    """It leads where the recipient's destination does, with UTM parameters, and is counted with its group."""
    personal, sealed = urls(POLICY)
    assert "https://go.example.com/token" == personal.url(LINK, "https://example.com/for-anna")
    assert [
        Placed(
            destination="https://example.com/for-anna?utm_source=email&a=b",
            position=3,
            links=4,
            part=Part.HTML,
            group="offer",
        )
    ] == sealed


def test_without_consent_it_is_plain_with_utm_parameters() -> None:
    """In the quoting of HTML."""
    personal, sealed = urls(POLICY.for_consent(Consent.DENIED))
    assert "https://example.com/?utm_source=email&amp;a=b" == personal.url(LINK, "https://example.com/")
    assert [] == sealed


@pytest.mark.parametrize(
    ("destination", "written"),
    [
        ("mailto:anna@example.com", "mailto:anna@example.com"),
        ("https://go.example.com/token", "https://go.example.com/token"),
        ("https://example.com/unsubscribe?a=1&b=2", "https://example.com/unsubscribe?a=1&amp;b=2"),
        ('https://example.com/"><script>', "https://example.com/&#34;&#62;&#60;script&#62;"),
        ("", ""),
    ],
)
def test_the_policy_looks_at_each_destination(destination: str, written: str) -> None:
    """What must not be tracked stays as it is, and cannot end the attribute that it stands in."""
    personal, sealed = urls(Policy(tracking_domains=POLICY.tracking_domains, denied_hosts=("example.com",)))
    assert written == personal.url(LINK, destination)
    assert [] == sealed


def test_what_would_be_too_long_stays_plain() -> None:
    """The reader arrives nevertheless."""
    personal, _ = urls(POLICY, too_long=True)
    assert "https://example.com/" == personal.url(LINK, "https://example.com/")
