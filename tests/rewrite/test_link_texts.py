"""Texts of links in each language: requests to unsubscribe, settings, sensitive pages, and ordinary links."""

import unicodedata

import pytest

from clicktrail.errors import SettingsError
from clicktrail.model.link import LinkReason
from clicktrail.phrases import fold_text
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.link_texts import load_link_texts, parse_link_texts
from clicktrail.rewrite.policy import Policy
from tests.support.link_texts import LANGUAGE_SAMPLES


def decide(label: str) -> LinkReason:
    url = "https://www.shop.example/x/1"
    (decision,) = Policy().decide_all([Candidate(start=0, end=1, href=url, url=url, label=label)])
    return decision.reason


def list_labels(purpose: str) -> list[tuple[str, str]]:
    return [(language, label) for language, labels in LANGUAGE_SAMPLES[purpose].items() for label in labels]


@pytest.mark.parametrize(("language", "label"), list_labels("unsubscribe"))
def test_requests_to_unsubscribe(language: str, label: str) -> None:
    assert (language, decide(label)) == (language, LinkReason.UNSUBSCRIBE)


@pytest.mark.parametrize(("language", "label"), list_labels("preferences"))
def test_links_to_settings(language: str, label: str) -> None:
    assert (language, decide(label)) == (language, LinkReason.PREFERENCES)


@pytest.mark.parametrize(("language", "label"), list_labels("sensitive"))
def test_sensitive_links(language: str, label: str) -> None:
    assert (language, decide(label)) == (language, LinkReason.SENSITIVE)


@pytest.mark.parametrize("label", LANGUAGE_SAMPLES["ordinary_links"])
def test_ordinary_links(label: str) -> None:
    assert decide(label) is LinkReason.TRACKED


def test_every_language_is_tested() -> None:
    languages = [texts.language for texts in load_link_texts().languages]
    assert all(list(LANGUAGE_SAMPLES[name]) == languages for name in ("unsubscribe", "preferences", "sensitive"))
    assert len(languages) >= 17


def test_phrases_are_words_with_single_spaces() -> None:
    for texts in load_link_texts().languages:
        for phrase in (*texts.unsubscribe, *texts.unsubscribe_labels, *texts.preferences, *texts.sensitive):
            words = [word.strip("*") for word in phrase.split(" ") if word != "..."]
            assert all(word and not set(word) & set(".,-'") for word in words), phrase
            assert phrase == unicodedata.normalize("NFC", phrase)
            assert all(fold_text(fold_text(word)) == fold_text(word) for word in words), phrase


def test_invalid_texts_are_refused() -> None:
    with pytest.raises(SettingsError, match="in the link texts"):
        parse_link_texts("version = 2026-12-01\nlanguages = [{ language = 'en', other = 1 }]")
