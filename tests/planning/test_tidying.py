from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from keeping import AT_ONCE, Business, at, in_business

from scheduler.daemon import Daemon
from scheduler.errors import SettingsError
from scheduler.planning.tidying import archive_of, may_leave, tidy
from scheduler.settings import load_settings
from scheduler.store import archive
from scheduler.wallclock import DAY

NOW = at("2028-06-15 12:00")


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Business]:
    with in_business(tmp_path, retention={"events": "24 months", "occasions": "6 months"}) as business:
        business.customer()
        business.event("bought", "2026-03-02 15:00", id="old")
        business.event("bought", "2026-07-02 15:00", id="younger")
        yield business


def of(business: Business, name: str) -> tuple[int, int | None]:
    (found,) = (one for one in may_leave(business.workspace, NOW) if one.name == name)
    return found.found.rows, found.before


def test_what_is_older_than_is_set_may_leave(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-03-01")
    assert of(business, "events") == (1, at("2026-06-15 02:00"))
    assert [one.left for one in tidy(business.workspace, NOW) if one.name == "events"] == [1]
    assert archive.read(archive_of(business.workspace), "event")["id"].to_list() == ["old"]


def test_without_a_setting_all_stays_but_traffic(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-03-01")
    kept = {one.name for one in may_leave(business.workspace, NOW) if one.before is None}
    assert kept == {"tasks", "attempts", "notes"}


def test_before_rules_are_active_events_and_occasions_stay(business: Business) -> None:
    assert of(business, "events") == (0, None)
    assert "no rules are active" in may_leave(business.workspace, NOW)[1].stays[0]


def test_what_the_rules_look_back_at_stays_longer_and_it_is_said(business: Business) -> None:
    business.goes_by(f"{AT_ONCE}  only_if: [{{event: seen, within: 3 years}}, {{event: bought}}]\n", "2026-03-01")
    _, events, *_ = may_leave(business.workspace, NOW)
    assert events.found.rows == 0
    assert events.days_more > 365
    assert events.stays == ("bought: rule thanks looks at it without `within`",)


def test_the_daemon_archives_and_goes_on_where_it_cannot(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-03-01")
    daemon = Daemon(business.worker, clock=lambda: NOW, steady=lambda: NOW)
    folder = archive_of(business.workspace)
    folder.write_text("in the way")
    daemon.tidy()
    assert of(business, "events")[0] == 1
    folder.unlink()
    daemon.stopping.set()
    daemon.tidy()
    assert of(business, "events")[0] == 1
    daemon.stopping.clear()
    daemon.tidy()
    assert of(business, "events")[0] == 0


def test_durations_are_those_of_the_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTREASON_RETENTION__EVENTS", "2 years")
    (tmp_path / "rightreason.toml").write_text('[retention]\noccasions = "24 months"\n')
    set_to = load_settings(tmp_path).retention
    assert (str(set_to.events), str(set_to.occasions), set_to.tasks) == ("2 years", "24 months", None)


@pytest.mark.parametrize("written", ["24", "20 days", "9000 hours", "50 business days"])
def test_less_than_a_month_or_no_calendar_time_is_refused(tmp_path: Path, written: str) -> None:
    (tmp_path / "rightreason.toml").write_text(f'[retention]\nevents = "{written}"\n')
    with pytest.raises(SettingsError, match=r"rightreason.toml:2: retention.events = '.*' can't be used"):
        load_settings(tmp_path)


def test_days_are_those_of_utc(business: Business) -> None:
    business.goes_by(AT_ONCE, "2026-03-01")
    _, before = of(business, "events")
    assert before is not None
    assert before % DAY == 0
