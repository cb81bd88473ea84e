import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.utm.export import ExportRow, read_export

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
