from pathlib import Path

import pytest
from taking import Desk, rejects

from scheduler.errors import InputError
from scheduler.intake import Cause

pytest_plugins = ["taking"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(desk: Desk) -> None:
    desk.customers("\ufeffid,name\n17,Anna\n")
    assert desk.customer("17").attributes == {"name": "Anna"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_with_the_way_to_utf_8(desk: Desk, encoding: str) -> None:
    with pytest.raises(InputError, match=r"customers.csv is UTF-16, not UTF-8; save it as 'CSV UTF-8', or: iconv"):
        desk.customers("id,name\n17,Anna\n".encode(encoding))


def test_a_nul_byte_costs_its_row_and_no_other(desk: Desk) -> None:
    summary = desk.customers("id,name\n1,An\0na\n2,Bob\n")
    assert rejects(summary) == ["2: nul: name: holds a NUL byte at character 3"]
    assert summary.added == 1


def test_bytes_that_are_not_utf_8_cost_their_row_and_stay_as_they_were_in_the_reject_file(desk: Desk) -> None:
    summary = desk.customers(b"id,name\n1,Andr\xe9s\n2,Bob\n")
    assert rejects(summary) == ["2: not_utf8: name: character 5 is not UTF-8; save the file as UTF-8"]
    assert summary.reject_file is not None
    assert b"1,Andr\xe9s,2," in summary.reject_file.read_bytes()


def test_a_quote_that_is_never_closed_costs_its_own_row_only(desk: Desk) -> None:
    summary = desk.customers('id,name\n1,"Anna\n2,Bob\n3,Cem\n')
    assert rejects(summary) == [
        "2: unclosed_quote: a quote opens here and is not closed up to line 4; "
        "close it, or write a quote within a cell twice"
    ]
    assert summary.added == 2


def test_a_quote_that_runs_into_another_rows_quote_costs_its_own_row_only(desk: Desk) -> None:
    summary = desk.customers('id,name\n1,"Anna\n2,"Bob"\n3,Cem\n')
    assert [line.split(":")[:2] for line in rejects(summary)] == [["2", " unclosed_quote"]]
    assert desk.customer("2").attributes == {"name": "Bob"}


def test_text_after_a_closing_quote_is_named(desk: Desk) -> None:
    summary = desk.customers('id,name\n1,"Anna" Lind\n2,Bob\n')
    assert rejects(summary) == [
        "2: unclosed_quote: text follows a closing quote; a quote within a cell is written twice"
    ]


def test_lines_are_counted_over_cells_of_several_lines(desk: Desk) -> None:
    summary = desk.customers('id,name,address\n1,Anna,"Row 1\nBerlin"\n\n,Bob,"A\nB"\n3,Cem,C\n')
    assert rejects(summary) == ["5: missing: id: is empty"]
    assert desk.customer("1").attributes["address"] == "Row 1\nBerlin"


def test_a_row_with_too_many_or_too_few_cells_is_named_by_its_line(desk: Desk) -> None:
    summary = desk.customers("id,name\n1,Lind, Anna\n2\n3,Cem\n")
    assert rejects(summary) == [
        "2: wrong_width: cells: 3, in the header: 2",
        "3: wrong_width: cells: 1, in the header: 2",
    ]
    assert summary.reject_file is not None
    assert '1,"Lind, Anna",2,' in summary.reject_file.read_text()


def test_a_cell_beyond_all_measure_is_no_unclosed_quote(desk: Desk) -> None:
    summary = desk.customers(f"id,name\n1,{'x' * 200_000}\n2,Bob\n")
    assert summary.causes == {Cause.TOO_LONG: 1}
    assert summary.added == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "customers.csv is empty; its first line should name the columns"),
        ("\n\n", "customers.csv is empty; its first line should name the columns"),
        ("id,name,\n", "customers.csv:1: column 3 has no name"),
        ("id,name,name\n", "customers.csv:1: two columns are called 'name'"),
        ('id,"name\n', "customers.csv:1: the header can't be read: a quote opens here"),
        ("PK\x03\x04xl", "customers.csv is a workbook or an archive; save the sheet as 'CSV UTF-8'"),
        (b"\x1f\x8b\x08", "customers.csv is compressed; unpack it first"),
        ('[{"id": 1}]', "customers.csv is one JSON list; write one object a line instead"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(desk: Desk, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError) as refused:
        desk.customers(content)
    assert str(refused.value).startswith(message)


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    from scheduler.intake import Options, import_customers

    with pytest.raises(InputError, match=r"there is no file .*gone.csv"):
        import_customers(desk.store, desk.folder / "gone.csv", Options(), now=0)


def test_lines_that_are_no_json_objects_are_named_by_their_line(desk: Desk) -> None:
    summary = desk.customers(
        '{"id": 1, "name": "Anna"}\n{"id": 2,\n[3]\n{"id": 4, "id": 5}\n{"id": 6, "tags": ["a"]}\n', "customers.jsonl"
    )
    assert rejects(summary) == [
        "2: not_json: is no JSON: Expecting property name enclosed in double quotes: line 2 column 1 (char 10)",
        '3: not_json: is no JSON object, such as {"id": "17"}',
        "4: not_json: names 'id' twice",
        "5: nested: tags: a list is no single value",
    ]


def test_json_numbers_that_are_none_are_refused(desk: Desk) -> None:
    summary = desk.customers('{"id": 1, "spent": NaN}\n', "customers.jsonl")
    assert summary.causes == {Cause.NO_NUMBER: 1}


def test_a_file_that_only_claims_to_be_parquet_is_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"customers.parquet is called .parquet and is no Parquet file"):
        desk.customers("id\n1\n", "customers.parquet")
    with pytest.raises(InputError, match=r"customers.parquet can't be read as Parquet"):
        desk.customers(b"PAR1 and nothing else PAR1", "customers.parquet")


def test_json_that_is_nested_without_end_costs_its_line(desk: Desk) -> None:
    summary = desk.customers('{"id": ' + "[" * 100_000 + '\n{"id": 2}\n', "customers.jsonl")
    assert (summary.causes, summary.added) == ({Cause.NESTED: 1}, 1)


def test_a_number_of_too_many_digits_is_refused(desk: Desk) -> None:
    summary = desk.customers('{"id": 1, "card": 12345678901234567890}\n', "customers.jsonl")
    assert rejects(summary) == ["1: no_number: card: '12345678901234567890' has too many digits; write it as a text"]


def test_a_header_that_is_not_utf_8_is_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"'stra\\udcdfe' is no name of a column.* is the file UTF-8\?"):
        desk.customers(b"id,stra\xdfe\n1,x\n")


