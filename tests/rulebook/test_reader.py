from __future__ import annotations

from pathlib import Path

import pytest
from rulebook_shop import FILES, RULE, codes, read

from scheduler.errors import RulebookError
from scheduler.rulebook.model import ChannelUse, EventTrigger, Place, Rule
from scheduler.rulebook.reader import load_rulebook, read_rulebook, rulebook_from_texts, version_of


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for file, text in FILES.items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def rule_of(text: str = RULE, **files: str) -> Rule:
    book, _ = read(rules__tested=text, **files)
    return book.rules["tested"]


def test_the_shop_of_these_tests_has_no_mistake() -> None:
    assert read()[1] == []


def test_a_workspace_is_read_from_its_folders(workspace: Path) -> None:
    book, findings = read_rulebook(workspace)
    assert (list(book.rules), findings) == (["welcome"], [])


def test_a_workspace_without_house_rules_has_the_defaults() -> None:
    book, _ = rulebook_from_texts({"rules/tested.yaml": RULE})
    assert (book.house.timezone, book.house.hours("email").to) == ("UTC", 20 * 60)


def test_an_empty_workspace_is_an_empty_rulebook(tmp_path: Path) -> None:
    book, findings = read_rulebook(tmp_path)
    assert (dict(book.rules), findings) == ({}, [])


def test_tests_of_rules_and_people_are_no_campaigns(workspace: Path) -> None:
    (workspace / "rules" / "tests").mkdir()
    (workspace / "rules" / "tests" / "odd.yaml").write_text("not: [a campaign", encoding="utf-8")
    assert read_rulebook(workspace)[1] == []


def test_a_rulebook_holds_the_texts_it_was_made_of(workspace: Path) -> None:
    book, _ = read_rulebook(workspace)
    assert dict(book.files) == {file: text for file, text in FILES.items() if file != "rules/people.yaml"}


def test_a_stored_rulebook_is_read_back_from_its_texts(workspace: Path) -> None:
    book, _ = read_rulebook(workspace)
    assert rulebook_from_texts(book.files)[0] == book


def test_a_changed_template_makes_another_version() -> None:
    assert version_of(FILES) != version_of(FILES | {"templates/hello.sms.txt": "Hi!\n"})


def test_a_version_does_not_depend_on_the_order_of_files() -> None:
    assert version_of(dict(reversed(FILES.items()))) == version_of(FILES)


def test_texts_that_move_from_one_file_to_another_make_another_version() -> None:
    assert version_of({"a": "bc", "d": ""}) != version_of({"a": "b", "cd": ""})


def test_people_are_no_part_of_the_version() -> None:
    assert (
        read()[0].version == read(rules__people="people: {jo: {name: Jo}}\nroles: {care: {members: [jo]}}")[0].version
    )


def test_loading_raises_all_findings_with_their_sources(workspace: Path) -> None:
    (workspace / "rules" / "bad.yaml").write_text("campaign: Bad\nrules: {a: {}, b: {}}\n", encoding="utf-8")
    with pytest.raises(RulebookError) as raised:
        load_rulebook(workspace)
    assert len(raised.value.facts["findings"]) == 6
    assert "rules/bad.yaml" in raised.value.facts["sources"]


def test_loading_passes_warnings(workspace: Path) -> None:
    text = RULE.replace("when: order_delivered", "when: {silence: order_placed}")
    (workspace / "rules" / "tested.yaml").write_text(text, encoding="utf-8")
    assert "tested" in load_rulebook(workspace).rules


def test_a_rule_that_is_wrong_spoils_no_other() -> None:
    book, findings = read(rules__two=RULE + "  wrong:\n    reason: 1\n")
    assert ("tested" in book.rules, "wrong" in book.rules, "missing-key" in codes(findings)) == (True, False, True)


def test_a_file_that_is_no_yaml_spoils_no_other() -> None:
    book, findings = read(rules__tested=RULE, rules__wrong="a: [")
    assert ("tested" in book.rules, codes(findings)) == (True, ["bad-yaml"])


def test_a_condition_that_is_wrong_is_not_reported_as_missing_as_well() -> None:
    house = FILES["rules/house_rules.yaml"].replace("at_least: 9", "at_lest: 9")
    _, findings = read(rules__house_rules=house, rules__tested=RULE + "    only_if: [well]\n")
    assert codes(findings) == ["unknown-key"]


def test_a_house_rule_that_is_wrong_leaves_the_others_in_force() -> None:
    house = FILES["rules/house_rules.yaml"].replace("category", "[1]").replace("opt_in", "opt_inn")
    book, findings = read(rules__house_rules=house)
    assert codes(findings) == ["wrong-kind", "bad-value"]
    assert (book.house.timezone, list(book.house.topics)) == ("Europe/Berlin", ["care", "feedback"])


