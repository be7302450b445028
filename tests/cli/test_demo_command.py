from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import Result
from typing_commands import Run


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    from typing_commands import run_in

    folder = tmp_path_factory.mktemp("demo") / "shop"
    return folder, run_in(folder, "demo", str(folder))


def test_the_story_is_told_to_its_end(told: tuple[Path, Result]) -> None:
    _, result = told
    assert result.exit_code == 0, result.stderr
    headings = ("A shop opens", "Its facts come in", "Its rules are checked", "A month passes", "Now you")
    assert [heading for heading in headings if heading not in result.stdout] == []


def test_the_mails_lie_where_the_story_says(told: tuple[Path, Result]) -> None:
    folder, result = told
    mails = list((folder / "outbox").glob("*.eml"))
    assert f"{len(mails)} mails lie in {folder / 'outbox'}" in result.stdout


def test_a_contact_and_a_silence_are_explained(told: tuple[Path, Result]) -> None:
    _, result = told
    _, contact = result.stdout.split("Why was Amara asked", 1)
    contact, silence = contact.split("And why was", 1)
    assert "referral_ask: sent by email" in contact
    assert "    no  " not in contact
    assert "    no  blocked.unresolved" in silence


def test_what_it_says_to_type_next_works(told: tuple[Path, Result], run: Run) -> None:
    folder, result = told
    for line in result.stdout.partition("Now you")[2].splitlines():
        for command in line.partition("rightreason ")[2].split(" && rightreason "):
            if command and not command.startswith("init"):
                assert run(folder, *command.split()).exit_code == 0, command


def test_a_folder_that_is_not_empty_is_refused(empty: Path, run: Run) -> None:
    assert run(empty, "demo", str(empty)).exit_code == 2


@pytest.mark.parametrize("on_path", [True, False])
def test_where_the_command_is_not_on_the_path_it_says_how_to_put_it_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], on_path: bool
) -> None:
    from scheduler.cli.demo import _say_what_next

    beside = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{beside}:/usr/bin" if on_path else "/usr/bin")
    _say_what_next(Path("/tmp/shop"))  # noqa: S108 - only named
    told = capsys.readouterr().out.partition("Now you")[2].split("\n")
    (export,) = [line for line in told if "export PATH" in line] or [""]
    assert export.endswith("" if on_path else f'export PATH="{beside}:$PATH"')
    assert bool(export) is not on_path
