"""Write any text as a value of a UTM parameter: lower case, words joined by underscores."""

import re
import unicodedata

__all__ = ["snake"]

_BETWEEN_WORDS = re.compile(r"[\W_]+")


def snake(text: str, *, longest: int = 100) -> str:
    """The text in snake case, such as ``shop_now`` for "Shop now!"; empty if it has neither letters nor digits.

    Letters lose their accents (Unicode normalisation form KD without its combining marks), so that the value reads the
    same in a URL; those of other scripts stay.

    Args:
        text: any text.
        longest: characters; a longer value ends with the last whole word that fits, or is cut if there is none.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    value = _BETWEEN_WORDS.sub("_", plain.casefold()).strip("_")
    if len(value) <= longest:
        return value
    return value[: longest + 1].rpartition("_")[0] or value[:longest]
