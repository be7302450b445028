"""The figures: what is measured, what it has to hold, and whether it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.jobs import Jobs
from benchmarks.processes import PROGRAM, Median, median

CUSTOMERS = {
    "S1": 1_000_000,
    "S2": 1_000_000,
    "S3": 100_000,
    "S4": 10_000,
    "S5": 20_000,
    "S6": 5_000,
    "S7": 100_000,
    "S11": 2_000,
}
"""How many customers each is measured on; they have ten times as many events (in S7 planned rows), in S5 and S6 one."""

MEGABYTE = 1_000_000
_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Figure:
    """One line of the table; `held` is None where nothing is to be held, or it can't be told yet."""

    id: str
    what: str
    value: str
    hold: str = ""
    held: bool | None = None


@dataclass(frozen=True)
class Sizes:
    """How many customers a figure is measured on."""

    scale: float = 1.0

    def of(self, figure: str, *, tenth: bool = False) -> int:
        """The customers of a figure, or a tenth of them."""
        return max(10, round(CUSTOMERS[figure] * self.scale / (10 if tenth else 1)))


def kernel(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S1: the walk by itself."""
    size = sizes.of("S1")
    found = jobs.kernel(size)
    if found is None:
        yield Figure("S1", f"kernel, a year of {size:,} customers", "Numba is not installed", ">= 5 M decisions/s")
        return
    rate, faster = found.decisions / found.seconds, found.plain_seconds / found.sample_seconds
    what = f"kernel, a year of {size:,} customers: decisions a second"
    yield Figure("S1", what, f"{rate / 1e6:.1f} M/s ({found.seconds:.2f} s)", ">= 5 M/s", rate >= 5e6)
    what = f"  against plain Python on one core, {found.sample:,} customers"
    same = "same contacts" if found.same else "OTHER CONTACTS"
    yield Figure("S1", what, f"{faster:.0f} x, {same}", ">= 3 x, same contacts", faster >= 3 and found.same)


def files(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S2: backtest from Parquet."""
    size = sizes.of("S2")
    whole, bare, walk = jobs.backtest_of_files(size), jobs.bare_files(size), jobs.kernel(size)
    yield Figure("S2", f"backtest of a year, {size:,} customers, Parquet", _seconds(whole))
    yield Figure("S2", "  its files, only read", _seconds(bare))
    if walk is None:
        yield Figure("S2", "  against that", f"{whole.seconds / bare.seconds:.2f} x", "(needs the kernel's time)")
        return
    ratio = whole.seconds / (3 * walk.seconds + bare.seconds)
    yield Figure("S2", "  against 3 x the kernel and reading", f"{ratio:.2f} x", "<= 1 x", ratio <= 1)


def store(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S3: backtest from SQLite."""
    size = sizes.of("S3")
    whole = jobs.backtest_of_store(size)
    read, write = jobs.bare_store(size)
    ratio = whole.seconds / (read.seconds + write.seconds)
    what = f"backtest of a year, {size:,} customers, SQLite, with contacts"
    yield Figure("S3", what, _seconds(whole), "<= 5 s", whole.seconds <= 5)
    yield Figure("S3", "  its rows only read, its contacts only written", f"{_seconds(read)} + {_seconds(write)}")
    yield Figure("S3", "  against that", f"{ratio:.2f} x", "<= 1.6 x", ratio <= 1.6)


def preview(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S4: preview, cold."""
    size = sizes.of("S4")
    for what, taken, limit in (
        (f"preview of 30 days, {size:,} customers, SQLite", jobs.preview(size), 1.5),
        ("preview of 30 days, one of them", jobs.preview_of_one(size), 0.8),
    ):
        yield Figure("S4", what, _seconds(taken), f"<= {limit} s", taken.seconds <= limit)


def intake(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S5: facts, durable and planned."""
    size = sizes.of("S5")
    found = jobs.intake(size)
    rate, worst = found["rate"], found["worst"]
    yield Figure(
        "S5", f"{size:,} events in batches, durable and planned", f"{rate:,.0f}/s", ">= 15,000/s", rate >= 15_000
    )
    ratio = f"{rate / found['bare']:.2f} x of {found['bare']:,.0f}/s"
    yield Figure("S5", "  against sqlite3 writing as many rows alone", ratio)
    value = f"{worst * 1e3:.1f} ms (half of them {found['half'] * 1e3:.1f} ms)"
    yield Figure("S5", "  a single one, the 99th of 100", value, "<= 3 ms", worst <= 0.003)


def sending(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S6: due contacts, sent."""
    size = sizes.of("S6")
    found, peer = jobs.sending(size)
    rate, ratio = found["rate"], found["rate"] / found["bare"]
    what = f"{found['sent']:,.0f} due contacts: gates, templates, SMTP, ledger"
    yield Figure("S6", what, f"{rate:,.0f}/s", ">= 1,500/s", rate >= 1_500)
    yield Figure("S6", "  against smtplib and marks in SQLite alone", f"{ratio:.2f} x of {found['bare']:,.0f}/s")
    if isinstance(peer, str):
        yield Figure("S6", "  against django-post-office", f"not measured: {peer}", ">= 3 x")
        return
    what = f"  against django-post-office, {peer['threads']} threads, batches of {peer['batch']:,}"
    ratio = rate / peer["rate"]
    yield Figure("S6", what, f"{ratio:.2f} x of {peer['rate']:,.0f}/s", ">= 3 x", ratio >= 3)


def idle(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S7: the daemon while nothing is due, and when something is."""
    size = 10 * sizes.of("S7")
    found = jobs.idle(size)
    cpu, worst = found["cpu"], found["worst"]
    yield Figure("S7", f"daemon, idle on {size:,} planned rows", f"{cpu:.2%} of a core", "< 0.5 %", cpu < 0.005)
    value = f"{worst * 1e3:.0f} ms (half of them {found['half'] * 1e3:.0f} ms)"
    what = f"  from {found['wakes']} due moments to the mail server, the worst"
    yield Figure("S7", what, value, "<= 50 ms", worst <= 0.05)


def growth(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S8: ten times the size."""
    for figure, seconds in _GROWING.items():
        size, tenth = sizes.of(figure), sizes.of(figure, tenth=True)
        large, small = seconds(jobs, size), seconds(jobs, tenth)
        what = f"{figure} with {size:,} customers against {tenth:,}"
        if large is None or small is None:
            yield Figure("S8", what, "Numba is not installed", "<= 11 x")
            continue
        yield Figure("S8", what, f"{large / small:.1f} x", "<= 11 x", large / small <= 11)


def start(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:  # noqa: ARG001 - no shop is needed
    """S9: the help."""
    taken = median(PROGRAM, "--help")
    yield Figure("S9", "rightreason --help", _seconds(taken), "<= 0.3 s", taken.seconds <= 0.3)


def memory(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S10: the peaks of S2 and S3."""
    for figure, job in (("S2", jobs.backtest_of_files), ("S3", jobs.backtest_of_store)):
        peak, small = job(sizes.of(figure)).peak, job(sizes.of(figure, tenth=True)).peak
        value = f"{peak / MEGABYTE:.0f} MB ({small / MEGABYTE:.0f} MB at a tenth)"
        yield Figure("S10", f"largest memory of {figure}", value, "<= 600 MB", peak <= 600 * MEGABYTE)


def http(jobs: Jobs, sizes: Sizes) -> Iterator[Figure]:
    """S11: facts by HTTP, durable before they are answered."""
    events = 10 * sizes.of("S11")
    for database, processes in (("sqlite", 1), ("postgresql", 1), ("postgresql", 2)):
        served = f"{_DATABASES[database]}, {processes} process{'es'[: 2 * processes - 2]}"
        found = jobs.http(events, database, processes)
        if isinstance(found, str):
            yield Figure("S11", served, f"not measured: {found}")
            continue
        yield Figure("S11", f"{events:,} events by HTTP, durable, 8 connections: {served}", "")
        for size, rate in found["http"].items():
            bare = found["bare"][size]
            value = f"{rate:,.0f}/s, {rate / bare:.2f} x of {bare:,.0f}/s"
            yield Figure("S11", f"  in batches of {int(size):,}, against the store alone", value)
        cores = f"{found['server']:.2f} and {found['client']:.2f} cores"
        yield Figure("S11", "  in which the server and who sends took", cores)
        for what, when in (("idle", "else idle"), ("loaded", "under that load, by 100")):
            half, worst = found[what]
            value = f"{worst * 1e3:.1f} ms (half of them {half * 1e3:.1f} ms)"
            yield Figure("S11", f"  a single event, {when}, the 99th of 100", value)


FIGURES: Mapping[str, Callable[[Jobs, Sizes], Iterator[Figure]]] = {
    "S1": kernel,
    "S2": files,
    "S3": store,
    "S4": preview,
    "S5": intake,
    "S6": sending,
    "S7": idle,
    "S8": growth,
    "S9": start,
    "S10": memory,
    "S11": http,
}


def _kernel_seconds(jobs: Jobs, customers: int) -> float | None:
    found = jobs.kernel(customers)
    return None if found is None else found.seconds


_GROWING: Mapping[str, Callable[[Jobs, int], float | None]] = {
    "S1": _kernel_seconds,
    "S2": lambda jobs, customers: jobs.backtest_of_files(customers).seconds,
    "S3": lambda jobs, customers: jobs.backtest_of_store(customers).seconds,
    "S4": lambda jobs, customers: jobs.preview(customers).seconds,
}


def _seconds(taken: Median) -> str:
    return f"{taken.seconds:.3f} s" + ("" if taken.runs >= 5 else f" ({taken.runs} run{'s'[: taken.runs - 1]})")
