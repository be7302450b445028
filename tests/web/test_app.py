from __future__ import annotations

import json
from pathlib import Path

import pytest
from webshop import KEY, Shop, serving

from scheduler.logs import log_as_json
from scheduler.web.facts import writer

MESSAGE = {"userId": "ana.canary@example.com", "event": "Order Placed", "messageId": "m1"}


def test_it_is_well_as_long_as_the_database_is_there(tmp_path: Path) -> None:
    with serving(tmp_path) as shop:
        assert (shop.client.get("/health").status_code, shop.client.head("/health").status_code) == (200, 200)
        (tmp_path / "rightreason.db").rename(tmp_path / "away.db")
        assert shop.client.get("/health").status_code == 503
        answer = shop.post("/v1/track", MESSAGE)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["content-type"] == "application/problem+json"
        (tmp_path / "away.db").rename(tmp_path / "rightreason.db")
        assert (shop.client.get("/health").status_code, shop.post("/v1/track", MESSAGE).status_code) == (200, 200)


def test_where_too_much_waits_the_sender_is_asked_to_come_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 1)
    monkeypatch.setattr(shop.client.app.state.writer, "_held", 1)  # type: ignore[attr-defined] # of Starlette
    answer = shop.post("/v1/track", MESSAGE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "bring them again" in answer.json()["detail"]
    assert shop.workspace.store.counts().events == 0


def test_what_is_not_there_is_told_as_a_problem(shop: Shop) -> None:
    nowhere, other = shop.client.get("/v1/nowhere"), shop.client.get("/v1/track")
    assert [one.headers["content-type"] for one in (nowhere, other)] == ["application/problem+json"] * 2
    assert (nowhere.status_code, nowhere.json()["title"]) == (404, "Not Found")
    assert (other.status_code, other.headers["allow"]) == (405, "POST")


def test_nobody_is_sent_to_the_host_that_they_name(shop: Shop) -> None:
    answers = [shop.client.get(path, headers={"Host": "evil.example"}) for path in ("/health/", "/preferences")]
    assert [one.status_code for one in answers] == [404, 404]


def test_a_fault_is_answered_and_logged_without_what_it_says(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_over(*_: object, **__: object) -> None:
        raise RuntimeError("ana.canary@example.com")

    monkeypatch.setattr("scheduler.web.facts.writer.Writer._together", break_over)
    with log_as_json():
        answer = shop.post("/v1/track", MESSAGE)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "canary" not in answer.text + capsys.readouterr().err


def test_a_request_is_logged_by_its_route_and_names_nobody(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with log_as_json():
        shop.post("/v1/track?ana.canary@example.com", MESSAGE)
        shop.post("/v1/track", {**MESSAGE, "timestamp": "ana.canary@example.com"})
        shop.client.get("/ana.canary@example.com")
    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    requests = [(one["method"], one["route"], one["status"]) for one in lines if one["event"] == "request"]
    assert requests == [("POST", "/v1/track", 200), ("POST", "/v1/track", 400), ("GET", None, 404)]
    [refused] = [one for one in lines if one["event"] == "messages were refused"]
    assert (refused["of"], refused["no_instant"]) == (1, 1)
    assert not any(secret in written for secret in ("canary", KEY))


def test_the_interface_describes_what_is_sent_and_answered(shop: Shop) -> None:
    described = shop.client.get("/openapi.json").json()
    track = described["paths"]["/v1/track"]["post"]
    assert track["requestBody"]["content"]["application/json"]["schema"]["required"] == ["event"]
    assert track["security"] == [{"writeKey": []}]
    assert {"200", "400", "401", "409", "413", "415", "429", "503"} <= set(track["responses"])
    assert shop.client.get("/docs").status_code == 404  # its page would come from a CDN
