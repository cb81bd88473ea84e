"""A short run of what ./dev fuzz does for as long as one likes."""

from hypothesis import given, settings

from tests.support.invariants import check_html, check_message, check_text
from tests.support.mutated_mail import bent_html, bent_messages, bent_texts, enclosed_bodies

few = settings(max_examples=300)


@few
@given(bent_html())
def test_bent_html(html: str) -> None:
    check_html(html)


@few
@given(bent_texts())
def test_bent_text(text: str) -> None:
    check_text(text)


@few
@given(bent_messages() | enclosed_bodies())
def test_bent_messages(raw: bytes) -> None:
    check_message(raw)
