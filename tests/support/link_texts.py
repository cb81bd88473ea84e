"""Texts that say what a link is for: phrases of the package's data, and samples in each language."""

import tomllib

from clicktrail.rewrite.link_texts import load_link_texts
from tests.support.paths import ROOT

LANGUAGE_SAMPLES = tomllib.loads((ROOT / "tests" / "rewrite" / "language_samples.toml").read_text("utf-8"))
LINK_TEXTS = [
    phrase.replace("*", "").replace("...", "xx")
    for texts in load_link_texts().languages
    for phrase in (*texts.unsubscribe, *texts.unsubscribe_labels, *texts.preferences, *texts.sensitive)
]
