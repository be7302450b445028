from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from keeping import AT_ONCE, CHECK_IN, rulebook

from scheduler.planning.folder import Folder, InFolder, Watch, rules_in
from scheduler.rulebook.model import Rulebook

ACTIVE = rulebook(CHECK_IN).version


def lay_down(folder: Path, book: Rulebook) -> None:
    for path, text in book.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lay_down(tmp_path, rulebook(CHECK_IN))
    return tmp_path


def test_the_same_files_are_the_same_rules(folder: Path) -> None:
    assert rules_in(folder, ACTIVE).state is Folder.SAME


def test_other_words_in_a_template_are_other_rules(folder: Path) -> None:
    (folder / "templates/words.email.md").write_text("---\nsubject: Hi\n---\nHello\n")
    assert rules_in(folder, ACTIVE).state is Folder.DIFFERS


def test_a_file_that_is_saved_by_half_is_broken_with_its_place(folder: Path) -> None:
    whole = (folder / "rules/all.yaml").read_text()
    (folder / "rules/all.yaml").write_text(whole[: whole.index("[email]") + 3])
    found = rules_in(folder, ACTIVE)
    assert found.state is Folder.BROKEN
    assert found.errors > 0
    assert found.detail.startswith("rules/all.yaml:")


def test_a_missing_template_is_broken(folder: Path) -> None:
    (folder / "templates/words.email.md").unlink()
    found = rules_in(folder, ACTIVE)
    assert found.state is Folder.BROKEN
    assert "words" in found.detail


def test_a_folder_that_was_deleted_is_broken(folder: Path) -> None:
    shutil.rmtree(folder / "rules")
    found = rules_in(folder, ACTIVE)
    assert found.state is Folder.BROKEN
    assert "rules can't be looked into: No such file or directory" in found.detail


def test_a_watch_has_no_news_of_rules_that_are_active(folder: Path) -> None:
    assert Watch(folder).news(ACTIVE) is None


def test_a_watch_says_a_thing_once(folder: Path) -> None:
    watch = Watch(folder)
    (folder / "rules/all.yaml").write_text("rules: [")
    first = watch.news(ACTIVE)
    assert first is not None
    assert first.state is Folder.BROKEN
    assert watch.news(ACTIVE) is None


def test_a_watch_that_sees_another_save_with_the_same_mistake_says_nothing_again(folder: Path) -> None:
    watch = Watch(folder)
    (folder / "rules/all.yaml").write_text("rules: [")
    watch.news(ACTIVE)
    (folder / "rules/house_rules.yaml").write_text("timezone: Europe/Paris\n")
    assert watch.news(ACTIVE) is None


def test_a_watch_says_when_all_is_well_again(folder: Path) -> None:
    watch = Watch(folder)
    lay_down(folder, rulebook(CHECK_IN + AT_ONCE))
    assert [one and one.state for one in (watch.news(ACTIVE), watch.news(ACTIVE))] == [Folder.DIFFERS, None]
    lay_down(folder, rulebook(CHECK_IN))
    assert [one and one.state for one in (watch.news(ACTIVE), watch.news(ACTIVE))] == [Folder.SAME, None]


def test_a_watch_looks_again_when_other_rules_become_active(folder: Path) -> None:
    watch = Watch(folder)
    assert watch.news(ACTIVE) is None
    news = watch.news(rulebook(AT_ONCE).version)
    assert news is not None
    assert news.state is Folder.DIFFERS


def test_a_name_that_is_no_text_is_broken_with_its_place(folder: Path) -> None:
    (folder / os.fsdecode(b"templates/caf\xe9.email.md")).write_text("Hello\n")
    found = rules_in(folder, ACTIVE)
    assert found.state is Folder.BROKEN
    assert found.detail.endswith(".email.md:1:1: the file's name can't be read")


def test_whatever_is_in_the_folder_is_broken_at_worst() -> None:
    assert rules_in(Path("no\0folder"), ACTIVE) == InFolder(Folder.BROKEN, "ValueError: embedded null byte")
