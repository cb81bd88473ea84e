import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.pipeline.edit_distance import is_within_edits


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [
        ("sendgrid.net", "sendgrid.net", 0),
        ("sendgird.net", "sendgrid.net", 2),
        ("sendgrid.ne", "sendgrid.net", 1),
        ("ssendgrid.net", "sendgrid.net", 1),
        ("sandgrit.net", "sendgrid.net", 2),
        ("mailgun.com", "mailgun.org", 3),
        ("", "abc", 3),
    ],
)
def test_edits_between_names(left: str, right: str, edits: int) -> None:
    assert is_within_edits(left, right, edits)
    assert edits == 0 or not is_within_edits(left, right, edits - 1)


@given(st.text("ab.", max_size=12), st.text("ab.", max_size=12), st.integers(0, 4))
def test_distance_is_symmetric(left: str, right: str, edits: int) -> None:
    assert is_within_edits(left, right, edits) == is_within_edits(right, left, edits)


@given(st.text("abc", min_size=1, max_size=12), st.data())
def test_one_deletion_is_one_edit(name: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(name) - 1))

    assert is_within_edits(name, name[:position] + name[position + 1 :], 1)
