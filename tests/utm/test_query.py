from hypothesis import given
from hypothesis import strategies as st

from clicktrail.utm import query


@given(st.text() | st.text(alphabet="?#&= a"))
def test_the_pieces_are_the_url(url: str) -> None:
    pieces = query.split_url(url)
    assert [url, url] == [pieces.replace_query(pieces.pairs), pieces.append_pairs([])]


def test_a_pair_is_read_as_browsers_read_it() -> None:
    pair = query.QueryPair("UTM%5FSou\nrce=a+b%20c=d")
    assert ("UTM_Source", "a b c=d", True) == (pair.key, pair.value, pair.is_utm)
