from __future__ import annotations

from pathlib import Path

from typing_commands import Run


def test_a_new_workspace_passes_its_own_check(tmp_path: Path, run: Run) -> None:
    assert run(tmp_path / "new", "init").exit_code == 0
    assert "all is well" in run(tmp_path / "new", "check").stdout


def test_the_folder_may_be_named_as_an_argument(tmp_path: Path, run: Run) -> None:
    run(tmp_path, "init", str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "rules" / "house_rules.yaml").exists()


def test_where_a_file_is_in_the_way_nothing_is_written(tmp_path: Path, run: Run) -> None:
    (tmp_path / "rightreason.toml").write_text("# mine\n")
    result = run(tmp_path, "init")
    assert result.exit_code == 2
    assert "is there already; nothing was written" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rightreason.toml"]


def test_where_a_file_can_not_be_written_none_is_left(tmp_path: Path, run: Run) -> None:
    (tmp_path / "templates").write_text("in the way")
    result = run(tmp_path, "init")
    assert result.exit_code == 2
    assert "so nothing is left there" in result.stderr
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["templates"]
