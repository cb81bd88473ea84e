from clicktrail.model.link import Link, LinkReason, Part


def test_tracked() -> None:
    links = [Link(part=Part.HTML, start=0, end=1, href="a", reason=reason) for reason in LinkReason]
    assert [LinkReason.TRACKED] == [link.reason for link in links if link.tracked]
