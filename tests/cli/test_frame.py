from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from scheduler.cli import app
from scheduler.cli.frame import Commands
from scheduler.errors import RightReasonError


def faulty(error: BaseException) -> typer.Typer:
    commands = typer.Typer(cls=Commands, rich_markup_mode=None)

    @commands.callback()
    def _everywhere(debug: bool = False) -> None: ...

    @commands.command()
    def fall() -> None:
        raise error

    return commands


def test_a_folder_that_is_no_workspace_is_refused_with_the_way_out(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--workspace", str(tmp_path), "preview"])
    assert result.exit_code == 2
    assert "is no workspace: it holds neither rules/ nor rightreason.toml" in result.stderr
    assert "rightreason init DIR" in result.stderr


def test_no_database_is_made_in_a_folder_that_is_no_workspace(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["--workspace", str(tmp_path), "contacts"])
    assert list(tmp_path.iterdir()) == []


def test_the_workspace_may_be_named_behind_the_command(empty: Path) -> None:
    assert CliRunner().invoke(app, ["check", "--workspace", str(empty)]).exit_code == 0


def test_the_workspace_may_be_named_with_an_equals_sign(empty: Path) -> None:
    assert CliRunner().invoke(app, ["check", f"--workspace={empty}"]).exit_code == 0


def test_the_workspace_may_come_from_the_environment(empty: Path) -> None:
    assert CliRunner().invoke(app, ["check"], env={"RIGHTREASON_WORKSPACE": str(empty)}).exit_code == 0


def test_an_error_goes_to_stderr_and_ends_with_its_exit_code() -> None:
    result = CliRunner().invoke(faulty(RightReasonError("the kettle is cold")), ["fall"])
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "rightreason: the kettle is cold\n")


def test_a_file_that_the_machine_refuses_is_told_with_its_name() -> None:
    result = CliRunner().invoke(faulty(PermissionError(13, "Permission denied", "rules/x.yaml")), ["fall"])
    assert (result.exit_code, result.stderr) == (2, "rightreason: rules/x.yaml: Permission denied\n")


def test_a_fault_names_its_place_and_not_the_data_in_its_message() -> None:
    result = CliRunner().invoke(faulty(KeyError("ana@example.com")), ["fall"])
    assert result.exit_code == 70
    assert "a fault in the program itself: KeyError in" in result.stderr
    assert "ana@example.com" not in result.stderr


def test_debug_shows_the_whole_trace_of_a_fault() -> None:
    result = CliRunner().invoke(faulty(KeyError("ana@example.com")), ["fall", "--debug"])
    assert "Traceback" in result.stderr


def test_an_interrupted_command_ends_with_130() -> None:
    assert CliRunner().invoke(faulty(KeyboardInterrupt()), ["fall"]).exit_code == 130


def test_a_mistyped_command_is_answered_with_the_nearest_one() -> None:
    result = CliRunner().invoke(app, ["contcats"])
    assert result.exit_code == 2
    assert "Did you mean 'contacts'?" in result.stderr


def test_the_version_is_shown() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout.startswith("rightreason ")


@pytest.mark.parametrize("setting", ["email.hots = 1", "deliver_by = 'pigeon'"])
def test_a_wrong_setting_ends_with_2(empty: Path, setting: str) -> None:
    (empty / "rightreason.toml").write_text(setting)
    assert CliRunner().invoke(app, ["--workspace", str(empty), "contacts"]).exit_code == 2


def test_a_folder_that_is_not_there_is_named_when_facts_are_to_go_into_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--workspace", str(tmp_path / "typo"), "import", "customers", "x.csv"])
    assert result.exit_code == 2
    assert "typo is no workspace" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_copied_is_told_with_one_file_and_its_cause() -> None:
    error = shutil.Error([("rules/a.yaml", "copy/a.yaml", "No space left"), ("rules/b.yaml", "copy/b.yaml", "x")])
    result = CliRunner().invoke(faulty(error), ["fall"])
    assert (result.exit_code, result.stderr) == (2, "rightreason: rules/a.yaml can't be copied: No space left\n")


@pytest.mark.parametrize("moment", ["0001-01-01", "1899-12-31", "2200-01-02", "9999-12-31"])
def test_a_moment_beyond_all_facts_and_clocks_is_refused(empty: Path, moment: str) -> None:
    result = CliRunner().invoke(app, ["--workspace", str(empty), "preview", "--now", moment])
    assert result.exit_code == 2
    assert f"--now: '{moment}' is out of reach; name a moment of the years 1900 to 2199" in result.stderr


def test_a_house_of_an_unknown_zone_is_told_with_its_file(empty: Path) -> None:
    (empty / "rules" / "house_rules.yaml").write_text("timezone: Mars/Olympus\n")
    result = CliRunner().invoke(app, ["--workspace", str(empty), "hold", "--all", "--now", "2026-03-01"])
    assert result.exit_code == 2
    assert "house_rules.yaml: timezone: There is no time zone called 'Mars/Olympus'" in result.stderr


@pytest.mark.parametrize("command", ["preview", "diff", "contacts", "hold"])
def test_an_option_that_is_given_twice_is_refused(empty: Path, command: str) -> None:
    result = CliRunner().invoke(app, ["-w", str(empty), command, "--rule", "birthday_card", "--rule", "welcome"])
    assert result.exit_code == 2
    assert "--rule can be given once" in result.stderr


def test_what_is_repeatable_is_taken_twice(empty: Path) -> None:
    words = ["-w", str(empty), "contacts", "--state", "sent", "--state", "failed"]
    assert CliRunner().invoke(app, words).exit_code == 0


def test_an_import_takes_one_zone(empty: Path) -> None:
    words = ["-w", str(empty), "import", "events", "x.jsonl", "--timezone", "UTC", "--timezone", "UTC"]
    assert "--timezone can be given once" in CliRunner().invoke(app, words).stderr


@pytest.mark.parametrize(
    "words", [("why", "Andr\udce9"), ("diff", "--customer", "\udcff"), ("--workspace", "\udcff", "check")]
)
def test_what_was_typed_in_bytes_that_are_no_text_is_refused(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "\N{REPLACEMENT CHARACTER}' can't be read: it was typed in another encoding than UTF-8" in result.stderr
