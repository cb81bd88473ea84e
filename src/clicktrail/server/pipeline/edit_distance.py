"""Whether two names differ by a few typing errors."""


def is_within_edits(left: str, right: str, max_edits: int) -> bool:
    """Whether at most this many insertions, deletions and replacements of a character make one text the other."""
    if abs(len(left) - len(right)) > max_edits:
        return False
    row = list(range(len(right) + 1))
    for position, character in enumerate(left, start=1):
        previous, row[0] = row[0], position
        for column, other in enumerate(right, start=1):
            previous, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, previous + (character != other)),
            )
        if min(row) > max_edits:
            return False
    return row[-1] <= max_edits
