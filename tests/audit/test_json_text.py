import json

from hypothesis import given
from hypothesis import strategies as st

from clicktrail.audit.json_text import split_objects
from clicktrail.audit.text_lines import read_text_lines

OBJECTS = st.lists(
    st.dictionaries(
        st.text(max_size=4), st.text(st.sampled_from('a{}[]",\\\n é'), max_size=6) | st.integers() | st.none()
    )
)


def split(text: str, *, is_one_object_per_line: bool = False) -> list[tuple[int, str]]:
    lines = text.splitlines(keepends=True)
    return list(split_objects(lines, is_one_object_per_line=is_one_object_per_line))


@given(OBJECTS, st.sampled_from([None, 1]), st.sampled_from(["", ",", "\n", " ,\r\n", "\x1e"]))
def test_objects_are_found_however_they_are_separated(
    objects: list[dict[str, object]], indent: int | None, separator: str
) -> None:
    texts = [json.dumps(value, indent=indent) for value in objects]
    for begin, end in (("", ""), ("[", "]"), ("[\n", "\n]\n")):
        found = split_objects([f"{begin}{separator.join(texts)}{end}"], is_one_object_per_line=False)
        assert [json.loads(text) for _, text in found] == objects


@given(OBJECTS, st.integers(1, 5))
def test_text_may_be_cut_anywhere(objects: list[dict[str, object]], size: int) -> None:
    text = json.dumps(objects)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert [json.loads(found) for _, found in split_objects(pieces, is_one_object_per_line=False)] == objects


def test_numbers_are_those_of_first_lines() -> None:
    assert split('[\n{"a":\n1},\n{"b": 2}]\n') == [(2, '{"a":\n1}'), (4, '{"b": 2}')]
    assert split('[\n \r\n{"a":\n\n1},\n\n{"b": 2}]\n') == [(3, '{"a":\n1}'), (7, '{"b": 2}')]


def test_damage_is_contained_in_its_line() -> None:
    text = 'ck"}\n{"a": 1}\n{"b": \n{"c": 3}\n'
    assert split(text, is_one_object_per_line=True) == [(1, 'ck"}'), (2, '{"a": 1}'), (3, '{"b": \n'), (4, '{"c": 3}')]


def test_object_without_end_is_yielded() -> None:
    assert split('[{"a": 1}, {"b": "x') == [(1, '{"a": 1}'), (1, '{"b": "x')]


def test_array_in_one_very_long_line_is_read_in_pieces() -> None:
    objects = [{"text": "}é" * 10, "number": number} for number in range(60_000)]
    content = json.dumps(objects, ensure_ascii=False).encode()
    chunks = (content[start : start + 65_536] for start in range(0, len(content), 65_536))
    lines = list(read_text_lines(chunks, on_guess=lambda _: None, on_unreadable=lambda _, __: None))
    assert len(lines) > 1
    assert [json.loads(text) for _, text in split_objects(lines, is_one_object_per_line=False)] == objects
