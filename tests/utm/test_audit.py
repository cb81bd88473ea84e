import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.utm import Convention
from clicktrail.utm.audit import VariantReason, audit_rows
from clicktrail.utm.export import ExportRow
from tests.support.paths import CORPUS

CONVENTION = Convention(source="email", medium="newsletter")


def rows(parameter: str, **sessions: int) -> list[ExportRow]:
    """One line for each value; a name is a value with ``__`` for a space and ``_1_`` for a hyphen."""
    return [
        ExportRow(utm_values={parameter: name.replace("__", " ").replace("_1_", "-")}, sessions=count)
        for name, count in sessions.items()
    ]


def found(parameter: str, **sessions: int) -> dict[str, tuple[str, str]]:
    """What each variant should be, and why."""
    variants = audit_rows(rows(parameter, **sessions), CONVENTION).variants
    return {variant.value: (variant.canonical, variant.reason) for variant in variants}


def test_variants_of_a_known_value() -> None:
    assert {
        "Email": ("email", "spelling"),
        "EMAIL": ("email", "spelling"),
        "E-mail": ("email", "spelling"),
        "email_marketing": ("email", "synonym"),
        "emial": ("email", "typo"),
        "mail": ("email", "synonym"),
        "mailing": ("email", "synonym"),
    } == found(
        *["utm_source"],
        email=1,
        Email=9,
        EMAIL=9,
        E_1_mail=9,
        email_marketing=9,
        emial=9,
        gmail=9,
        google=9,
        mail=9,
        mailing=9,
        direct_mail=9,
    )


def test_mail_is_email_without_a_convention_of_it() -> None:
    assert found("utm_medium", email=50, mail=9, direct_mail=3) == {"mail": ("email", "synonym")}


def audit_pairs(*pairs: tuple[str, str]) -> list[tuple[str, str, str, str]]:
    """Audit rows of source and medium."""
    export = [ExportRow(utm_values={"utm_source": pair[0], "utm_medium": pair[1]}, sessions=5) for pair in pairs]
    variants = audit_rows(export, CONVENTION).variants
    return [(variant.parameter, variant.value, variant.canonical, variant.reason) for variant in variants]


def test_swapped_source_and_medium() -> None:
    swapped = "utm_source / utm_medium"
    assert audit_pairs(
        *[("newsletter", "email"), ("Newsletter", "E-Mail"), ("drip", "mail"), ("email", "newsletter")],
        *[("newsletter", "newsletter"), ("email", "email"), ("klaviyo", "email"), ("newsletter", "social")],
    ) == [
        (swapped, "drip / mail", "email / drip", "swapped"),
        (swapped, "Newsletter / E-Mail", "email / newsletter", "swapped"),
        (swapped, "newsletter / email", "email / newsletter", "swapped"),
    ]


def test_swapped_rows_are_inconsistent() -> None:
    row = ExportRow(utm_values={"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "Sale"}, sessions=5)
    result = audit_rows([row], CONVENTION)
    assert (result.inconsistent_rows, result.inconsistent_sessions) == (1, 5)
    assert [variant.parameter for variant in result.variants] == ["utm_source / utm_medium", "utm_campaign"]


def test_variants_of_an_unknown_value() -> None:
    assert {"Spring Sale": ("spring_sale", "spelling"), "SpringSale": ("spring_sale", "spelling")} == found(
        "utm_campaign", Spring__Sale=90, spring_sale=5, SpringSale=1
    )
    assert {"Spring Sale": ("spring_sale", "spelling")} == found("utm_campaign", Spring__Sale=1)


def test_a_slip_is_rare() -> None:
    assert {"sumer_sale": ("summer_sale", VariantReason.TYPO)} == found("utm_campaign", summer_sale=50, sumer_sale=9)
    assert {} == found("utm_campaign", summer_sale=50, sumer_sale=10)
    assert {} == found("utm_campaign", part_10=50, part_11=1, variant_a=50, variant_b=1)


def test_without_sessions_rows_count() -> None:
    many = rows("utm_campaign", summer_sale=0) * 6
    assert [("sumer_sale", "summer_sale")] == [
        (variant.value, variant.canonical)
        for variant in audit_rows([*many, *rows("utm_campaign", sumer_sale=0)], CONVENTION).variants
    ]


def test_shares_count_lines_once() -> None:
    result = audit_rows(
        [
            ExportRow(utm_values={"utm_source": "Email", "utm_medium": "News-Letter"}, sessions=30),
            ExportRow(utm_values={"utm_source": "email", "utm_medium": "newsletter"}, sessions=70),
        ],
        CONVENTION,
    )
    assert (2, 100, 1, 30) == (result.rows, result.sessions, result.inconsistent_rows, result.inconsistent_sessions)
    assert ["utm_source", "utm_medium"] == [variant.parameter for variant in result.variants]


texts = st.text(alphabet="aAbB1 -_é", max_size=9) | st.sampled_from(["email", "Emial", "newsletter", "E-Mail"])


@given(st.lists(st.tuples(st.sampled_from(["utm_source", "utm_medium", "utm_campaign"]), texts, st.integers(0, 9))))
def test_a_mapped_export_is_consistent(lines: list[tuple[str, str, int]]) -> None:
    export = [ExportRow(utm_values={parameter: value}, sessions=count) for parameter, value, count in lines]
    mapping = {(v.parameter, v.value): v.canonical for v in audit_rows(export, CONVENTION).variants}
    mapped = [
        ExportRow(
            utm_values={name: mapping.get((name, value), value) for name, value in row.utm_values.items()},
            sessions=row.sessions,
        )
        for row in export
    ]
    assert [] == [
        variant for variant in audit_rows(mapped, CONVENTION).variants if variant.reason is not VariantReason.TYPO
    ]


EXPORTS = CORPUS / "utm" / "rittmananalytics+ra_data_warehouse" / "data"


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="../shared/corpus/utm is not here")
def test_a_real_list_of_mediums() -> None:
    with (EXPORTS / "marketing_channel_mapping.csv").open(newline="", encoding="utf-8") as file:
        mediums = [line["medium"] for line in csv.DictReader(file)]
    variants = audit_rows(
        [ExportRow(utm_values={"utm_medium": medium}, sessions=1) for medium in mediums if medium], CONVENTION
    ).variants
    assert variants
    assert {VariantReason.SPELLING, VariantReason.SYNONYM} >= {variant.reason for variant in variants}
