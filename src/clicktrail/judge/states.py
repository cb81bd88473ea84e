"""How sure a verdict is to stand, by how long the click is past."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

__all__ = ["State", "state_after"]


class State(StrEnum):
    """What may still become of a verdict."""

    PROVISIONAL = "provisional"
    """The rest of a burst, or a key pressed on the landing page, may still change it."""

    SETTLED = "settled"
    """Only what comes late does: a delivery that an ESP tells hours after, or clicks on the same message."""

    FINAL = "final"
    """Nothing is expected any more."""


SETTLED_AFTER: Final = timedelta(minutes=30)
"""As long as a landing page is waited for."""

FINAL_AFTER: Final = timedelta(hours=72)
"""As long as ESPs go on trying to tell what they know."""


def state_after(age: timedelta) -> State:
    """The state of a verdict on a click that is so long past."""
    if age >= FINAL_AFTER:
        return State.FINAL
    return State.SETTLED if age >= SETTLED_AFTER else State.PROVISIONAL
