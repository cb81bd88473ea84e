"""A short run of the checks of `./dev fuzz`."""

from hypothesis import given, settings

from tests.support.invariants import check_html, check_message, check_text
from tests.support.mutated_mail import encoded_messages, mutated_html, mutated_messages, mutated_texts

few = settings(max_examples=300)


@few
@given(mutated_html())
def test_invariants_of_mutated_html(html: str) -> None:
    check_html(html)


@few
@given(mutated_texts())
def test_invariants_of_mutated_text(text: str) -> None:
    check_text(text)


@few
@given(mutated_messages() | encoded_messages())
def test_invariants_of_mutated_messages(raw: bytes) -> None:
    check_message(raw)
