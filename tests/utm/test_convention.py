import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import SettingsError
from clicktrail.utm import Convention, ExistingUtmAction, parse_convention
from clicktrail.utm.convention import matches_campaign_pattern, to_snake_case


def test_the_campaign_fills_its_placeholder() -> None:
    convention = Convention(source="email", medium="newsletter", content="{campaign}-top")
    assert {
        "utm_source": "email",
        "utm_medium": "newsletter",
        "utm_campaign": "2026-11_sale",
        "utm_content": "2026-11_sale-top",
    } == convention.build_parameters(campaign="2026-11_sale")


def test_without_a_campaign_its_parameter_is_left_out() -> None:
    convention = Convention(source="email", medium="transactional")
    assert {"utm_source": "email", "utm_medium": "transactional"} == convention.build_parameters(campaign="")


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"utm_term.*\{recipient\}"):
        Convention(source="email", medium="newsletter", term="{recipient}")


def test_a_host_that_no_link_could_lead_to_is_refused() -> None:
    with pytest.raises(SettingsError, match="own_hosts has"):
        Convention(source="email", medium="newsletter", own_hosts=("https://shop.example",))


def test_an_empty_file_is_the_usual_convention() -> None:
    assert Convention(source="email", medium="newsletter", content="{location}_{element}") == parse_convention("")


def test_every_key_is_read() -> None:
    text = """
    source = "shop"
    medium = "drip"
    campaign = "x_{campaign}"
    content = "{label}"
    term = "t"
    own_hosts = ["shop.example", "*.shop.example"]
    existing = "keep"
    [mediums]
    drip = "YYYY_description"
    """
    assert parse_convention(text) == Convention(
        source="shop",
        medium="drip",
        campaign="x_{campaign}",
        content="{label}",
        term="t",
        own_hosts=("shop.example", "*.shop.example"),
        existing=ExistingUtmAction.KEEP,
        mediums={"drip": "YYYY_description"},
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("sauce = 'email'", "unknown key 'sauce'", "did you mean 'source'?"),
        ("xyz = 1", "unknown key 'xyz'", "known values: source, "),
        ("medium = 'Newsleter'", "medium is 'Newsleter'", "did you mean 'newsletter'?"),
        ("existing = 'fil'", "existing cannot be 'fil'", "did you mean 'fill'?"),
        ("existing = 1", "existing cannot be '1'", "known values: fill, keep, replace, refuse"),
        ("source = ''", "source", ""),
        ("own_hosts = 'shop.example'", "own_hosts", ""),
        ("own_hosts = ['https://shop.example/']", "own_hosts has 'https://shop.example/'", "write a host"),
        ("mediums = ['email']", "mediums", ""),
        ('campaign = "a\\r\\nb"', "the utm_campaign has the control character U+000D", "remove line breaks"),
        ("content = '{place}'", "utm_content has an unknown placeholder {place}", "use {campaign}, {location}"),
        ("source", "not TOML", ""),
    ],
)
def test_an_error_names_the_key_and_what_is_right(text: str, message: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_convention(text)
    assert message in str(caught.value)
    assert caught.value.hint.startswith(hint)


ONE_TIME = "YYYY-MM_description"


@pytest.mark.parametrize(
    ("campaign", "pattern", "fitting"),
    [
        ("2026-11_black_friday", ONE_TIME, True),
        ("2026-13_black_friday", ONE_TIME, False),
        ("2026_11_black_friday", ONE_TIME, False),
        ("2026-11", ONE_TIME, False),
        ("2026-11_Black", ONE_TIME, False),
        ("black_friday", ONE_TIME, False),
        ("welcome_series_2", "description", True),
        ("welcome__series", "description", False),
        ("welcome-series", "description", False),
        ("", "description", False),
        ("2026-11-24.x_sale", "YYYY-MM-DD.x_description", True),
        ("2026-11-24yx_sale", "YYYY-MM-DD.x_description", False),
    ],
)
def test_a_campaign_fits_its_pattern_or_not(campaign: str, pattern: str, fitting: bool) -> None:
    assert fitting == matches_campaign_pattern(campaign, pattern)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Shop now!", "shop_now"),
        ("  welcome-series 2 ", "welcome_series_2"),
        ("Hírlevél", "hirlevel"),
        ("STRASSE Straße", "strasse_strasse"),
        ("Новости", "новости"),
        ("→", ""),
    ],
)
def test_text_becomes_snake_case(text: str, value: str) -> None:
    assert value == to_snake_case(text)


def test_a_long_text_ends_with_a_whole_word() -> None:
    assert ["read_the", "read_the_whole", "unbre"] == [
        to_snake_case("Read the whole story", max_chars=10),
        to_snake_case("Read the whole story", max_chars=14),
        to_snake_case("unbreakable", max_chars=5),
    ]


@given(st.text())
def test_snake_case_is_its_own(text: str) -> None:
    assert to_snake_case(text) == to_snake_case(to_snake_case(text))
