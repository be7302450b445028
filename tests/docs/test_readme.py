import json
import re
from pathlib import Path

import pytest
from pages import blocks, follow
from webshop import serving

from scheduler.rulebook.reader import load_rulebook
from scheduler.rulebook.rule_test_reader import rule_tests_from_texts
from scheduler.ruletests.running import run_tests
from scheduler.settings import load_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_print_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    follow(README, monkeypatch)


def test_the_rule_of_the_page_is_one_of_the_starter_rules() -> None:
    rule, _ = blocks(README, "yaml")
    assert rule in (ROOT / "rules" / "after_the_purchase.yaml").read_text(encoding="utf-8")


def test_the_test_of_the_page_passes_with_the_starter_rules() -> None:
    _, test = blocks(README, "yaml")
    tests, findings = rule_tests_from_texts({"rules/tests/readme.yaml": f"tests:\n{test}"})
    assert findings == []
    assert [one.passed for one in run_tests(tests, load_rulebook(ROOT))] == [True]


def test_the_settings_of_the_page_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings,) = blocks(README, "toml")
    (tmp_path / "rightreason.toml").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("RIGHTREASON_EMAIL__PASSWORD", "secret")
    taken = load_settings(tmp_path)
    assert taken.email.host == "smtp.example.com"
    assert taken.secret_of("email", "password") == "secret"


def test_the_event_that_the_page_sends_is_taken(tmp_path: Path) -> None:
    [(path, sent)] = re.findall(r"curl \S+8000(\S+) .*?'(.*?)'", README, re.DOTALL)
    with serving(tmp_path) as shop:
        assert shop.post(path, json.loads(sent)).json()["added"] == 1
        assert shop.event("order-17", "ana").name == "order_placed"


def test_the_links_of_the_page_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []
