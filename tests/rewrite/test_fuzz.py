"""A short run of what ./dev fuzz does for as long as one likes."""

from hypothesis import given, settings

from tests.support.invariants import check_html, check_message, check_text
from tests.support.mutated_mail import encoded_messages, mutated_html, mutated_messages, mutated_texts

few = settings(max_examples=300)


@few
@given(mutated_html())
def test_bent_html(html: str) -> None:
    check_html(html)


@few
@given(mutated_texts())
def test_bent_text(text: str) -> None:
    check_text(text)


@few
@given(mutated_messages() | encoded_messages())
def test_bent_messages(raw: bytes) -> None:
    check_message(raw)
