import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite.flowed import Flow, join, read_flow

FLOWED_SOUPS = st.lists(
    st.sampled_from(["a", " ", "\n", " \n", " \r\n ", ">", "-- \n", "<https://x.example/", "-", "é"]), max_size=40
).map("".join)


@pytest.mark.parametrize(
    ("parameters", "flow"),
    [
        ({}, Flow.FIXED),
        ({"delsp": "yes"}, Flow.FIXED),
        ({"format": "fixed"}, Flow.FIXED),
        ({"format": "Flowed", "delsp": "no"}, Flow.FLOWED),
        ({"format": "flowed", "delsp": "Yes"}, Flow.DELSP),
    ],
)
def test_the_flow_is_what_the_content_type_declares(parameters: dict[str, str], flow: Flow) -> None:
    """Values in any case; DelSp means nothing where no line flows."""
    assert flow is read_flow(parameters)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("a \nb \r\n c\nd", "abc\nd"),
        ("a  \nb", "a b"),
        ("a \n> b \nc", "a \n> b \nc"),
        ("a \n-- \nb", "a \n-- \nb"),
        ("-- \nb \nc", "-- \nbc"),
    ],
)
def test_with_delsp_a_soft_break_is_not_part_of_the_text(text: str, joined: str) -> None:
    """Nor is the space stuffed behind it; quoted lines and the line above a signature end as they stand."""
    assert joined == join(text, Flow.DELSP).text


def test_without_delsp_a_soft_break_counts_but_in_brackets() -> None:
    """A reader sees its space; within <> white space is no part of a URL."""
    assert "a \nhttps://x.com <https://x.com/ab> <b \n>" == (
        join("a \nhttps://x.com <https://x.com/a \n b> <b \n>", Flow.FLOWED).text
    )


def test_a_fixed_text_stays() -> None:
    """A space at the end of a line means nothing there."""
    assert "a \nb" == join("a \nb", Flow.FIXED).text


@given(FLOWED_SOUPS, st.sampled_from(Flow), st.data())
def test_a_span_of_the_joined_text_is_found_in_the_text(soup: str, flow: Flow, data: st.DataObject) -> None:
    """It begins and ends with the same characters, and is the same but for soft breaks."""
    joined = join(soup, flow)
    if joined.text:
        first = data.draw(st.integers(0, len(joined.text) - 1))
        last = data.draw(st.integers(first, len(joined.text) - 1))
        start, end = joined.span(first, last + 1)
        wanted = joined.text[first : last + 1]
        assert (wanted[0], wanted[-1]) == (soup[start], soup[end - 1])
        assert "".join(wanted.split()) == "".join(soup[start:end].split())
