import pytest

from clicktrail.rewrite.address import read_address
from clicktrail.rewrite.wrappers import wrapper


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://links.shop.example/ls/click?upn=u001.abc", "SendGrid"),
        ("https://links.shop.example/uni/ls/click?upn=u001.abc", "SendGrid"),
        ("https://u1.ct.sendgrid.net/wf/click?upn=abc", "SendGrid"),
        ("https://email.shop.example/c/eJwNw0tuhCAAANDTwJIAAn4WLLrw", "Mailgun"),
        ("https://click.pstmrk.it/3s/shop.example/abc", "Postmark"),
        ("https://track.pstmrk.it/3s/shop.example%2Fa/abc", "Postmark"),
        ("https://trk.klclick.com/ls/click?upn=abc", "Klaviyo"),
        ("https://ctrk.klclick1.com/l/abc_1", "Klaviyo"),
        ("https://abc.r.eu-west-1.awstrack.me/L0/https:%2F%2Fx.com/1/0", "Amazon SES"),
        ("https://go.shop.example/L0/https:%2F%2Fx.com/1/0", "Amazon SES"),
        ("https://mandrillapp.com/track/click/1/x.com?p=abc", "Mandrill"),
        ("https://mandrillapp.com/track/click.php?u=1", "Mandrill"),
        ("https://shop.us1.list-manage.com/track/click?u=1", "Mailchimp"),
        ("https://abc.na1.hubspotlinks.com/Btc/ZT+113/abc", "HubSpot"),
        ("https://info.shop.example/e3t/Ctc/LX+113/abc", "HubSpot"),
        ("https://abc.r.af.d.sendibt2.com/tr/cl/xWXfjX4_130W3wAbCdEfGh", "Brevo"),
        ("https://r.shop.example/tr/cl/xWXfjX4_130W3wAbCdEfGh", "Brevo"),
        ("https://e.customeriomail.com/e/c/eyJlbWFpbF9pZCI6/abc", "Customer.io"),
        ("https://email.shop.example/e/c/eyJlbWFpbF9pZCI6/abc", "Customer.io"),
        ("https://eur01.safelinks.protection.outlook.com/?url=x", "Microsoft Safe Links"),
        ("https://urldefense.com/v3/__https://x.com__;!!a", "Proofpoint"),
        ("https://urldefense.us/v2/url?u=x", "Proofpoint"),
        ("https://urldefense.proofpoint.com/v2/url?u=x", "Proofpoint"),
        ("https://protect-us.mimecast.com/s/abc?domain=x.com", "Mimecast"),
        ("https://url.uk.m.mimecastprotect.com/s/abc?domain=x.com", "Mimecast"),
        ("https://linkprotect.cudasvc.com/url?a=x", "Barracuda"),
        ("https://secure-web.cisco.com/abc", "Cisco"),
        ("https://clicktime.symantec.com/abc?u=x", "Symantec"),
        ("https://url.avanan.click/v2/___https://x.com___.abc", "Check Point"),
        ("https://x.com/?u=https://click.pstmrk.it/3s", ""),
        ("https://x.com/click?upn=1", ""),
        ("https://evilklclick.com/", ""),
        ("https://x.com/e3t/", ""),
        ("https://x.com/tr/cl/shoes", ""),
        ("https://x.com/e/c/a", ""),
    ],
)
def test_wrappers_are_named(url: str, name: str) -> None:
    """By host, or by path and query where the host is the sender's own."""
    assert name == wrapper(read_address(url))