def test_what_was_cut_from_the_house_rules_is_no_ground_for_findings_about_rules() -> None:
    house = FILES["rules/house_rules.yaml"].replace("opened_by", "opend_by")
    _, findings = read(rules__house_rules=house, rules__tested=RULE + "    unless: [{open: ticket}]\n")
    assert set(codes(findings)) == {"unknown-key", "missing-key"}


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    _, findings = read(rules__one="campaign: 1\n", rules__two=RULE + "    afer: 1 day\n    at: soon\n")
    assert codes(findings) == ["wrong-kind", "bad-time", "unknown-key"] or codes(findings) == [
        "wrong-kind",
        "unknown-key",
        "bad-time",
    ]


def test_a_rule_knows_where_it_and_its_keys_were_written() -> None:
    rule = rule_of()
    assert (rule.place(), rule.place("when"), rule.place("by.1")) == (
        Place("rules/tested.yaml", 3, 3),
        Place("rules/tested.yaml", 6, 5),
        Place("rules/tested.yaml", 8, 10),
    )


def test_conditions_are_placed_by_number_from_one() -> None:
    rule = rule_of(RULE + "    unless:\n      - well\n      - {all_of: [{open: ticket}, {none_of: [well]}]}\n")
    where = {path: place.line for path, place in rule.places.items() if path.startswith("unless")}
    assert where == {
        "unless": 9,
        "unless.1": 10,
        "unless.2": 11,
        "unless.2.all_of": 11,
        "unless.2.all_of.1": 11,
        "unless.2.all_of.1.open": 11,
        "unless.2.all_of.2": 11,
        "unless.2.all_of.2.none_of": 11,
        "unless.2.all_of.2.none_of.1": 11,
    }
    assert rule.places["unless.2.all_of.2.none_of.1"].column == 46


def test_house_rules_and_named_conditions_are_placed_by_their_paths() -> None:
    places = read()[0].places
    assert (places["send_hours.email"].line, places["conditions.well"].line, places["topics.offers"].line) == (
        4,
        16,
        14,
    )


def test_named_conditions_of_campaigns_are_placed_too() -> None:
    book, _ = read(
        rules__more="campaign: More\nconditions:\n  new: {means: they are new, customer: tier, known: false}\n"
    )
    assert book.places["conditions.new"] == Place("rules/more.yaml", 3, 3)


def test_a_rule_has_its_campaign_and_owner() -> None:
    rule = rule_of(RULE.replace("campaign: Under test", "campaign: Under test\nowner: ana@example.com"))
    assert (rule.name, rule.campaign, rule.owner) == ("tested", "Under test", "ana@example.com")


def test_a_bare_trigger_is_an_event() -> None:
    assert rule_of().when == EventTrigger(event="order_delivered")


def test_a_rule_without_channels_uses_those_that_have_a_template_in_order() -> None:
    assert rule_of(RULE.replace("    by: [email]\n", "")).by == (ChannelUse("email"), ChannelUse("sms"))


def test_a_task_without_channels_is_a_call() -> None:
    text = RULE.replace("    by: [email]\n", "").replace("send: hello", "assign: care\n    script: call")
    assert rule_of(text).by == (ChannelUse("phone"),)


def test_a_rule_without_channels_or_template_still_has_a_channel() -> None:
    assert rule_of(RULE.replace("    by: [email]\n", "").replace("hello", "nothing_there")).by == (ChannelUse("email"),)


def test_a_bare_until_is_an_event_and_stays_a_name() -> None:
    assert rule_of(RULE + "    until: order_returned\n").until == "order_returned"


def test_keys_that_only_the_program_sets_can_not_be_written() -> None:
    _, findings = read(rules__tested=RULE + "    name: other\n    places: {}\n    campaign: x\n")
    assert codes(findings) == ["unknown-key"] * 3


def test_a_file_that_ends_in_yml_is_told_not_to_be_read() -> None:
    _, findings = rulebook_from_texts({"rules/tested.yml": RULE})
    assert codes(findings) == ["unread-file"]


def test_a_file_that_is_not_utf_8_is_told(workspace: Path) -> None:
    (workspace / "rules" / "odd.yaml").write_bytes("campaign: Café".encode("latin-1"))
    _, findings = read_rulebook(workspace)
    assert codes(findings) == ["bad-encoding"]


def test_a_file_that_can_not_be_opened_is_told(workspace: Path) -> None:
    (workspace / "rules" / "odd.yaml").mkdir()
    _, findings = read_rulebook(workspace)
    assert codes(findings) == ["unreadable"]


def test_only_a_folder_that_is_not_there_is_to_be_laid_down(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match=r"No such file or directory; lay it down by `rightreason init`$"):
        load_rulebook(tmp_path)
    (tmp_path / "rules").write_text("")
    with pytest.raises(RulebookError, match=r"rules can't be looked into: Not a directory$"):
        load_rulebook(tmp_path)
