from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typing_commands import Run

from scheduler.cli.results import KEYS
from scheduler.cli.results_charts import Charts, Interval, Point
from scheduler.cli.results_report import print_report
from scheduler.cli.results_words import lasting
from scheduler.measures.measure import Figure, Unit
from scheduler.measures.period import period
from scheduler.measures.verdict import Verdict

NOW = "2026-11-03T09:00+01:00"


def test_each_measure_is_told_with_its_formula_its_denominator_its_window_and_its_count(
    active_to_copy: Path, run: Run
) -> None:
    result = run(active_to_copy, "results", "--month", "2026-10", "--months", "2", "--now", NOW)
    assert (result.exit_code, result.stderr) == (0, "")
    shown = result.stdout
    assert "Results for 2026-09 to 2026-10 (Europe/Berlin)" in shown
    assert "  = % of answers 9 or 10, minus % of answers 0 to 6\n" in shown
    assert "  of answers to nps, of each occasion the newest answer; none that was replaced; answers given in" in shown
    (line,) = re.findall(r"\n  all +2026-10 +([+-]\S+) +(\d+) .*too few to tell", shown.split("Net promoter score")[1])[
        :1
    ]
    assert int(line[1]) < 20


def test_every_line_of_json_is_a_measure_with_the_same_keys(active_to_copy: Path, run: Run) -> None:
    lines = run(active_to_copy, "results", "--month", "2026-10", "--format", "json", "--now", NOW).stdout.splitlines()
    told = [json.loads(line) for line in lines]
    assert {tuple(one) for one in told} == {KEYS}
    (nps,) = [one for one in told if one["measure"] == "nps" and one["campaign"] is None]
    assert nps["period"] == "2026-10"
    assert (nps["unit"], nps["verdict"], nps["because"]) == ("points", "too_few", "too few to tell")
    assert all(one["because"] for one in told)
    assert all(one["formula"] and one["denominator"] and one["window"] for one in told)
    assert [one for one in told if one["value"] is None and one["verdict"] == "tells"] == []


def test_csv_has_the_same_columns(active_to_copy: Path, run: Run) -> None:
    shown = run(active_to_copy, "results", "--month", "2026-10", "--format", "csv", "--now", NOW).stdout
    rows = list(csv.DictReader(io.StringIO(shown)))
    assert tuple(rows[0]) == KEYS
    assert {row["measure"] for row in rows} >= {"nps", "churn", "lift", "occasions"}


def test_only_one_campaign_can_be_asked_for(active_to_copy: Path, run: Run) -> None:
    told = run(
        active_to_copy, "results", "--campaign", "After the purchase", "--format", "json", "--now", NOW
    ).stdout.splitlines()
    assert {json.loads(line)["campaign"] for line in told} == {"After the purchase"}
    refused = run(active_to_copy, "results", "--campaign", "After purchase", "--now", NOW)
    assert refused.exit_code == 2
    assert "did you mean 'After the purchase'?" in refused.stderr


def test_a_month_to_come_is_refused(active_to_copy: Path, run: Run) -> None:
    refused = run(active_to_copy, "results", "--month", "2026-12", "--now", NOW)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--month 2026-12 is still to come; the present month is 2026-11" in refused.stderr


@pytest.mark.parametrize(
    ("unit", "values", "eighths"),
    [
        (Unit.PERCENT, (25, 50, 100), (2, 4, 8)),
        (Unit.PERCENT, (12.5, 0, 25), (1, 0, 2)),
        (Unit.POINTS, (-50, 25, 50), (0, 2, 4)),
        (Unit.COUNT, (25, 50, 12.5), (4, 8, 2)),
    ],
)
def test_bars_of_percentages_and_of_nps_are_parts_of_100_and_others_of_the_largest(
    unit: Unit, values: tuple[float, ...], eighths: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [
        Figure("m", "M", "share", "2026-10", value, unit, 99, Verdict.TELLS, "f", "d", "w", {"campaign": f"c{number}"})
        for number, value in enumerate(values)
    ]
    print_report(figures, period("2026-10", 1, "UTC", 1_793_577_600_000_000), None)
    lines = [line for line in capsys.readouterr().out.splitlines() if "2026-10  " in line]
    assert [line.count("▇") for line in lines] == [2 * eighth for eighth in eighths]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        self.ids += [value or "" for name, value in attrs if name == "id"]


def test_the_page_is_one_file_without_scripts_that_fetches_nothing(
    active_to_copy: Path, tmp_path: Path, run: Run
) -> None:
    file = tmp_path / "results.html"
    result = run(active_to_copy, "results", "--month", "2026-10", "--months", "3", "--html", str(file), "--now", NOW)
    assert result.exit_code == 0
    assert f"figures in {file}" in result.stdout
    text = file.read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert "script" not in page.tags
    assert page.addresses == ["data:,"]
    assert "url(" not in text
    assert "@import" not in text
    assert len(page.ids) == len(set(page.ids))
    assert page.tags.count("svg") == page.tags.count("desc") > 3
    assert page.tags.count("table") >= page.tags.count("svg") / 2
    assert "too few to tell" in text


def test_the_page_goes_to_stdout_where_that_is_asked_for(active_to_copy: Path, run: Run) -> None:
    shown = run(active_to_copy, "results", "--month", "2026-10", "--html", "-", "--now", NOW).stdout
    assert shown.startswith("<!doctype html>")
    assert shown.endswith("</html>\n")


def test_a_page_that_cannot_be_written_is_told(active_to_copy: Path, tmp_path: Path, run: Run) -> None:
    refused = run(active_to_copy, "results", "--html", str(tmp_path / "none" / "page.html"), "--now", NOW)
    assert refused.exit_code == 2
    assert "page.html can't be written: No such file or directory" in refused.stderr


def test_the_charts_say_in_words_what_they_show() -> None:
    charts = Charts()
    points = [Point("2026-09", -12.5, "-12.5"), Point("2026-10", 30, "+30.0", weak=True), Point("2026-11", None, "-")]
    drawn = charts.columns("NPS <by month>", points)
    assert '<title id="c1t">NPS &lt;by month&gt;</title>' in drawn
    assert '<desc id="c1d">2026-09: -12.5; 2026-10: +30.0; 2026-11: -</desc>' in drawn
    below, above = re.findall(r'<rect class="(bar(?: weak)?)" x="\S+" y="(\S+)"', drawn)
    (zero,) = re.findall(r'<line class="axis" x1="0" x2="320" y1="(\S+)"', drawn)
    assert (below, above[0]) == (("bar", zero), "bar weak")
    assert float(above[1]) < float(zero)
    interval = charts.intervals("Lift", [Interval("review_ask", 4, -2, 10, "+4.0 points", weak=True)])
    assert 'id="c2t"' in interval
    assert interval.count('class="interval weak"') == 2


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (3_600, "1 h"), (3_660, "1 h 1 min"), (86_400 * 3 + 61, "3 d"), (129_600, "1 d 12 h")],
)
def test_spans_are_told_in_their_two_largest_units(seconds: float, said: str) -> None:
    assert lasting(seconds) == said
