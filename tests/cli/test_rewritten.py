from clicktrail.cli.rewritten import RewrittenFile
from clicktrail.model.link import Part
from clicktrail.rewrite.document import rewrite_document
from tests.rewriting import POLICY, tracking_url, untagged

A = "https://example.com/"


def rewritten(html: str) -> RewrittenFile:
    """A file of HTML with its links replaced."""
    content = html.encode()
    done = rewrite_document(content, Part.HTML, policy=POLICY, tag=untagged, tracking_url=tracking_url)
    return RewrittenFile(content=content, part=Part.HTML, rewritten=done)


def test_twins_are_two_rows_with_one_index() -> None:
    """Each place is reported, and both are the same link."""
    twins = f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a href='{A}'>x</a>"
    file = rewritten(f"<a href='mailto:a@b'>w</a>{twins}")
    rows = file.described([])["links"]
    assert [(0, None), (1, 0), (1, 0)] == [(row["index"], row["position"]) for row in rows]
    assert ["mailto:a@b", A, A] == [file.content[row["start"] : row["end"]].decode() for row in rows]


def test_the_summary_names_the_commonest_reason_first() -> None:
    """Links are counted as a reader sees them."""
    twins = f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a href='{A}'>x</a>"
    file = rewritten(f"{twins}<a href='tel:1'><a href='{A}unsubscribe'><a href='mailto:a@b'>")
    start = "links found: 4, tracked: 1, left alone: 2 not-web, 1 unsubscribe; "
    assert f"{start}{len(file.content)} bytes became {len(file.rewritten.raw)}" == file.summary()


def test_where_all_is_tracked_nothing_is_left_alone() -> None:
    """The summary stays as short as what it has to say."""
    assert rewritten(f"<a href='{A}'>").summary().startswith("links found: 1, tracked: 1; ")


def test_warnings_name_the_link() -> None:
    """A link whose text is a URL is tracked, and looks like phishing."""
    (warning,) = rewritten(f"<p>\n<a href='{A}'>example.com</a>").warnings()
    assert f"visible-url: the link '{A}' in line 2" == warning
