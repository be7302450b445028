from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.errors import StoreError
from scheduler.settings import SECRET_FILE
from scheduler.workspace import open_workspace


def test_a_database_is_made_on_first_use(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as workspace:
        assert workspace.store.rulebooks.active() is None
    assert (tmp_path / "rightreason.db").exists()


def test_a_database_that_must_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no database"):
        open_workspace(tmp_path, create=False)


def test_delivering_by_file_is_another_workspace_with_the_same_store(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as workspace:
        assert workspace.by_file().settings.deliver_by == "file"
        assert workspace.settings.deliver_by == "real"
        assert workspace.by_file().store is workspace.store


def test_a_new_signing_key_leaves_the_hashes_of_erased_addresses_as_they_are(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as workspace:
        pepper = workspace.store.pepper
    keys = tmp_path / SECRET_FILE
    keys.write_text("a newer key\n" + keys.read_text())
    with open_workspace(tmp_path) as workspace:
        assert workspace.store.pepper == pepper
