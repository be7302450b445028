from __future__ import annotations

import pytest

from scheduler.rulebook.findings import Finding
from scheduler.rulebook.model import Place
from scheduler.rulebook.nodes import ListNode, MappingNode, ScalarNode, places, plain
from scheduler.rulebook.yaml_text import LARGEST, decode, parse


def only(text: str) -> Finding:
    _, findings = parse("r.yaml", text)
    (finding,) = findings
    return finding


@pytest.mark.parametrize(
    "written",
    [
        "10:00",
        "no",
        "yes",
        "on",
        "off",
        "y",
        "n",
        "2026-03-01",
        "2026-03-01 09:00",
        "1_000",
        "0777x",
        "1e",
        "=",
        "<",
        "0b1",
    ],
)
def test_what_other_readers_take_for_something_else_stays_text(written: str) -> None:
    node, findings = parse("r.yaml", f"key: {written}")
    assert (plain(node) if node else None, findings) == ({"key": written}, [])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'7'", "7"),
        ('"true"', "true"),
        ("''", ""),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        (">\n  one\n  line\n", "one line\n"),
    ],
)
def test_a_value_is_of_the_kind_that_yaml_1_2_says(written: str, value: object) -> None:
    node, _ = parse("r.yaml", f"key: {written}")
    assert node is not None
    read = plain(node)["key"]
    assert (read, type(read)) == (value, type(value))


def test_keys_are_text_whatever_they_look_like() -> None:
    node, _ = parse("r.yaml", "no: 1\n10:00: 2\n7: 3\ntrue: 4\nnull: 5\n")
    assert node is not None
    assert list(plain(node)) == ["no", "10:00", "7", "true", "null"]


def test_each_key_and_value_knows_its_place() -> None:
    node, _ = parse("r.yaml", "# a comment\na:\n  - b: {c: d}\n")
    assert isinstance(node, MappingNode)
    entry = node.entries["a"]
    assert (entry.place, node.place) == (Place("r.yaml", 2, 1), Place("r.yaml", 2, 1))
    assert isinstance(entry.value, ListNode)
    inner = entry.value.items[0]
    assert isinstance(inner, MappingNode)
    assert inner.entries["b"].place == Place("r.yaml", 3, 5)
    c = inner.entries["b"].value
    assert isinstance(c, MappingNode)
    assert (c.entries["c"].place, c.entries["c"].value) == (
        Place("r.yaml", 3, 9),
        ScalarNode(Place("r.yaml", 3, 12), "d"),
    )


def test_places_are_named_by_dotted_paths_that_count_from_one() -> None:
    node, _ = parse("r.yaml", "a: [x, {b: y}]\n")
    assert node is not None
    assert [path for path, _ in places(node)] == ["a", "a.1", "a.2", "a.2.b"]


def test_windows_line_ends_count_once() -> None:
    node, _ = parse("r.yaml", "a: 1\r\nb: 2\r\n")
    assert isinstance(node, MappingNode)
    assert node.entries["b"].place == Place("r.yaml", 2, 1)


def test_wide_characters_count_as_one_column() -> None:
    node, _ = parse("r.yaml", "{名前: 購入後, b: 1}")
    assert isinstance(node, MappingNode)
    assert node.entries["b"].place == Place("r.yaml", 1, 11)


def test_a_billion_laughs_end_at_the_first() -> None:
    laughs = 'a: &a ["lol", "lol"]\n' + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert (only(laughs).code, only(laughs).place.line) == ("alias", 1)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_ends_at_its_limit_whatever_the_depth(opening: str) -> None:
    assert only(opening * 50_000).code == "too-large"


def test_nesting_up_to_the_limit_is_read() -> None:
    node, findings = parse("r.yaml", "[" * 32 + "]" * 32)
    assert (node is not None, findings) == (True, [])


def test_a_file_over_a_megabyte_is_refused_before_it_is_parsed() -> None:
    assert only("#" * (LARGEST + 1)).code == "too-large"


def test_size_is_counted_in_bytes() -> None:
    assert only("#" + "語" * (LARGEST // 3 + 1)).code == "too-large"


def test_all_duplicate_keys_are_told_at_once() -> None:
    _, findings = parse("r.yaml", "a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [(finding.code, finding.place.line) for finding in findings] == [("duplicate-key", 2), ("duplicate-key", 3)]


def test_of_a_duplicate_key_the_first_is_kept() -> None:
    node, _ = parse("r.yaml", "a: 1\na: 2\n")
    assert node is not None
    assert plain(node) == {"a": 1}


@pytest.mark.parametrize("written", [".inf", "-.INF", ".nan", "1e400", "9" * 30, "9" * 5_000])
def test_numbers_that_nobody_can_count_with_are_refused(written: str) -> None:
    assert only(f"a: {written}").code == "bad-number"


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff", "\ud800"])
def test_characters_that_have_no_place_in_a_text_are_refused_where_they_stand(character: str) -> None:
    finding = only(f"a: 1\nb: x{character}")
    assert (finding.code, finding.place) == ("bad-character", Place("r.yaml", 2, 5))


@pytest.mark.parametrize("escape", ["\\0", "\\a", "\\e", "\\ud800", "\\x1b", "\\L"])
def test_escapes_bring_no_such_character_in(escape: str) -> None:
    finding = only(f'a: "x{escape}"')
    assert (finding.code, finding.place) == ("bad-character", Place("r.yaml", 1, 4))


def test_a_byte_order_mark_is_told() -> None:
    _, (finding,) = decode("r.yaml", b"\xef\xbb\xbfa: 1")
    assert (finding.code, finding.message) == ("bad-encoding", "the file begins with a byte order mark")


def test_utf_16_is_told() -> None:
    _, (finding,) = decode("r.yaml", "a: 1".encode("utf-16"))
    assert finding.message == "the file is UTF-16"


def test_a_byte_of_another_encoding_is_told_where_it_stands() -> None:
    _, (finding,) = decode("r.yaml", "a: 1\nb: é".encode("latin-1"))
    assert (finding.message, finding.place) == ("byte 0xe9 is not UTF-8", Place("r.yaml", 2, 4))
