from __future__ import annotations

from pathlib import Path

from pages import blocks

from scheduler.settings import load_settings
from scheduler.web.pages.exit_interview import REASONS
from scheduler.web.pages.forms import LONGEST_COMMENT
from scheduler.web.pages.preferences import BREAKS
from scheduler.web.pages.routes import pages as all_pages
from scheduler.web.pages.visit import SETTLES
from scheduler.web.site import Site
from scheduler.workspace import open_workspace

PAGE = (Path(__file__).parents[2] / "docs" / "pages.md").read_text(encoding="utf-8")


def test_the_settings_of_the_page_can_be_used(tmp_path: Path) -> None:
    (written,) = blocks(PAGE, "toml")
    (tmp_path / "rightreason.toml").write_text(written, encoding="utf-8")
    assert load_settings(tmp_path).brand.pages == {"care": "https://www.crumb.example/care"}


def test_every_page_is_told_of(tmp_path: Path) -> None:
    with open_workspace(tmp_path) as workspace:
        kinds = all_pages(Site(workspace, lambda: 0))
    for kind in kinds:
        start, _, name = kind.partition("/")
        assert (f'`links.{start}("{name}")`' if name else f"`links.{start}`") in PAGE


def test_the_figures_and_reasons_are_those_that_hold() -> None:
    assert f"up to {LONGEST_COMMENT:,} characters" in PAGE
    assert f"{BREAKS[0]} or {BREAKS[1]} days" in PAGE
    assert f"({SETTLES:.0f} seconds at the longest)" in PAGE
    assert ", ".join(f"`{reason}`" for reason in REASONS[:-1]) + f" and `{REASONS[-1]}`" in PAGE
