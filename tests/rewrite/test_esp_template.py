import re
from importlib import resources

import pytest

from clicktrail.errors import ClicktrailError, SettingsError
from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite.esp_template import EspTemplate, parse_esp_tags, parse_template
from tests.support.rewriting import POLICY

HTML = (
    "<p>Hi {{first_name}} é<a href='https://x.com/a'>A</a><!--[if mso]><v:rect href='https://x.com/b'></v:rect>"
    "<![endif]--><a href=https://x.com/b>B</a><a href='https://x.com/?id={{id}}'>C</a><a href='{{{unsubscribe}}}'>D</a>"
)
URLS = ["https://go.example.com/tokenAAu", "https://go.example.com/tokenABu"]


def template(html: str, codec: str = "utf-8") -> EspTemplate:
    """A template of HTML, its links found, with a UTM parameter."""
    return parse_template(html.encode(codec), BodyType.HTML, policy=POLICY, tag_url="{0.url}?utm".format)


def test_links_carry_the_token_and_the_merge_tag() -> None:
    found = template(HTML)
    rendered = found.render(URLS, "{{recipient_id}}")
    expected = HTML.replace("https://x.com/a", f"{URLS[0]}/{{{{recipient_id}}}}")
    expected = expected.replace("https://x.com/b", f"{URLS[1]}/{{{{recipient_id}}}}")
    assert expected == rendered.raw.decode()
    assert 2 == rendered.tracked_count


def test_the_destinations_are_known_before_there_are_tracking_urls() -> None:
    assert ["https://x.com/a?utm", "https://x.com/b?utm"] == [link.destination for link in template(HTML).tracked_links]


def test_links_with_merge_tags_are_left_and_reported() -> None:
    reasons = [link.reason for link in template(HTML).render(URLS, "%recipient.id%").links]
    assert [*[LinkReason.TRACKED] * 3, *[LinkReason.MERGE_TAG] * 2] == reasons


def test_any_charset_that_can_be_read() -> None:
    rendered = template("\ufeff<a href='https://x.com/a'>", "utf-16-le").render(URLS, "{{id}}")
    assert f"\ufeff<a href='{URLS[0]}/{{{{id}}}}'>".encode("utf-16-le") == rendered.raw


def test_a_charset_that_hides_the_links_is_an_error() -> None:
    with pytest.raises(ClicktrailError, match="the charset of the template") as caught:
        template("<meta charset=utf-7><a href='https://x.com/a'>")
    assert "save it as UTF-8" == caught.value.hint


TABLE = parse_esp_tags((resources.files("clicktrail.rewrite") / "data" / "esp_tags.toml").read_text("utf-8"))


def test_the_four_esps_are_known() -> None:
    assert ["klaviyo", "mailgun", "postmark", "sendgrid"] == sorted(TABLE)
    assert all(entry.source and entry.id_description for entry in TABLE.values())


@pytest.mark.parametrize("name", TABLE)
def test_a_merge_tag_needs_no_quoting(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.{}%]+", TABLE[name].merge_tag)


def test_a_table_of_another_form_is_refused() -> None:
    with pytest.raises(SettingsError, match="in the merge tags file: missing key 'merge_tag'"):
        parse_esp_tags("version = 2026-11-23\n[esp.x]\nid_description = 'y'")
