import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.utm.keys import KNOWN_KEYS, find_intended_key


def intend(key: str) -> str:
    """The intended key, with a question mark if that is not certain."""
    intended = find_intended_key(key)
    return "" if intended is None else intended.name + "?" * (not intended.is_certain)


@pytest.mark.parametrize(
    ("intended", "keys"),
    [
        (
            "utm_source",
            "utm_souce utm-source utmsource utm.source UTM-Source utm_sourse utn_source umt_source utm_sources",
        ),
        ("utm_medium", "utm_meduim utm_medum utm_medium_ utm__medium utm_medium[]"),
        ("utm_campaign", "utm_campain utm_campagin utm_campaing utm_campaigns utm_camp utm_capmain"),
        ("utm_content", "utm_contnet utm_cont utm_conent"),
        ("utm_term", "utm_trem utm_terms utm-term"),
        ("utm_id", "utmid utm-id"),
        ("utm_campaign?", "utm_campaignid utm_campaign_id utm_campaign2"),
        ("utm_source?", "utm_source_id"),
        ("", "utm_source UTM_Campaign utm_source_platform utm_id utm_foo utm_reader utm umid mtm_source source utm_i"),
        ("", "user_source url update utm_ids a"),
    ],
)
def test_misspelled_keys(intended: str, keys: str) -> None:
    assert {key: intend(key) for key in keys.split()} == dict.fromkeys(keys.split(), intended)


def test_long_keys_are_not_read() -> None:
    assert intend("utm_source" + "_" * 100) == ""


@given(st.sampled_from(KNOWN_KEYS[:4]), st.integers(4, 8), st.characters(categories=["Ll"]))
def test_one_character_more_or_less_is_found(key: str, index: int, character: str) -> None:
    assert intend(key[:index] + character + key[index:]).rstrip("?") in {key, ""}
    assert intend(key[:index] + key[index + 1 :]) in {key, ""}
