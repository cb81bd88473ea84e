import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite.esp_template import EspTemplate, parse_template
from tests.support.rewriting import POLICY

HTML = (
    "<p>Hi {{first_name}} é<a href='https://x.com/a'>A</a><!--[if mso]><v:rect href='https://x.com/b'></v:rect>"
    "<![endif]--><a href=https://x.com/b>B</a><a href='https://x.com/?id={{id}}'>C</a><a href='{{{unsubscribe}}}'>D</a>"
)
URLS = ["https://go.example.com/tokenAAu", "https://go.example.com/tokenABu"]


def template(html: str, codec: str = "utf-8") -> EspTemplate:
    return parse_template(html.encode(codec), BodyType.HTML, policy=POLICY, tag_url="{0.url}?utm".format)


def test_links_end_with_the_merge_tag() -> None:
    rendered = template(HTML).render(URLS, "{{recipient_id}}")
    expected = HTML.replace("https://x.com/a", f"{URLS[0]}/{{{{recipient_id}}}}")
    expected = expected.replace("https://x.com/b", f"{URLS[1]}/{{{{recipient_id}}}}")
    assert rendered.raw.decode() == expected
    assert rendered.tracked_count == 2


def test_tracked_links_have_destinations() -> None:
    assert [link.destination for link in template(HTML).tracked_links] == ["https://x.com/a?utm", "https://x.com/b?utm"]


def test_links_with_merge_tags_are_untracked() -> None:
    reasons = [link.reason for link in template(HTML).render(URLS, "%recipient.id%").links]
    assert reasons == [*[LinkReason.TRACKED] * 3, *[LinkReason.MERGE_TAG] * 2]


def test_template_in_utf_16_is_rendered() -> None:
    rendered = template("\ufeff<a href='https://x.com/a'>", "utf-16-le").render(URLS, "{{id}}")
    assert f"\ufeff<a href='{URLS[0]}/{{{{id}}}}'>".encode("utf-16-le") == rendered.raw


def test_template_in_a_charset_that_hides_links_is_refused() -> None:
    with pytest.raises(ClicktrailError, match="the charset of the template") as caught:
        template("<meta charset=utf-7><a href='https://x.com/a'>")
    assert caught.value.hint == "save it as UTF-8"
