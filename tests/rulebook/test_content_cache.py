from __future__ import annotations

import json
from pathlib import Path

import pytest

from scheduler.rulebook.content_cache import ContentCache, digest


def stored(path: Path, **entries: object) -> Path:
    cache = ContentCache(path)
    for key, value in entries.items():
        cache.keep(key, value)
    cache.save()
    return path


def test_what_was_kept_is_there_in_the_next_run(tmp_path: Path) -> None:
    assert ContentCache(stored(tmp_path / "new" / "kept.json", one=[1, "two"])).get("one") == [1, "two"]


def test_what_was_not_kept_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        ContentCache(tmp_path / "kept.json").get("one")


def test_the_latest_value_counts(tmp_path: Path) -> None:
    path = stored(stored(tmp_path / "kept.json", one=1, two=2), one=3)
    assert (ContentCache(path).get("one"), ContentCache(path).get("two")) == (3, 2)


def test_what_was_used_stays_and_the_oldest_of_the_rest_makes_room(tmp_path: Path) -> None:
    path = stored(tmp_path / "kept.json", one=1, two=2, three=3)
    cache = ContentCache(path, most=3)
    cache.get("one")
    cache.keep("four", 4)
    cache.save()
    assert json.loads(path.read_text(encoding="utf-8")) == {"three": 3, "one": 1, "four": 4}


def test_where_more_was_used_than_there_is_room_for_only_that_is_kept(tmp_path: Path) -> None:
    path = stored(tmp_path / "kept.json", one=1)
    cache = ContentCache(path, most=1)
    cache.keep("two", 2)
    cache.keep("three", 3)
    cache.save()
    assert json.loads(path.read_text(encoding="utf-8")) == {"two": 2, "three": 3}


@pytest.mark.parametrize("written", ["", "[1]", "{", "\udcff", "[" * 100_000])
def test_a_file_that_is_something_else_is_written_anew(tmp_path: Path, written: str) -> None:
    path = tmp_path / "kept.json"
    path.write_text(written, encoding="utf-8", errors="surrogateescape")
    assert ContentCache(stored(path, one=1)).get("one") == 1


def test_a_folder_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    stored(tmp_path / "file" / "kept.json", one=1)


def test_other_parts_make_another_digest() -> None:
    assert len({digest("a", "b"), digest("ab"), digest("a", "b", ""), digest("", "a", "b"), digest("a\0b")}) == 5
