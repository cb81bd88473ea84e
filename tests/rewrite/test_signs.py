import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite.address import read_address
from clicktrail.rewrite.purposes import SIGNS, is_sensitive, purpose
from clicktrail.rewrite.signs import has_sign
from clicktrail.rewrite.wrappers import wrapper

_PIECES = (
    *SIGNS,
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
def test_what_has_no_sign_is_nothing_special(host: str, path: str, label: str) -> None:
    """No rule on wrappers and purposes finds anything where no sign is."""
    address = read_address(f"https://{host}/{path}")
    if wrapper(address) or purpose(address, label) or is_sensitive(address, label):
        assert has_sign(address, label)


@pytest.mark.parametrize(
    "url", ["https://www.shop.example/products/boots-3?colour=brown&size=42", "https://x.example/"]
)
def test_ordinary_links_have_no_sign(url: str) -> None:
    """So that they are done with in one look."""
    assert not has_sign(read_address(url), "See boots")
