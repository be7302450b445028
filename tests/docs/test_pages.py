import pytest
from pages import is_as_told


@pytest.mark.parametrize(
    ("lines", "so"),
    [
        (["one", "two", "three"], True),
        (["one", "three"], False),
        (["one", "two"], False),
        (["two", "three"], False),
        (["one", "…", "three"], True),
        (["…", "two", "…"], True),
        (["…", "three"], True),
        (["one", "…", "two", "three"], True),
        (["three", "…", "one"], False),
    ],
)
def test_what_a_page_leaves_out_it_says_to_leave_out(lines: list[str], so: bool) -> None:
    assert is_as_told(lines, "one\ntwo\nthree\n") is so
