import pytest

from clicktrail.rewrite.html import find_links
from clicktrail.rewrite.opting_out import opt_out


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        ('data-clicktrail="off"', "data-clicktrail"),
        ("data-clicktrail=No", "data-clicktrail"),
        ("data-clicktrail=false", "data-clicktrail"),
        ("data-clicktrail=0", "data-clicktrail"),
        ("data-clicktrail=on", ""),
        ("clicktracking=off", "clicktracking"),
        ("disable-tracking=true", "disable-tracking"),
        ("data-pm-no-track", "data-pm-no-track"),
        ("ses:no-track", "ses:no-track"),
        ("mc:disable-tracking", "mc:disable-tracking"),
        ("mautic:disable-tracking=true", "mautic:disable-tracking"),
        ("data-msys-clicktrack=0", "data-msys-clicktrack"),
        ('class="a Untracked"', "class=untracked"),
        ("mc:disable-tracking ses:no-track data-pm-no-track clicktracking=off data-clicktrail=off", "data-clicktrail"),
        ('class="untracked-not"', ""),
        ("data-msys-clicktrack=1", ""),
        ("clicktracking=on", ""),
    ],
)
def test_every_vendors_word_is_honoured(attributes: str, word: str) -> None:
    """Whoever moves here from another product need not mark their links again."""
    (link,) = find_links(f"<a href='https://x.com/' {attributes}>")
    assert word == opt_out(link)


def test_a_scheme_can_opt_out() -> None:
    """Postal's way, the only one that plain text has too."""
    (link,) = find_links("<a href='HTTPS+notrack://x.com/'>")
    assert "https+notrack:" == opt_out(link)
