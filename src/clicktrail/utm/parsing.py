"""Read a convention from TOML."""

import difflib
import tomllib
from collections.abc import Iterable
from typing import Annotated

import msgspec

from clicktrail.errors import SettingsError
from clicktrail.utm.convention import MEDIUMS, Convention, Existing
from clicktrail.wording import said

__all__ = ["parse"]

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, frozen=True, kw_only=True):
    source: _Text = "email"
    medium: _Text = "newsletter"
    campaign: _Text = "{campaign}"
    content: str = "{location}_{element}"
    term: str = ""
    own_hosts: tuple[_Text, ...] = ()
    existing: Existing = Existing.FILL
    mediums: dict[_Text, _Text] = msgspec.field(default_factory=lambda: dict(MEDIUMS))


def parse(text: str) -> Convention:
    """Read a convention, as docs/reference/utm.md describes it.

    Raises:
        SettingsError: no TOML, a key that there is not, or a value that does not fit; it names the key.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the convention is not TOML: {error}") from error
    known = [field.name for field in msgspec.structs.fields(_File)]
    for key in tree:
        if key not in known:
            raise SettingsError(f"the convention has an unknown key '{key}'", hint=_nearest(key, known))
    if (existing := tree.get("existing", "fill")) not in list(Existing):
        raise SettingsError(f"existing is '{existing}' in the convention", hint=_nearest(str(existing), Existing))
    try:
        file = msgspec.convert(tree, _File)
    except msgspec.ValidationError as error:
        raise SettingsError(f"in the convention {said(error)}") from error
    if file.medium not in file.mediums:
        raise SettingsError(
            f"medium is '{file.medium}', which the convention does not list", hint=_nearest(file.medium, file.mediums)
        )
    return Convention(**msgspec.structs.asdict(file))


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(word.lower(), names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(names)}"
