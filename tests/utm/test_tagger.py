import pytest

from clicktrail.errors import UtmError
from clicktrail.utm import Convention, Existing, Tagger

CONVENTION = Convention(
    source="email", medium="drip", campaign="", content="{location}_{element}", own_hosts=("x.com",)
)
MANY = 20_000
"""Links; the time of a test is limited, and what grew with their square would not end in it."""
BEGINNING = "https://x.com/?utm_source=email&utm_medium=drip"


def test_content_is_numbered_where_it_repeats() -> None:
    """No two links of a message have the same content, not even where a label looks like a number of another's."""
    tagger = Tagger(CONVENTION, campaign="")
    places = [("body", "button", ""), ("body", "image", "Button 2"), ("body", "button", ""), ("body", "button", "")]
    contents = [
        tagger.tag("https://x.com/", location=location, element=element, label=label).removeprefix(BEGINNING)
        for location, element, label in places
    ]
    assert [f"&utm_content=body_button{number}" for number in ("", "_2", "_3", "_4")] == contents


def test_a_label_goes_before_the_element() -> None:
    """The name that a person gave says more than what a link looks like."""
    tagged = Tagger(CONVENTION, campaign="").tag("https://x.com/", location="header", element="button", label="Shop!")
    assert f"{BEGINNING}&utm_content=header_shop" == tagged


def test_links_that_are_not_tagged_use_up_no_number() -> None:
    """Numbers have no gaps."""
    tagger = Tagger(CONVENTION, campaign="")
    tagger.tag("https://other.example/", location="body", element="text")
    assert tagger.tag("https://x.com/", location="body", element="text").endswith("=body_text")


def test_without_a_place_there_is_no_content() -> None:
    """A content that would have holes is left out."""
    assert BEGINNING == Tagger(CONVENTION, campaign="").tag("https://x.com/")


def test_a_content_that_names_no_place_is_not_numbered() -> None:
    """The same for every link is what such a convention asks for."""
    tagger = Tagger(Convention(source="a", medium="b", content="{campaign}-top", own_hosts=("*",)), campaign="c")
    assert [tagger.tag("http://y/")] == list({tagger.tag("http://y/"), tagger.tag("http://y/")})


def test_the_convention_says_what_becomes_of_others() -> None:
    """A convention that refuses is obeyed by the tagger."""
    refusing = Convention(source="a", medium="b", own_hosts=("x.com",), existing=Existing.REFUSE)
    with pytest.raises(UtmError, match="has UTM parameters"):
        Tagger(refusing, campaign="").tag("https://x.com/?utm_id=1")


@pytest.mark.timeout(20)
def test_many_links_of_one_place_are_numbered_at_once() -> None:
    """Each number is found where the last one was left: counting from one again took a minute for these."""
    tagger = Tagger(CONVENTION, campaign="")
    tagged = [tagger.tag("https://x.com/", location="body", element="text") for _ in range(MANY)]
    assert f"{BEGINNING}&utm_content=body_text_{MANY}" == tagged[-1]
