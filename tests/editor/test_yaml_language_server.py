"""What an editor with the YAML language server shows to who writes rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from language_server import Editor, editing, server

from scheduler.cli.init import lay_down

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
PEOPLE = """\
people:
  maja: {name: Maja Lind, tasks_a_day: 12}
roles:
  care: {members: [maja], due: 1 business day}
"""
HOUSE_RULES = """\
timezone: Europe/Berlin
lateness: 2 hours
frequency_caps:
  - {at_most: 1, within: 1 day}
"""
TESTS = """\
tests:
  - name: an open ticket stops the review
    customer: {first_name: Ana}
    timeline:
      2026-03-02 09:00: ticket_opened
    expect:
      - {on: 2026-03-05, rule: review_ask, outcome: waiting}
"""
TEXTS = {
    "rules/mine.yaml": RULE,
    "rules/people.yaml": PEOPLE,
    "rules/house_rules.yaml": HOUSE_RULES,
    "rules/tests/mine.yaml": TESTS,
}
MINE, THEIRS, HOUSE, STORIES = TEXTS
STARTER = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "rules").rglob("*.yaml"))


@pytest.fixture(scope="module")
def program() -> str:
    program = server()
    if program is None:
        pytest.skip("no yaml-language-server is here: `make test-editor` fetches it, where there is npm")
    return program


@pytest.fixture(scope="module")
def editor(program: str) -> Iterator[Editor]:
    with editing(program, ROOT) as editor:
        yield editor


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `init` lays it down."""
    folder = tmp_path_factory.mktemp("shop")
    lay_down(folder)
    return folder


@pytest.fixture(scope="module")
def workspace_editor(program: str, workspace: Path) -> Iterator[Editor]:
    """An editor with the settings of docs/editor.md."""
    page = (ROOT / "docs" / "editor.md").read_text(encoding="utf-8")
    (settings,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    with editing(program, workspace, json.loads(settings)["yaml.schemas"]) as editor:
        yield editor


def schema_of(file: str) -> str:
    if file.startswith("rules/tests/"):
        return "../../docs/schema/tests.json"
    name = {HOUSE: "house_rules", THEIRS: "people"}.get(file, "campaign")
    return f"../docs/schema/{name}.json"


@pytest.mark.parametrize("file", STARTER)
def test_nothing_is_underlined_in_the_starter_rules_and_their_tests(editor: Editor, file: str) -> None:
    assert editor.problems(file, (ROOT / file).read_text(encoding="utf-8"), schema_of(file)) == []


@pytest.mark.parametrize("file", STARTER)
def test_the_settings_of_the_page_give_each_file_of_a_workspace_its_schema(
    workspace_editor: Editor, workspace: Path, file: str
) -> None:
    text = (workspace / file).read_text(encoding="utf-8") + "nonsense: 1\n"
    expected = [(text.count("\n"), "Property nonsense is not allowed.")]
    assert workspace_editor.problems(file, text) == expected


@pytest.mark.parametrize("file", TEXTS)
def test_nothing_is_underlined_before_the_slip(editor: Editor, file: str) -> None:
    assert editor.problems(file, TEXTS[file], schema_of(file)) == []


@pytest.mark.parametrize(
    ("file", "right", "wrong", "line", "words"),
    [
        (MINE, "    after:", "    afer:", 8, "Property afer is not allowed"),
        (MINE, "1 day", "1 dya", 8, "write a whole number and a unit"),
        (MINE, "1 day", "1", 8, "write a whole number and a unit"),
        (MINE, "90 days", "ninety days", 11, "write a whole number and a unit"),
        (MINE, "after 30 days", "sometimes", 13, "write never, every time"),
        (MINE, "asks_for: nothing", "asks_for: nothin", 6, '"nothing"'),
        (MINE, "by: [email]", "by: [emial]", 15, '"email"'),
        (MINE, "latest:", "lastest:", 11, "Property lastest is not allowed"),
        (MINE, "when: order_delivered", "when: {evnt: order_delivered}", 7, "Property evnt is not allowed"),
        (MINE, "[unresolved]", "[{evnt: order_returned}]", 12, "Property evnt is not allowed"),
        (MINE, "[unresolved]", "unresolved", 12, 'Expected "array"'),
        (MINE, "    send:", '    at: "25:00"\n    send:', 14, 'write it like "09:30"'),
        (THEIRS, "name:", "nmae:", 2, "Property nmae is not allowed"),
        (THEIRS, "1 business day", "soon", 4, "write a whole number and a unit"),
        (HOUSE, "within:", "wihin:", 4, "Property wihin is not allowed"),
        (HOUSE, "2 hours", "two hours", 2, "write a whole number and a unit"),
        (STORIES, "expect:", "expct:", 6, "Property expct is not allowed"),
        (STORIES, "waiting", "waitin", 7, '"waiting"'),
        (STORIES, "2026-03-02 09:00", "2026-3-02 09:00", 5, "2026-3-02 09:00"),
    ],
)
def test_a_slip_is_underlined_where_it_stands(
    editor: Editor, file: str, right: str, wrong: str, line: int, words: str
) -> None:
    found = editor.problems(file, TEXTS[file].replace(right, wrong, 1), schema_of(file))
    assert {place for place, _ in found} == {line}
    assert any(words in said for _, said in found), found


def test_a_rule_without_its_reason_is_underlined(editor: Editor) -> None:
    text = re.sub(r"    reason: .*\n", "", RULE)
    assert editor.problems(MINE, text, schema_of(MINE)) == [(4, 'Missing property "reason".')]


@pytest.mark.parametrize(
    ("file", "word", "words"),
    [
        (MINE, "owner", "who answers for it"),
        (MINE, "check_in", "a reason to contact a customer, and the right time for it"),
        (MINE, "reason", "why this customer would agree that we contact them now"),
        (MINE, "asks_for", "what we want of them"),
        (MINE, "when", "the trigger: an event's name"),
        (MINE, "after:", "delay from the trigger"),
        (MINE, "before", "end of the window"),
        (MINE, "only_if", "all of these conditions must hold"),
        (MINE, "unless", "none of these conditions may hold"),
        (MINE, "again", "never, every time, or 'after DURATION'"),
        (MINE, "send", "the template to send"),
        (MINE, "by:", "channels in order of preference"),
        (MINE, "event:", "#### a condition on events\n\nthe event's name"),
        (MINE, "latest", "the newest event"),
        (MINE, "at_least", "is this or more"),
        (MINE, "within", "counts back from now"),
        (THEIRS, "tasks_a_day", "their capacity"),
        (THEIRS, "members", "people, by their keys"),
        (HOUSE, "lateness", "how long after its time of day a contact may still go"),
        (HOUSE, "at_most", "so many contacts, and no more"),
        (STORIES, "timeline", "what happens, by the local time"),
        (STORIES, "outcome", "what should come of it"),
    ],
)
def test_a_key_is_explained_when_the_pointer_rests_on_it(editor: Editor, file: str, word: str, words: str) -> None:
    shown = editor.hover(file, TEXTS[file], schema_of(file), word)
    assert words in shown
    assert "||" not in shown, "several explanations in a row"


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ("{event: order_delivered}", "every such event"),
        ("{date: birthday}", "return of a customer's date"),
        ("{silence: order_placed}", "when such events cease"),
        ("{contact: first_steps}", "every contact made by that rule"),
        ("{every: month}", "each return of a period"),
    ],
)
def test_when_explains_the_trigger_that_stands_there(editor: Editor, trigger: str, words: str) -> None:
    text = RULE.replace("when: order_delivered", f"when: {trigger}")
    assert words in editor.hover(MINE, text, schema_of(MINE), "when")


