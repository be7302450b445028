"""The database, and who works on it."""

from __future__ import annotations

from scheduler.doctor.finding import Findings, error, ok, warning
from scheduler.doctor.subject import Subject
from scheduler.errors import StoreError
from scheduler.store.examination import faults, server_clock
from scheduler.store.host import Host
from scheduler.store.migrations import versions

SECOND = 1_000_000
OUT_OF_STEP = 5 * SECOND
"""A clock that is so far from the database server's (microseconds) is wrong: one of the two."""


def version(subject: Subject) -> Findings:
    """Whether it can be reached, and is of this program's version."""
    found, newest = subject.version, versions()[-1]
    if isinstance(found, StoreError):
        yield error(str(found), found.way_out or "look whether it is there, and whether `database` is right")
    elif found is None:
        yield warning("there is no database yet", "import something; it is made then")
    elif found not in versions():
        yield error(f"it is at version {found}, which this program does not know", "update the program")
    elif found != newest:
        yield warning(f"it is at version {found}, this program's is {newest}", "rightreason migrate, after a backup")
    elif subject.store is not None:
        yield ok(f"{subject.store.url} answers, and is at version {found}")


def integrity(subject: Subject) -> Findings:
    """Whether its pages fit together; that reads all of them."""
    if subject.store is None:
        return
    if subject.store.is_postgresql:
        yield ok("PostgreSQL looks after that itself (data checksums, pg_amcheck)")
        return
    if subject.quick:
        yield ok("not looked at (--quick)")
        return
    began = subject.clock()
    found = faults(subject.store)
    seconds = (subject.clock() - began) / SECOND
    if found:
        yield error(f"it is damaged: {found[0]}", "stop the daemon and restore a backup")
    else:
        yield ok(f"all of it was read, and fits together ({seconds:.1f} seconds)")


def clock(subject: Subject) -> Findings:
    """Whether this machine's clock goes with the database's, or is behind what is written in it."""
    if subject.store is None:
        return
    before = subject.clock()
    server = server_clock(subject.store)
    after = subject.clock()
    if server is not None:
        apart = max(before - server, server - after, 0)
        if apart > OUT_OF_STEP:
            yield error(
                f"this machine and the database's server are {apart // SECOND} seconds apart",
                "let a time service (NTP) set both",
            )
        else:
            yield ok("it goes with the database server's")
        return
    beat = Host(subject.store).known()
    if beat is not None and beat.seen > after + OUT_OF_STEP:
        yield error(
            f"it is {(beat.seen - after) // SECOND} seconds behind the last sign of life in the database",
            "compare it with a clock you trust, and let a time service (NTP) set it",
        )
    else:
        yield ok("it is not behind the last sign of life in the database")


def daemon(subject: Subject) -> Findings:
    """Whether somebody is at work."""
    if subject.store is None:
        return
    now = subject.clock()
    alive = [one for one in subject.store.shares.at_work() if one.lease.expires > now]
    for one in alive:
        yield ok(f"{one.lease.holder} is at work, and gave a sign of life {max(now - one.seen, 0) // SECOND} s ago")
    if not alive:
        yield warning("nobody is at work", "start `rightreason run`, or have `rightreason tick` run every minute")


def holds(subject: Subject) -> Findings:
    """Whether something is held; why, people wrote themselves, and `status` says it."""
    if subject.store is None:
        return
    names = [hold.name for hold in subject.store.holds.list()]
    if names:
        yield warning(f"held: {', '.join(names)}", "`rightreason status` says why, and how to release it")
    else:
        yield ok("nothing is held")
