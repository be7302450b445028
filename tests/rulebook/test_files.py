"""Which files of a workspace are read, and what is said of those that can't be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rulebook_shop import FILES

from scheduler.rulebook.findings import Finding
from scheduler.rulebook.reader import read_rulebook, read_test_texts, read_texts

LATIN = os.fsdecode(b"caf\xe9")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for file, text in FILES.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    return tmp_path


def told(findings: list[Finding]) -> list[str]:
    return [f"{one.place.file} {one.code}: {one.message}; {one.way_out}" for one in findings]


def test_a_workspace_without_tests_has_nothing_to_be_told_of_them(workspace: Path) -> None:
    assert read_test_texts(workspace) == ({}, [])


def test_tests_are_read_from_folders_below_too(workspace: Path) -> None:
    (workspace / "rules/tests/asks").mkdir(parents=True)
    (workspace / "rules/tests/asks/review.yaml").write_text("tests: []\n")
    assert read_test_texts(workspace) == ({"rules/tests/asks/review.yaml": "tests: []\n"}, [])


def test_a_file_where_the_tests_should_be_is_told(workspace: Path) -> None:
    (workspace / "rules/tests").write_text("tests: []\n")
    assert told(read_test_texts(workspace)[1]) == [
        "rules/tests unreadable: the folder can't be looked into: Not a directory; let it be a folder that can be read"
    ]


@pytest.mark.parametrize(("target", "cause"), [("tests", "Too many levels of symbolic links"), ("nowhere", "No such")])
def test_a_link_that_leads_to_no_tests_is_told(workspace: Path, target: str, cause: str) -> None:
    (workspace / "rules/tests").symlink_to(target)
    (only,) = told(read_test_texts(workspace)[1])
    assert only.startswith(f"rules/tests unreadable: the folder can't be looked into: {cause}")


@pytest.mark.parametrize("folder", ["rules", "templates"])
def test_rules_and_templates_that_can_not_be_looked_into_are_told(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).write_text("")
    assert [one.partition(":")[0] for one in told(read_texts(tmp_path)[1])] == [f"{folder} unreadable"]


@pytest.mark.parametrize("file", [f"rules/{LATIN}.yaml", f"templates/{LATIN}.email.md"])
def test_a_name_that_is_no_text_is_told_and_its_file_left_out(workspace: Path, file: str) -> None:
    (workspace / file).write_text("---\nsubject: Hi\n---\nHello\n")
    book, findings = read_rulebook(workspace)
    shown = file.replace(LATIN, "caf\N{REPLACEMENT CHARACTER}")
    assert told(findings) == [f"{shown} unreadable: the file's name can't be read; rename it in plain letters"]
    assert book.version == read_rulebook(workspace)[0].version
    assert list(book.rules) == ["welcome"]


def test_a_template_that_is_a_broken_link_is_told(workspace: Path) -> None:
    (workspace / "templates/welcome.email.de.md").symlink_to("nowhere")
    (only,) = told(read_rulebook(workspace)[1])
    assert only.startswith("templates/welcome.email.de.md unreadable: the file can't be read: No such file")


def test_a_folder_that_is_called_like_a_template_is_told(workspace: Path) -> None:
    (workspace / "templates/welcome.email.de.md").mkdir()
    (only,) = told(read_rulebook(workspace)[1])
    assert only.startswith("templates/welcome.email.de.md unreadable: the file can't be read: Is a directory")


@pytest.mark.parametrize("file", ["rules/.#shop.yaml", "rules/._shop.yaml", "templates/.#welcome.email.md"])
def test_what_editors_and_machines_hide_is_nobodys_rule(workspace: Path, file: str) -> None:
    before = read_rulebook(workspace)[0].version
    (workspace / file).symlink_to("nowhere")
    book, findings = read_rulebook(workspace)
    assert (book.version, findings) == (before, [])


def test_hidden_tests_are_not_read(workspace: Path) -> None:
    (workspace / "rules/tests/.old").mkdir(parents=True)
    (workspace / "rules/tests/.old/asks.yaml").write_text("tests: x\n")
    (workspace / "rules/tests/.#asks.yaml").symlink_to("nowhere")
    assert read_test_texts(workspace) == ({}, [])
