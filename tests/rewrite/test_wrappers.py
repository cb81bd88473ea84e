import pytest

from clicktrail.rewrite.address import read_address
from clicktrail.rewrite.wrappers import wrapper


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://links.shop.example/ls/click?upn=u001.abc", "SendGrid"),
        ("https://email.shop.example/c/eJwNw0tuhCAAANDTwJIAAn4WLLrw", "Mailgun"),
        ("https://click.pstmrk.it/3s/shop.example/abc", "Postmark"),
        ("https://trk.klclick.com/ls/click?x=abc", "Klaviyo"),
        ("https://abc.r.eu-west-1.awstrack.me/L0/https:%2F%2Fx.com/1/0", "Amazon SES"),
        ("https://go.shop.example/L0/https:%2F%2Fx.com/1/0", "Amazon SES"),
        ("https://mandrillapp.com/track/click/1/x.com?p=abc", "Mandrill"),
        ("https://shop.us1.list-manage.com/track/click?u=1", "Mailchimp"),
        ("https://eur01.safelinks.protection.outlook.com/?url=x", "Microsoft Safe Links"),
        ("https://urldefense.com/v3/__https://x.com__;!!a", "Proofpoint"),
        ("https://urldefense.proofpoint.com/v2/url?u=x", "Proofpoint"),
        ("https://x.com/?u=https://click.pstmrk.it/3s", ""),
        ("https://x.com/click?upn=1", ""),
        ("https://evilklclick.com/", ""),
    ],
)
def test_wrappers_are_named(url: str, name: str) -> None:
    """By host, or by path and query where the host is the sender's own."""
    assert name == wrapper(read_address(url))
