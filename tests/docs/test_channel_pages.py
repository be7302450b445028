from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pages import blocks
from standardwebhooks import Webhook

from scheduler.channels.webhook import contact_json
from scheduler.messages.context import Context, RuleFacts
from scheduler.messages.links import Links
from scheduler.messages.message import Notice
from scheduler.messages.render import render
from scheduler.messages.segments import segments
from scheduler.messages.templates import Templates
from scheduler.rulebook.reader import rulebook_from_texts
from scheduler.settings import Settings, load_settings

DOCS = Path(__file__).parents[2] / "docs"
SMS = (DOCS / "sms.md").read_text(encoding="utf-8")
WEBHOOKS = (DOCS / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_" + "c2VjcmV0" * 4


def settings_of(page: str, folder: Path) -> Settings:
    (written,) = blocks(page, "toml")
    (folder / "rightreason.toml").write_text(written, encoding="utf-8")
    return load_settings(folder)


def test_the_settings_of_the_sms_page_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTREASON_SMS__TOKEN", "hush")
    assert settings_of(SMS, tmp_path).sms.missing == ""


def test_the_text_of_the_sms_page_is_one_segment() -> None:
    text, _ = blocks(SMS, "text")
    assert segments(text.strip()).count == 1


def test_the_settings_of_the_webhooks_page_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTREASON_WEBHOOK__SECRET", SECRET)
    assert settings_of(WEBHOOKS, tmp_path).webhook.missing == ""


def test_the_template_of_the_webhooks_page_writes_what_arrives() -> None:
    (template,), (arrives,) = blocks(WEBHOOKS, "jinja"), blocks(WEBHOOKS, "json")
    settings = Settings()
    context = Context(
        template="check_in",
        channel="webhook",
        rule=RuleFacts("delivery_check_in", "After the purchase"),
        customer_id="c1",
        reason="Their kettle has arrived.",
        brand=settings.brand,
        links=Links(settings.brand.base_url, b"a key of tests", "c1", "delivery_check_in/c1/e1"),
        today=date(2026, 3, 1),
        customer={"first_name": "Ana"},
        event={"product": "kettle", "price": 49.9},
    )
    notice = render(Templates({"templates/check_in.webhook.json": template}), context, settings.email)
    assert isinstance(notice, Notice)
    assert json.loads(contact_json(notice, "delivery_check_in/c1/e1", 1_772_355_600_000_000)) == json.loads(arrives)


def test_the_rule_of_the_webhooks_page_needs_no_template() -> None:
    (rules,) = blocks(WEBHOOKS, "yaml")
    (rule,) = rulebook_from_texts({"rules/campaign.yaml": rules})[0].rules.values()
    assert [use.channel for use in rule.by] == ["webhook"]


def test_the_receiver_of_the_webhooks_page_acts_once(capsys: pytest.CaptureFixture[str]) -> None:
    (program,), (arrives,) = blocks(WEBHOOKS, "python"), blocks(WEBHOOKS, "json")
    now = datetime.now(UTC)  # the standard's own library takes what is new
    body = json.dumps(json.loads(arrives))
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("1", now, body),
    }
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - it is our own page
    answers = [names["received"](headers, body.encode(), SECRET) for _ in range(2)]
    assert answers == [204, 204]
    assert capsys.readouterr().out == "c1 {'text': 'Is the kettle well, Ana?', 'price': 49.9}\n"
