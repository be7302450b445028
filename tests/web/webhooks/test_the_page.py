"""The page on webhooks that come in says how it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from webhook_senders import KEYS, STANDARD, post
from webshop import Shop

from scheduler.settings import load_settings
from scheduler.wallclock import SECOND
from scheduler.web.webhooks.routes import ADAPTERS

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks-in.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return [part.split("```")[0] for part in PAGE.split(f"```{language}\n")[1:]]


def test_every_way_in_is_there_with_its_key() -> None:
    for adapter in ADAPTERS:
        assert f"`POST /v1{adapter.path}`" in PAGE
        assert f"`{adapter.setting}_file`" in PAGE


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    (written,) = blocks("toml")
    (tmp_path / "rightreason.toml").write_text(written, encoding="utf-8")
    assert load_settings(tmp_path).serve.stripe_key_file == Path("keys/stripe")


def test_the_events_of_the_page_are_taken(shop: Shop) -> None:
    event, message = (block.encode() for block in blocks("json"))
    bearer = {"Authorization": f"Bearer {KEYS['write_key']}"}
    assert post(shop, "/v1/events", event, bearer, "application/cloudevents+json").json()["added"] == 1

    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)  # noqa: S102 - it is our own page
    now = datetime.fromtimestamp(shop.now / SECOND, UTC)
    signed = names["headers"]("msg_1", message.decode(), STANDARD, now)
    assert post(shop, "/v1/webhooks/standard", message, signed).json()["added"] == 1

    one, other = shop.customer("17").events
    assert (one.name, one.at, one.properties) == (other.name, other.at, other.properties)
