import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.link import LinkReason
from clicktrail.rewrite.html_links import find_links
from clicktrail.rewrite.link_purpose import (
    PURPOSE_KEYWORDS,
    classify_purpose,
    describe_secret,
    has_keyword,
    identify_wrapper,
    is_social,
)
from clicktrail.rewrite.url import parse_url
from tests.support.link_texts import LINK_TEXTS

OPAQUE = "https://x.com/a1b2"


@pytest.mark.parametrize(
    ("url", "label", "expected"),
    [
        ("https://x.com/unsubscribe", "", LinkReason.UNSUBSCRIBE),
        (OPAQUE, "Unsubscribe here", LinkReason.UNSUBSCRIBE),
        (OPAQUE, "Newsletter abmelden", LinkReason.UNSUBSCRIBE),
        (OPAQUE, "Se désabonner", LinkReason.UNSUBSCRIBE),
        (OPAQUE, "Cancelar suscripción", LinkReason.UNSUBSCRIBE),
        (OPAQUE, "Annulla iscrizione", LinkReason.UNSUBSCRIBE),
        (OPAQUE, "配信停止", LinkReason.UNSUBSCRIBE),
        (OPAQUE, "수신거부", LinkReason.UNSUBSCRIBE),
        (OPAQUE, "Gérer mes préférences", LinkReason.PREFERENCES),
        (OPAQUE, "Politique de confidentialité", LinkReason.PRIVACY),
        (OPAQUE, "プライバシーポリシー", LinkReason.PRIVACY),
        (OPAQUE, "Mentions légales", LinkReason.LEGAL),
        (OPAQUE, "Nutzungsbedingungen", LinkReason.LEGAL),
        (OPAQUE, "Email preferences", LinkReason.PREFERENCES),
        ("https://x.com/legal/privacy", "", LinkReason.PRIVACY),
        (OPAQUE, "Datenschutz", LinkReason.PRIVACY),
        ("https://x.com/terms-of-service", "", LinkReason.LEGAL),
        (OPAQUE, "Impressum", LinkReason.LEGAL),
        ("https://x.com/long-terms", "", None),
        (OPAQUE, "In terms of style nothing beats our new autumn collection", None),
        ("https://x.com/", "Shop now", None),
        ("https://x.com/", "Cancel anytime", None),
        ("https://x.com/cookies", "Cookies for tea", None),
    ],
)
def test_keywords_give_the_purpose(url: str, label: str, expected: LinkReason | None) -> None:
    assert classify_purpose(parse_url(url), label) == expected


@pytest.mark.parametrize(
    "url",
    [
        *["https://x.com/reset/abc", "https://x.com/users/password-reset", "https://x.com/forgot-password?x"],
        *["https://x.com/magic-link/abc", "https://x.com/verify-email/1", "https://x.com/v/eyJhbGciOiJIUzI1.eyJz.x"],
        *["https://x.com/a?token=1", "https://x.com/a?b&Access_Token=1", "https://s3.example/?X-Amz-Signature=ab"],
    ],
)
def test_bearer_urls_are_sensitive(url: str) -> None:
    assert describe_secret(url, "")


@pytest.mark.parametrize("url", ["https://x.com/presets", "https://x.com/?tokens=1", "https://x.com/one-time-offer"])
def test_words_that_contain_a_secret_key_are_not_sensitive(url: str) -> None:
    assert not describe_secret(url, "")


@pytest.mark.parametrize(
    "label",
    [
        *[
            "Reset password →",
            "Create New Password",
            "reset your account password",
            "Confirm Email",
            "Verify my account",
        ],
        *["Passwort zurücksetzen", "E-Mail-Adresse bestätigen", "Réinitialiser mon mot de passe", "Cambiar contraseña"],
    ],
)
def test_label_of_an_opaque_url_is_sensitive(label: str) -> None:
    assert describe_secret(OPAQUE, label)


@pytest.mark.parametrize(
    "label", ["Passwordless sign-in explained", "New arrivals", "Set sail", "Confirm your seat", "A new account of it"]
)
def test_ordinary_label_with_similar_words_is_not_sensitive(label: str) -> None:
    assert not describe_secret(OPAQUE, label)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href='https://www.facebook.com/us'><img src=f.png></a>", True),
        ("<a href='https://x.com/us'>X</a>", True),
        ("<a href='https://x.com/us/status/1'>Read our story</a>", False),
        ("<a href='https://notx.com/us'>X</a>", False),
    ],
)
def test_icons_and_network_names_are_social(html: str, expected: bool) -> None:
    (link,) = find_links(html)
    assert is_social(parse_url(link.url), link) == expected


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
    assert identify_wrapper(parse_url(url)) == name


_PIECES = (
    *PURPOSE_KEYWORDS,
    *LINK_TEXTS,
    *(
        "opt-out",
        *("désabonner", "Cancelar suscripción", "プライバシーポリシー", "Confirm your", "reset", "Passwort ändern"),
        "Abmelden",
        "email",
        "manage",
        "_",
        "-",
        "/",
        "?",
        "&",
        "=",
        ".",
        " ",
        "a",
        "1",
        "your",
        "login",
        "ev",
    ),
    *(
        "ls/click?upn=",
        "c/eJwNw0tuhCAAANDTwJIAAn4W",
        "L0/https:",
        "e3t/Ctc/",
        "tr/cl/",
        "e/c/eyJ",
        "track/click/",
        "eyJ0eXAi",
    ),
)
_HOSTS = (
    *("x.example", "click.pstmrk.it", "klclick1.com", "a.awstrack.me", "mandrillapp.com", "a.list-manage.com"),
    *("a.hubspotlinks.com", "sendibt2.com", "customeriomail.com", "a.safelinks.protection.outlook.com"),
    *("urldefense.com", "protect-eu.mimecast.com", "linkprotect.cudasvc.com", "secure-web.cisco.com"),
    *("clicktime.symantec.com", "url.avanan.click", "url.uk.m.mimecastprotect.com"),
)


@given(
    st.sampled_from(_HOSTS),
    st.lists(st.sampled_from(_PIECES), max_size=5).map("".join),
    st.lists(st.sampled_from(_PIECES), max_size=3).map("".join),
)
def test_links_without_keyword_match_no_pattern(host: str, path: str, label: str) -> None:
    url = f"https://{host}/{path}"
    address = parse_url(url)
    if identify_wrapper(address) or classify_purpose(address, label) or describe_secret(url, label):
        assert has_keyword(address, label)


@pytest.mark.parametrize(
    "url", ["https://www.shop.example/products/boots-3?colour=brown&size=42", "https://x.example/"]
)
def test_ordinary_link_has_no_keyword(url: str) -> None:
    assert not has_keyword(parse_url(url), "See boots")
