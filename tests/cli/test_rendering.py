from __future__ import annotations

from pathlib import Path

from typing_commands import MORNING, Run

RULE = """
campaign: Texts
rules:
  birthday_text:
    reason: It is their birthday.
    asks_for: nothing
    when: {date: birthday}
    send: birthday_text
    by: [sms]
"""


def rendered(shop: Path, run: Run, text: str, *options: str) -> tuple[str, str]:
    """What is told of the one SMS of a year, on stdout and stderr."""
    (shop / "rules" / "texts.yaml").write_text(RULE, encoding="utf-8")
    (shop / "templates" / "birthday_text.sms.txt").write_text(text, encoding="utf-8")
    words = ("--customer", "ruth", "--rule", "birthday_text", "--days", "365", "--now", MORNING)
    result = run(shop, "preview", *words, "--render", str(shop / "m"), *options)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_the_segments_of_text_messages_are_counted_by_rule(shop: Path, run: Run) -> None:
    told, _ = rendered(shop, run, "Happy birthday, {{ customer.first_name }}! " + "x" * 160)
    assert told.endswith("\n1 message written to " + f"{shop / 'm'}\nbirthday_text: 1 SMS, 2 segments\n")
    [file] = (shop / "m").iterdir()
    assert file.read_text().startswith("To: +12015550123\nLength: 2 segments, GSM-7\n\nHappy birthday, Ruth!")


def test_the_letters_that_make_a_text_dear_are_named(shop: Path, run: Run) -> None:
    told, _ = rendered(shop, run, "“Happy birthday”, {{ customer.first_name }} …")
    assert told.endswith("\nbirthday_text: 1 SMS, 1 segment; 1 SMS in UCS-2 because of “ ” …\n")


def test_of_many_letters_the_first_ten_are_named(shop: Path, run: Run) -> None:
    told, _ = rendered(shop, run, "お誕生日おめでとうございます")
    assert told.endswith("; 1 SMS in UCS-2 because of お 誕 生 日 め で と う ご ざ …\n")


def test_objects_stay_objects(shop: Path, run: Run) -> None:
    told, beside = rendered(shop, run, "Happy birthday", "--format", "json")
    assert told.lstrip()[:1] in ("{", "[")
    assert beside.endswith("\nbirthday_text: 1 SMS, 1 segment\n")