@pytest.mark.parametrize(
    ("file", "text", "keys"),
    [
        (MINE, "|\n", {"campaign", "owner", "rules", "conditions"}),
        (MINE, RULE + "    |\n", {"priority", "until", "exempt", "holdout", "send_hours"}),
        (
            MINE,
            RULE.replace("when: order_delivered", "when:\n      |"),
            {"event", "date", "silence", "contact", "every"},
        ),
        (
            MINE,
            RULE.replace("[unresolved]", "\n      - |"),
            {"customer", "event", "open", "contact", "all_of", "none_of"},
        ),
        (MINE, RULE.replace("[unresolved]", "\n      - event: x\n        |"), {"where", "count", "within", "since"}),
        (MINE, RULE.replace("asks_for: nothing", "asks_for: |"), {"nothing", "review", "referral", "feedback"}),
        (MINE, RULE.replace("after: 1 day", "after: |"), {"1 day", "2 business days", "value_window"}),
        (MINE, RULE.replace("after 30 days", "|"), {"never", "every time", "after 30 days"}),
        (MINE, RULE.replace("[email]", "[|]"), {"email", "sms", "post", "phone", "preferred"}),
        (THEIRS, "people:\n  maja:\n    |\n", {"name", "email", "hours", "deputy"}),
        (HOUSE, "|\n", {"timezone", "send_hours", "frequency_caps", "asks", "topics"}),
        (STORIES, "tests:\n  - name: nobody is asked twice\n    |\n", {"customer", "timeline", "expect", "expect_all"}),
    ],
)
def test_what_may_stand_at_a_place_is_offered(editor: Editor, file: str, text: str, keys: set[str]) -> None:
    assert editor.completions(file, text, schema_of(file)) >= keys


def test_what_is_written_already_is_not_offered_again(editor: Editor) -> None:
    assert not editor.completions(MINE, RULE + "    |\n", schema_of(MINE)) & {"reason", "when", "after", "by"}


def test_a_whole_rule_is_offered_by_its_name_and_not_by_that_of_its_class(editor: Editor) -> None:
    offered = editor.completions(MINE, "campaign: A\nrules:\n  mine:\n    |\n", schema_of(MINE))
    assert "a rule" in offered
    assert "RuleKeys" not in offered
