import pytest

from clicktrail.model.link import LinkReason
from clicktrail.rewrite.address import read_address
from clicktrail.rewrite.html import find_links
from clicktrail.rewrite.purposes import is_sensitive, is_social, purpose

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
def test_words_tell_a_purpose(url: str, label: str, expected: LinkReason | None) -> None:
    """Words of the path, the query or a short label."""
    assert expected == purpose(read_address(url), label)


@pytest.mark.parametrize(
    "url",
    [
        *["https://x.com/reset/abc", "https://x.com/users/password-reset", "https://x.com/forgot-password?x"],
        *["https://x.com/magic-link/abc", "https://x.com/verify-email/1", "https://x.com/v/eyJhbGciOiJIUzI1.eyJz.x"],
        *["https://x.com/a?token=1", "https://x.com/a?b&Access_Token=1", "https://s3.example/?X-Amz-Signature=ab"],
    ],
)
def test_bearer_urls_are_sensitive(url: str) -> None:
    """By their path or a query key."""
    assert is_sensitive(read_address(url), "")


@pytest.mark.parametrize("url", ["https://x.com/presets", "https://x.com/?tokens=1", "https://x.com/one-time-offer"])
def test_words_that_only_hold_a_secrets_name_are_not(url: str) -> None:
    """Words count as words."""
    assert not is_sensitive(read_address(url), "")


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
def test_a_label_tells_what_an_opaque_url_does(label: str) -> None:
    """A link that resets a password lets its bearer in, whatever its URL looks like."""
    assert is_sensitive(read_address(OPAQUE), label)


@pytest.mark.parametrize(
    "label", ["Passwordless sign-in explained", "New arrivals", "Set sail", "Confirm your seat", "A new account of it"]
)
def test_a_label_that_only_holds_such_words_tells_nothing(label: str) -> None:
    """Words count by what they are about."""
    assert not is_sensitive(read_address(OPAQUE), label)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href='https://www.facebook.com/us'><img src=f.png></a>", True),
        ("<a href='https://x.com/us'>X</a>", True),
        ("<a href='https://x.com/us/status/1'>Read our story</a>", False),
        ("<a href='https://notx.com/us'>X</a>", False),
    ],
)
def test_icons_and_names_are_social(html: str, expected: bool) -> None:
    """A story on a social network is content."""
    (link,) = find_links(html)
    assert expected == is_social(read_address(link.url), link)
