from clicktrail.model.link import BodyType, Link, LinkReason


def test_tracked() -> None:
    links = [Link(body_type=BodyType.HTML, start=0, end=1, href="a", reason=reason) for reason in LinkReason]
    assert [LinkReason.TRACKED] == [link.reason for link in links if link.is_tracked]
