"""The commands of docs/import.md, as they stand there, on the public samples that they are about.

The samples are no part of the project: they are looked for beside the checkout.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.intake import Cause, Options, Summary, import_customers, import_events
from scheduler.store import Store, open_store

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
SAMPLES = ROOT.parent / "shared" / "data"
NOW = 1_767_225_600_000_000  # 2026-01-01

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the samples do not lie in {SAMPLES}")


def commands(heading: str) -> list[list[str]]:
    """The words of each import command under a heading."""
    section = DOCUMENT.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```\n(.*?)```", section, flags=re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line)[2:] for line in lines if line.startswith("rightreason import")]


def options(words: list[str]) -> Options:
    many: dict[str, list[str]] = {}
    words = [*words]
    while words:
        option = words.pop(0).removeprefix("--")
        many.setdefault(option, []).append(words.pop(0) if option != "create-customers" else "")
    return Options(
        columns=dict(pair.split("=", 1) for pair in many.get("column", [])),
        sets=dict(pair.split("=", 1) for pair in many.get("set", [])),
        name=many.get("name", [None])[0],
        timezone=many.get("timezone", [None])[0],
        date_formats=tuple(many.get("date-format", [])),
        require=tuple(many.get("require", [])),
        omit=tuple(many.get("omit", [])),
        create_customers="create-customers" in many,
    )


def run(store: Store, sample: str, words: list[str], scratch: Path) -> Summary:
    """Imports a copy of the file, so that rejects lie beside that."""
    fact, file, *rest = words
    copy = scratch / file
    copy.write_bytes((SAMPLES / sample / file).read_bytes())
    take = {"customers": import_customers, "events": import_events}[fact]
    return take(store, copy, options(rest), now=NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'facts.db'}") as store:
        yield store


def test_every_cause_is_documented_in_its_own_words() -> None:
    documented = dict(
        re.findall(r"^\| `([a-z0-9_]+)` \| (.*) \|$", DOCUMENT.split("## The reject file")[1], re.MULTILINE)
    )
    assert documented == {cause.value: cause.meaning for cause in Cause}


@needs_samples
@pytest.mark.slow
def test_the_shop_is_imported_as_documented(store: Store, tmp_path: Path) -> None:
    customers, orders, lines = commands("A shop")
    assert run(store, "adventureworks", customers, tmp_path).added == 18_148
    taken = {}
    for year in (2017, 2018, 2019):
        summary = run(store, "adventureworks", [word.replace("2019", str(year)) for word in orders], tmp_path)
        assert summary.rejected == 0
        taken[year] = summary.added
    assert taken == {2017: 2_630, 2018: 10_695, 2019: 11_839}
    assert run(store, "adventureworks", lines, tmp_path).added == 29_481
    assert run(store, "adventureworks", lines, tmp_path).unchanged == 29_481
    doubled = [word.replace("{CustomerKey}-", "") for word in lines]
    assert run(store, "adventureworks", doubled, tmp_path).causes == {Cause.SAME_ID: 4}


@needs_samples
@pytest.mark.slow
def test_the_service_is_imported_as_documented(store: Store, tmp_path: Path) -> None:
    first = [run(store, "ravenstack", words, tmp_path) for words in commands("A service")]
    again = [run(store, "ravenstack", words, tmp_path) for words in commands("A service")]
    assert [summary.added for summary in first] == [500, 5_000, 600, 2_000, 2_000, 1_175]
    assert [summary.skipped for summary in first] == [0, 0, 0, 0, 0, 825]
    assert {summary.rejected for summary in first} == {0}
    assert {(summary.added, summary.updated) for summary in again} == {(0, 0)}


@needs_samples
@pytest.mark.slow
def test_purchases_without_ids_are_imported_as_documented(store: Store, tmp_path: Path) -> None:
    section = DOCUMENT.split("## From other formats", 1)[1]
    convert, _, words = re.findall(r"```\n(.*?)```", section, flags=re.DOTALL)[0].partition("|\n")
    csv = subprocess.run(  # noqa: S602 - the documented shell line
        convert, shell=True, check=True, capture_output=True, cwd=SAMPLES / "cdnow"
    ).stdout
    file = tmp_path / "cdnow.csv"
    file.write_bytes(csv)
    asked = options(shlex.split(words)[4:])
    first = import_events(store, file, asked, now=NOW)
    again = import_events(store, file, asked, now=NOW)
    assert (first.added, first.created, first.rejected) == (69_659, 23_570, 0)
    assert (again.added, again.unchanged) == (0, 69_659)
