"""What an editor with the YAML language server shows to who writes rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from language_server import Editor, editing, server

ROOT = Path(__file__).parents[2]
RULE = """\
campaign: After the purchase
owner: care@example.com
rules:
  check_in:
    reason: Their order has arrived and we can still put it right.
    asks_for: nothing
    when: order_delivered
    after: 1 day
    before: 5 days
    only_if:
      - {event: nps_answered, latest: score, at_least: 9, within: 90 days}
    unless: [unresolved]
    again: after 30 days
    send: check_in
    by: [email]
"""
CAMPAIGN = "rules/mine.yaml"


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    program = server()
    if program is None:
        pytest.skip("no yaml-language-server is here: `make test-editor` fetches it, where there is npm")
    with editing(program, ROOT) as editor:
        yield editor


def schema_of(file: str) -> str:
    name = {"rules/house_rules.yaml": "house_rules", "rules/people.yaml": "people"}.get(file, "campaign")
    return f"../docs/schema/{name}.json"


STARTER = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "rules").glob("*.yaml"))
TESTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "rules" / "tests").glob("*.yaml"))


@pytest.mark.parametrize("file", STARTER)
def test_nothing_is_underlined_in_the_starter_rules(editor: Editor, file: str) -> None:
    assert editor.problems(file, (ROOT / file).read_text(encoding="utf-8"), schema_of(file)) == []


@pytest.mark.parametrize("file", TESTS)
def test_nothing_is_underlined_in_their_tests(editor: Editor, file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert editor.problems(file, text, "../../docs/schema/tests.json") == []


@pytest.mark.parametrize(
    ("right", "wrong", "line", "words"),
    [
        ("    after:", "    afer:", 8, "afer"),
        ("1 day", "1 dya", 8, ""),
        ("asks_for: nothing", "asks_for: nothin", 6, "nothing"),
        ("by: [email]", "by: [emial]", 15, "email"),
        ("latest:", "lastest:", 11, "lastest"),
    ],
)
def test_a_slip_is_underlined_where_it_stands(editor: Editor, right: str, wrong: str, line: int, words: str) -> None:
    found = editor.problems(CAMPAIGN, RULE.replace(right, wrong, 1), schema_of(CAMPAIGN))
    assert {place for place, _ in found} == {line}
    assert any(words in said for _, said in found)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("reason", "why"),
        ("asks_for", "what we want of them"),
        ("when", ""),
        ("after:", ""),
        ("before", ""),
        ("only_if", "all of these conditions must hold"),
        ("unless", ""),
        ("again", ""),
        ("send", ""),
        ("by:", ""),
        ("latest", "the newest event"),
        ("within", "counts back from now"),
    ],
)
def test_a_key_is_explained_when_the_pointer_rests_on_it(editor: Editor, word: str, words: str) -> None:
    shown = editor.hover(CAMPAIGN, RULE, schema_of(CAMPAIGN), word)
    assert len(shown) > len("campaign.json") + 10
    assert words in shown


def test_the_keys_of_a_rule_are_offered_where_one_may_stand(editor: Editor) -> None:
    offered = editor.completions(CAMPAIGN, RULE + "    |\n", schema_of(CAMPAIGN))
    assert offered >= {"priority", "until", "exempt", "holdout", "send_hours"}


def test_what_a_rule_may_ask_for_is_offered(editor: Editor) -> None:
    offered = editor.completions(CAMPAIGN, RULE.replace("asks_for: nothing", "asks_for: |"), schema_of(CAMPAIGN))
    assert offered >= {"nothing", "review", "referral", "purchase", "feedback"}
