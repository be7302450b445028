from __future__ import annotations

import json
from pathlib import Path

import pytest
from rulebook_shop import FILES

from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.rulebook.tree_cache import TreeCache

TEXT = "a: [1, two, {b: null}]\n"


def test_a_cached_rulebook_equals_one_that_was_parsed(tmp_path: Path) -> None:
    fresh = rulebook_from_texts(FILES)
    first = rulebook_from_texts(FILES, cache=tmp_path)
    second = rulebook_from_texts(FILES, cache=tmp_path)
    assert first == second == fresh


def test_a_tree_is_taken_from_the_folder(tmp_path: Path) -> None:
    first = TreeCache(tmp_path)
    parsed = first.tree("r.yaml", TEXT)
    first.save()
    stored = json.loads((tmp_path / "rules.json").read_text(encoding="utf-8"))
    assert (len(stored), TreeCache(tmp_path).tree("r.yaml", TEXT)) == (1, parsed)


def test_a_tree_belongs_to_its_text_and_not_to_its_file(tmp_path: Path) -> None:
    first = TreeCache(tmp_path)
    first.tree("r.yaml", TEXT)
    first.save()
    node, _ = TreeCache(tmp_path).tree("other.yaml", TEXT)
    assert node is not None
    assert node.place.file == "other.yaml"


def test_two_versions_of_a_file_do_not_push_each_other_out(tmp_path: Path) -> None:
    for text in ("a: 1", "a: 2"):
        trees = TreeCache(tmp_path)
        trees.tree("r.yaml", text)
        trees.save()
    assert len(json.loads((tmp_path / "rules.json").read_text(encoding="utf-8"))) == 2


def test_the_oldest_trees_make_room_for_new_ones(tmp_path: Path) -> None:
    for start in (0, 150):
        trees = TreeCache(tmp_path)
        for number in range(start, start + 150):
            trees.tree("r.yaml", f"a: {number}")
        trees.save()
    values = [tree[3][0][3][3] for tree in json.loads((tmp_path / "rules.json").read_text(encoding="utf-8")).values()]
    assert values == list(range(100, 300))


def test_a_file_with_findings_is_read_again_each_time(tmp_path: Path) -> None:
    for _ in range(2):
        trees = TreeCache(tmp_path)
        assert [finding.code for finding in trees.tree("r.yaml", "a: 1\na: 2")[1]] == ["duplicate-key"]
        trees.save()


@pytest.mark.parametrize(
    "damage",
    ["", "nonsense", "[]", "[" * 100_000, '{"KEY": 1}', '{"KEY": [1, 1, "scalar", {}]}', '{"KEY": [1, 1, "odd", 1]}'],
)
def test_a_damaged_cache_is_parsed_anew(tmp_path: Path, damage: str) -> None:
    trees = TreeCache(tmp_path)
    parsed = trees.tree("r.yaml", TEXT)
    trees.save()
    (key,) = json.loads((tmp_path / "rules.json").read_text(encoding="utf-8"))
    (tmp_path / "rules.json").write_text(damage.replace("KEY", key), encoding="utf-8")
    assert TreeCache(tmp_path).tree("r.yaml", TEXT) == parsed


def test_a_folder_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    trees = TreeCache(tmp_path / "taken")
    trees.tree("r.yaml", TEXT)
    trees.save()
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "a file"
