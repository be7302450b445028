from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webshop import KEY, Shop, serving

from scheduler.errors import SettingsError
from scheduler.web.facts.keys import Allowance
from scheduler.web.problems import Problem

JSON = {"Content-Type": "application/json"}
MESSAGE = {"userId": "17", "event": "Order Placed", "messageId": "m1"}


@pytest.fixture
def small(tmp_path: Path, sqlite_file: Path) -> Iterator[Shop]:
    """A shop with two keys, that takes one KiB and a single fact a second."""
    shutil.copy(sqlite_file, tmp_path / "rightreason.db")
    (tmp_path / "keys").write_text("the-new-key\nthe-old-key\n")
    with serving(tmp_path, serve={"write_key_file": "keys", "most_kb": 1, "per_second": 1}) as shop:
        yield shop


def problem(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    detail: str = answer.json()["detail"]
    return detail


@pytest.mark.parametrize(
    "authorization",
    [None, "Basic", "Basic %%%", "Bearer another-key", f"Digest {KEY}", "Basic d3Jvbmc6", "Basic Og=="],
)
def test_without_a_key_that_is_known_nothing_is_taken(shop: Shop, authorization: str | None) -> None:
    headers = JSON if authorization is None else {**JSON, "Authorization": authorization}
    answer = shop.post("/v1/track", MESSAGE, auth=None, headers=headers)
    assert "the write key is missing or not known" in problem(answer)
    assert (answer.status_code, answer.headers["www-authenticate"].split()[0]) == (401, "Basic")
    assert shop.workspace.store.counts().events == 0


def test_each_line_of_the_file_is_a_key(small: Shop) -> None:
    codes = [small.post("/v1/page", {}, auth=(key, "")).status_code for key in ("the-new-key", "the-old-key", "the-")]
    assert codes == [200, 200, 401]


def test_where_no_key_is_set_nobody_is_let_in(tmp_path: Path) -> None:
    with serving(tmp_path, serve={}) as shop:
        answer = shop.post("/v1/track", MESSAGE, auth=("", ""))
    assert answer.status_code == 401
    assert "no write key is set" in problem(answer)


def test_a_key_that_could_be_guessed_is_refused_before_anything_is_served(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a-long-enough-one\nshort\n")
    with (
        pytest.raises(SettingsError, match="at least 8 characters"),
        serving(tmp_path, serve={"write_key_file": "keys"}),
    ):
        pass


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "gzip"])
def test_a_body_that_is_too_large_is_read_no_further(small: Shop, packed: bool) -> None:
    body = b" " * (50 << 20)
    content, headers = (gzip.compress(body, 1), {**JSON, "Content-Encoding": "gzip"}) if packed else (body, JSON)
    content = content[:900] if packed else content  # what unpacks to too much is refused without its end
    answer = small.post("/v1/batch", None, content=content, headers=headers, auth=("the-new-key", ""))
    assert answer.status_code == 413
    assert "more than 1,024 bytes" in problem(answer)


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415, "Content-Type: application/json"),
        (b"{}", {}, 415, "Content-Type: application/json"),
        (b"{}", {**JSON, "Content-Encoding": "br"}, 415, "send gzip, or the body as it is"),
        (b"{}", {**JSON, "Content-Encoding": "gzip"}, 400, "can't be unpacked"),
        (gzip.compress(b"{}", mtime=0)[:-4], {**JSON, "Content-Encoding": "gzip"}, 400, "can't be unpacked"),
        (gzip.compress(b"{}", mtime=0) + b"more", {**JSON, "Content-Encoding": "gzip"}, 400, "can't be unpacked"),
    ],
)
def test_a_body_of_another_type_is_told_which_is_wanted(
    shop: Shop, content: bytes, headers: dict[str, str], status: int, words: str
) -> None:
    answer = shop.post("/v1/batch", None, content=content, headers=headers)
    assert answer.status_code == status
    assert words in problem(answer)


def test_who_brings_too_much_is_told_how_long_to_wait(small: Shop) -> None:
    auth = ("the-new-key", "")
    batch = {"batch": [{"type": "page"}] * 20}
    assert small.post("/v1/batch", batch, auth=auth).status_code == 200
    answer = small.post("/v1/batch", batch, auth=auth)
    wait = answer.headers["retry-after"]
    assert (answer.status_code, 1 <= int(wait) <= 19) == (429, True)
    assert f"wait {wait} s" in problem(answer)
    assert small.post("/v1/batch", batch, auth=("the-old-key", "")).status_code == 200


def test_an_allowance_is_made_up_for_with_time_and_not_saved() -> None:
    seconds = [100.0]
    allowance = Allowance(10, lambda: seconds[0])
    allowance.use(25)
    seconds[0] += 1.4
    with pytest.raises(Problem):
        allowance.ensure()
    seconds[0] += 0.2
    allowance.ensure()
    seconds[0] += 3_600
    allowance.ensure()
    allowance.use(11)
    with pytest.raises(Problem):
        allowance.ensure()
