import pytest

from clicktrail.rewrite.content_headers import parse_parameterized_value


@pytest.mark.parametrize(
    ("field", "value", "parameters"),
    [
        ("Text/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        ('text/html; charset="utf-8"; format=flowed', "text/html", {"charset": "utf-8", "format": "flowed"}),
        ('multipart/mixed; boundary="a;b \\"c\\""', "multipart/mixed", {"boundary": 'a;b "c"'}),
        ("text/plain;charset = us-ascii (plain)", "text/plain", {"charset": "us-ascii"}),
        ("text/plain (comment) ; a=1; a=2", "text/plain", {"a": "1"}),
        ("text/plain; charset", "text/plain", {}),
        ('text/plain; name="; charset=no', "text/plain", {"name": "", "charset": "no"}),
        ("", "", {}),
        ("(a) text/plain(b; c); (d) x (e) = (f) y (g)", "text/plain", {"x": "y"}),
        ('text/plain; a="(b)"; c=d(e)', "text/plain", {"a": "(b)", "c": "d(e)"}),
        ("text/plain ((a) (b; x=1)); y=2", "text/plain", {"y": "2"}),
        (r"text/plain (\) \(); y=2", "text/plain", {"y": "2"}),
        ("text/plain (a; y=2", "text/plain (a", {"y": "2"}),
    ],
)
def test_parameters_are_parsed(field: str, value: str, parameters: dict[str, str]) -> None:
    parsed = parse_parameterized_value(field)
    assert (parsed.value, parsed.parameters) == (value, parameters)