def test_a_header_that_comes_again_is_no_row(desk: Desk) -> None:
    summary = desk.customers("id,name\n1,Anna\nid,name\n2,Bob\n")
    assert rejects(summary) == ["3: header_again: is the header once more"]
    assert summary.added == 2


def test_a_file_of_far_too_many_columns_is_refused_at_once(desk: Desk) -> None:
    header = ",".join(["id", *(f"c{number}" for number in range(100_000))])
    with pytest.raises(InputError, match=r"customers.csv has 100,001 columns; at most 1,000 are taken"):
        desk.customers(f"{header}\n")


@pytest.mark.parametrize("key", ["", "  ", "two\\nlines", "k" * 501])
def test_a_key_that_can_name_nothing_is_refused_with_the_way_out(desk: Desk, key: str) -> None:
    with pytest.raises(InputError, match=r"is no name of a column.*Rename it, or --omit it"):
        desk.customers(f'{{"id": "1", "{key}": 2}}\n', "customers.jsonl")


def test_what_is_no_text_at_all_is_not_shown_at_length(desk: Desk) -> None:
    with pytest.raises(InputError, match="is no name of a column") as caught:
        desk.customers(bytes(range(14, 256)))
    assert len(str(caught.value)) < 400


def test_a_file_without_one_readable_object_says_what_is_wrong_with_its_first_line(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"holds no JSON object; write one a line; customers.jsonl:1: is no JSON"):
        desk.customers('{"id": ' + "9" * 5_000 + "}\n", "customers.jsonl")


def test_a_reject_file_that_can_not_be_written_is_refused_before_anything_is_taken(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be written; name another one"):
        desk.customers("id,email\n1,nonsense\n2,b@example.com\n", reject_file=tmp_path / "nowhere" / "bad.csv")
    assert desk.store.counts().customers == 0
