import pytest

from clicktrail.utm import Convention
from clicktrail.utm.lint import fix_url, lint_url
from clicktrail.utm.personal_data import describe_personal_data
from clicktrail.utm.query import QueryPair

LINK = "https://x.com/?utm_source=email&utm_medium=newsletter&utm_campaign=2026-11_sale&"


def has_finding(parameter: str) -> bool:
    """Whether the only finding about the parameter is personal data, and the link is left."""
    convention = Convention(source="email", medium="newsletter")
    codes = [finding.code for finding in lint_url(LINK + parameter, convention)]
    assert fix_url(LINK + parameter, convention) == LINK + parameter
    return codes == ["personal-data"]


@pytest.mark.parametrize(
    "parameter",
    [
        *(f"utm_content={value}" for value in ("ann@example.com", "ann%40example.com", "ann%2540example.com")),
        *(f"utm_id={value}" for value in ("ann%40example.com", "5f4dcc3b5aa765d61d8327deb882cf99")),
        "utm_term=Ann.Lee%2Bnews%40mail.example.co.uk",
        "utm_content=YW5uQGV4YW1wbGUuY29t",
        "utm_content=YW5uQGV4YW1wbGUuY29t%3D",
        "email=ann%40example.com",
        "utm_content=5F4DCC3B5AA765D61D8327DEB882CF99",
        "utm_content=5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
        "utm_content=973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b",
        "utm_term=01HQXV5Y8Z3J4K5M6N7P8Q9R0S",
        "utm_term=9f1c2b7e-5d3a-4c1e-8b2f-0a6d4e7c9b12",
        "utm_content=_kx",
        "utm_content=profile_id",
        "_kx=Abc.XYZ",
        "profile_id=01",
        "profile_external_id=7",
        "subscriberId=12",
        "mc_eid=12",
    ],
)
def test_personal_data_is_an_error(parameter: str) -> None:
    assert has_finding(parameter)


@pytest.mark.parametrize(
    "pair",
    [
        *(
            "utm_content=header_button",
            "utm_campaign=2026-11_black_friday_50off",
            "utm_term=@brand",
            "utm_id=120210001",
        ),
        *("utm_content=hero@2x", "product=5f4dcc3b5aa765d61d8327deb882cf99", "profile_id=", "user=3", "contact=form"),
        *("utm_id=01HQXV5Y8Z3J4K5M6N7P8Q9R0S", "utm_source=newsletter", "q=a@b", "id=profile_id"),
    ],
)
def test_ordinary_values_are_no_personal_data(pair: str) -> None:
    assert describe_personal_data(QueryPair(pair)) == ""


@pytest.mark.parametrize(
    ("value", "is_personal"),
    [
        *[(value, True) for value in ("{{ person.email }}", "*|EMAIL|*", "%%emailaddr%%", "{{person.KlaviyoID}}")],
        *[(value, True) for value in ("[EMAIL]", "<%= user.id %>", "{{ profile_id }}", "*|UNIQID|*", "{firstName}")],
        *[(value, False) for value in ("{{ campaign.name }}", "*|MC:DATE|*", "[CAMPAIGN]", "{{ user.plan }}")],
    ],
)
def test_merge_tags_that_differ_by_person(value: str, is_personal: bool) -> None:
    url = LINK + f"utm_content={value.replace('%', '%25').replace(' ', '%20')}"
    codes = {finding.code for finding in lint_url(url, Convention(source="email", medium="newsletter"))}
    assert codes == ({"placeholder", "personal-data"} if is_personal else {"placeholder"})
