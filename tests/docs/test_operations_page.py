"""The page of operations names commands, options, metrics, causes and settings that there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from keeping import opened
from pages import blocks

from scheduler.channels.alert import TITLES
from scheduler.cli.app import app
from scheduler.delivery.guard import COPIED, HEARTBEAT_FILE
from scheduler.health import Metrics, Pulse
from scheduler.settings import Settings, load_settings
from scheduler.store.backups import RESTORED
from scheduler.web.serving import LAST_SECONDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
UNIT = (ROOT / "deploy" / "rightreason.service").read_text(encoding="utf-8")
WEB_UNIT = (ROOT / "deploy" / "rightreason-serve.service").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def commands() -> Iterator[str]:
    """Each command that the page has somebody type, in its blocks and in its sentences."""
    for block in blocks(PAGE, "sh"):
        yield from block.strip().splitlines()
    yield from re.findall(r"`(rightreason [^`]+)`", PAGE)


@pytest.mark.parametrize("typed", sorted(set(commands())))
def test_each_command_can_be_typed_as_it_stands(typed: str) -> None:
    program, name, *words = shlex.split(typed)
    group = typer.main.get_command(app)
    command = group.get_command(None, name)  # type: ignore[attr-defined] # Typer's groups have it
    assert program == "rightreason"
    assert command is not None
    command.make_context(name, words, resilient_parsing=False)


def test_each_metric_is_told_of_and_no_other(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace:
        now = 1_800_000_000_000_000
        pulse = Pulse(lambda: now)
        pulse.ticked_at = now
        there = {metric.name for metric in Metrics(pulse, workspace.store, lambda: now).collect()}
    told = set(re.findall(r"^\| .*", PAGE, re.MULTILINE))
    names = {name.removesuffix("_total") for row in told for name in re.findall(r"`(rightreason_\w+)", row)}
    assert names == there


def test_the_causes_of_holds_are_those_that_are_given() -> None:
    assert f"`{COPIED.partition(':')[0]}`" in PAGE
    assert f"`{RESTORED.partition(':')[0]}`" in PAGE
    assert f"`{HEARTBEAT_FILE}`" in PAGE


def test_the_settings_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "rightreason.toml").write_text("\n".join(blocks(PAGE, "toml")))
    settings = load_settings(tmp_path)
    assert settings.health.port == 9464
    assert settings.brakes == Settings().brakes


@pytest.mark.parametrize("title", TITLES.values())
def test_every_alert_has_an_entry(title: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {title.partition(':')[0]}"))
    way = re.search(r"\]\((.*?)\)", row)
    assert way is not None
    headings = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    places = {re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert way[1] in {"tasks-and-alerts.md", *(f"#{place}" for place in places)}


def directives(unit: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in unit.splitlines() if re.match(r"\w+=", line))


def test_the_unit_of_the_web_is_that_of_the_daemon_but_for_what_it_starts() -> None:
    daemon, web = directives(UNIT), directives(WEB_UNIT)
    differ = {name for name in daemon.keys() | web.keys() if daemon.get(name) != web.get(name)}
    assert differ == {"Description", "Documentation", "ExecStart", "RestartSec", "TimeoutStopSec"}
    assert web["ExecStart"].endswith("/rightreason serve")
    assert int(web["TimeoutStopSec"]) > LAST_SECONDS


def test_the_unit_and_the_container_start_the_daemon_as_the_page_says() -> None:
    unit = directives(UNIT)
    assert unit["Type"] == "notify"
    assert unit["ExecStart"].endswith("/rightreason run")
    assert f"RIGHTREASON_WORKSPACE={unit['WorkingDirectory']}" in unit["Environment"]
    assert int(unit["WatchdogSec"]) > 0
    assert "RIGHTREASON_HEALTH__PORT=9464" in DOCKERFILE
    assert "USER rightreason" in DOCKERFILE
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    assert [path for line in copied for path in line.split() if not (ROOT / path).exists()] == []
