"""Tell which links of an HTML body a reader sees as one: a button for Outlook, and the same for everybody else."""

from collections.abc import Sequence

from clicktrail.rewrite.candidate import Candidate

__all__ = ["first_of_twins"]

_FARTHEST = 2_000
"""Characters between the two: a button in VML has some 600 behind its href."""


def first_of_twins(candidates: Sequence[Candidate]) -> list[int]:
    """For each link the index of the first of its twins; its own if it has none.

    Twins follow each other with nothing but markup of one button between them, lead to the same place, and are shown to
    different programs: one is VML in a conditional comment, one another link in a conditional comment, one outside.
    """
    firsts: list[int] = []
    for index, candidate in enumerate(candidates):
        if _is_next(candidates, index):
            shown = {_kind(twin) for twin in candidates[firsts[-1] : index]}
            if _kind(candidate) not in shown and not _has_own_twin(candidates, index, shown):
                firsts.append(firsts[-1])
                continue
        firsts.append(index)
    return firsts


def _kind(candidate: Candidate) -> str:
    if not candidate.conditional:
        return "outside"
    return "vml" if candidate.tag.startswith("v:") else "conditional"


def _is_next(candidates: Sequence[Candidate], index: int) -> bool:
    """Whether a link follows one that leads to the same place."""
    if not 0 < index < len(candidates):
        return False
    before, here = candidates[index - 1], candidates[index]
    return before.url == here.url and here.start - before.end <= _FARTHEST


def _has_own_twin(candidates: Sequence[Candidate], index: int, shown: set[str]) -> bool:
    """Whether a button for Outlook, behind a link for others, stands before such a link that is rather its twin."""
    return shown == {"outside"} and _is_next(candidates, index + 1) and not candidates[index + 1].conditional
