import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scheduler.cli.app import app
from scheduler.settings import load_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def sessions() -> list[tuple[str, list[str]]]:
    """Each command of the page with the lines that it is said to print."""
    told: list[tuple[str, list[str]]] = []
    for line in "".join(blocks("console")).splitlines():
        if line.startswith("$ "):
            told.append((line.removeprefix("$ "), []))
        else:
            told[-1][1].append(line)
    return told


def test_the_commands_of_the_page_print_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command, lines in sessions():
        program, *words = shlex.split(command)
        if program == "cd":
            monkeypatch.chdir(words[0])
            continue
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, (command, result.output)
        printed = iter(result.output.splitlines())
        missing = [line for line in lines if line != "…" and line not in printed]
        assert not missing, (command, missing)


def test_the_rule_of_the_page_is_one_of_the_starter_rules() -> None:
    (rule,) = blocks("yaml")
    assert rule in (ROOT / "rules" / "after_the_purchase.yaml").read_text(encoding="utf-8")


def test_the_settings_of_the_page_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings,) = blocks("toml")
    (tmp_path / "rightreason.toml").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("RIGHTREASON_EMAIL__PASSWORD", "secret")
    taken = load_settings(tmp_path)
    assert taken.email.host == "smtp.example.com"
    assert taken.email_password() == "secret"


def test_the_links_of_the_page_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []
