import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.utm import Convention
from clicktrail.utm.audit import audit_rows
from clicktrail.utm.export import ExportRow, read_export
from tests.support.paths import CASES

GA4 = """# ----------------------------------------
# Traffic acquisition
# 20261101-20261130
# ----------------------------------------

Session source / medium,Session campaign,Sessions
email / newsletter,2026-11_sale,"1,234"
(direct) / (none),(not set),99
google / organic,(organic),12.0
,,"1,345",Grand total
"""

MATOMO = "\ufefflabel\tnb_visits\tnb_actions\r\n2026-11_sale\t40\t80\r\nwelcome\t2\t2\r\n"

PLAIN = """utm_source;utm_medium;campaignName;Session manual ad content;Keyword
email;drip;"wel
come";a;b
email
"""


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            GA4,
            [
                ({"utm_source": "email", "utm_medium": "newsletter", "utm_campaign": "2026-11_sale"}, 1234),
                ({"utm_source": "google", "utm_medium": "organic"}, 12),
            ],
        ),
        (MATOMO, [({"utm_campaign": "2026-11_sale"}, 40), ({"utm_campaign": "welcome"}, 2)]),
        (
            PLAIN,
            [
                (
                    {
                        "utm_source": "email",
                        "utm_medium": "drip",
                        "utm_campaign": "wel\ncome",
                        "utm_content": "a",
                        "utm_term": "b",
                    },
                    0,
                ),
                ({"utm_source": "email"}, 0),
            ],
        ),
    ],
    ids=["Google Analytics 4", "Matomo", "plain"],
)
def test_exports_are_read(text: str, rows: list[tuple[dict[str, str], int]]) -> None:
    assert [ExportRow(utm_values=values, sessions=sessions) for values, sessions in rows] == list(read_export(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no UTM column"), ("a,b\nutm_source,x\n", "no UTM column"), ("utm_source\n" + "x" * 200_000, "not a table")],
)
def test_what_is_no_export_says_so(text: str, message: str) -> None:
    with pytest.raises(ClicktrailError, match=message):
        list(read_export(text))


OVERVIEW = """# ----------------------------------------
# Reports snapshot
# Account: Example
# ----------------------------------------
#
# All Users
# Start date: 20261101
# End date: 20261130
Nth day,Active users
0000,120
0001,90
# Start date: 20261101
# End date: 20261130
First user default channel group,New users
Email,40

# Start date: 20261101
# End date: 20261130
Session source / medium,Sessions
email / newsletter,100
Email/newsletter,3
google / organic,7

# Start date: 20261101
# End date: 20261130
Page title and screen class,Views
source,12

Country,Active users
Germany,50

Session campaign,Sessions
#blackfriday,9
2026-11_sale,5
,14,Grand total
"""


def read_values(text: str) -> list[tuple[str, int]]:
    return [(" ".join(row.utm_values.values()), row.sessions) for row in read_export(text)]


def test_tables_of_an_overview() -> None:
    expected = [("email newsletter", 100), ("Email newsletter", 3), ("google organic", 7), ("#blackfriday", 9)]
    assert read_values(OVERVIEW) == [*expected, ("2026-11_sale", 5)]
    assert read_values(OVERVIEW.replace("\n", "\r\n")) == [*expected, ("2026-11_sale", 5)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("utm_source,sessions\na,1\n\nb,2\n", [("a", 1), ("b", 2)]),
        ("utm_source\na\n\nb\n", [("a", 0), ("b", 0)]),
        ("utm_source,sessions\na,1\n\nCountry,users\nDE,2\n", [("a", 1)]),
        ("Traffic\n\nutm_source;sessions\na;1\n", [("a", 1)]),
        ("Country,Users\nDE,2\n\nSource,Users\na,1\n", [("a", 1)]),
        ('utm_source,sessions\n"a\n\nSource,b",1\n', [("a\n\nSource,b", 1)]),
        ("utm_source,sessions\na,1\n\n\n# Other\nX,Y\nb,2\n", [("a", 1)]),
        ("utm_source,sessions\n,,\na,1\n", [("a", 1)]),
    ],
    ids=["gap", "no numbers", "other table", "title", "second table", "quoted", "comment", "empty cells"],
)
def test_ends_of_tables(text: str, values: list[tuple[str, int]]) -> None:
    assert read_values(text) == values


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here")
def test_shared_case_with_two_tables() -> None:
    rows = read_export((CASES / "clicks" / "utm" / "ga_two_tables.csv").read_text("utf-8"))
    variants = audit_rows(rows, Convention(source="email", medium="newsletter")).variants
    assert [(variant.parameter, variant.value, variant.canonical, variant.sessions) for variant in variants] == [
        ("utm_source", "Email", "email", 50),
        ("utm_campaign", "2026-11_Winter", "2026-11_winter", 10),
    ]
