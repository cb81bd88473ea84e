"""A letter's links."""

from email.message import EmailMessage

from clicktrail.demo.population.received import MessageLinks


def read(*, html: str, text: str = "") -> MessageLinks:
    """Give the letter with these parts."""
    message = EmailMessage()
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return MessageLinks.from_bytes(message.as_bytes(), recipient="ada@a.example")


def test_links_are_found_in_order_with_their_entities_decoded() -> None:
    letter = read(
        html='<a href="https://a.example/?x=1&amp;y=2">A</a><a href="mailto:b@b.example">B</a><a name="c">C</a>'
    )
    assert ("https://a.example/?x=1&y=2",) == letter.html_links


def test_the_way_out_invites_nobody() -> None:
    letter = read(html='<a href="https://a.example/1">One</a> <a href="https://a.example/2"><b>Unsubscribe</b></a>')
    assert ("https://a.example/1",) == letter.content_links
    assert ("https://a.example/1", "https://a.example/2") == letter.html_links


def test_urls_of_the_text_end_where_prose_goes_on() -> None:
    letter = read(html="", text="See (https://a.example/1) and <https://a.example/2>\n")
    assert ("https://a.example/1", "https://a.example/2") == letter.text_links


def test_an_extractor_lists_each_url_once() -> None:
    letter = read(html='<a href="https://a.example/1">One</a>', text="https://a.example/1 https://a.example/2")
    assert ("https://a.example/1", "https://a.example/2") == letter.unique_links


def test_links_in_comments_are_not_seen() -> None:
    assert () == read(html='<!--[if mso]><a href="https://a.example/">A</a><![endif]-->').html_links


def test_the_newsletter_has_enough_to_choose_from(letter: MessageLinks) -> None:
    assert len(letter.content_links) == len(letter.html_links) - 2 >= 12
    assert len(letter.text_links) >= 10
