from email.message import EmailMessage

from clicktrail.demo.population.received import MessageLinks


def parse(*, html: str, text: str = "") -> MessageLinks:
    message = EmailMessage()
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return MessageLinks.from_bytes(message.as_bytes(), recipient="ada@a.example")


def test_html_links_are_in_order_and_decoded() -> None:
    message = parse(
        html='<a href="https://a.example/?x=1&amp;y=2">A</a><a href="mailto:b@b.example">B</a><a name="c">C</a>'
    )
    assert message.html_links == ("https://a.example/?x=1&y=2",)


def test_unsubscribe_link_is_no_content_link() -> None:
    message = parse(html='<a href="https://a.example/1">One</a> <a href="https://a.example/2"><b>Unsubscribe</b></a>')
    assert message.content_links == ("https://a.example/1",)
    assert message.html_links == ("https://a.example/1", "https://a.example/2")


def test_text_links_end_before_brackets() -> None:
    message = parse(html="", text="See (https://a.example/1) and <https://a.example/2>\n")
    assert message.text_links == ("https://a.example/1", "https://a.example/2")


def test_unique_links_have_each_url_once() -> None:
    message = parse(html='<a href="https://a.example/1">One</a>', text="https://a.example/1 https://a.example/2")
    assert message.unique_links == ("https://a.example/1", "https://a.example/2")


def test_links_in_comments_are_ignored() -> None:
    assert parse(html='<!--[if mso]><a href="https://a.example/">A</a><![endif]-->').html_links == ()


def test_newsletter_has_many_content_links(message: MessageLinks) -> None:
    assert len(message.content_links) == len(message.html_links) - 2 >= 12
    assert len(message.text_links) >= 10
