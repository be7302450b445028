"""`rightreason restore`: a backup in the place of the database, held, with what came after it replayed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.backup import File, progress_bar
from scheduler.cli.formats import count
from scheduler.cli.moments import Now, house_zone, moment_of

if TYPE_CHECKING:
    from scheduler.store.replay import Replayed
    from scheduler.wallclock import Zone


def restore(
    ctx: typer.Context,
    file: File,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    now: Now = None,
) -> None:
    """Put a backup in the place of the database.

    Not while a daemon works. What left after the backup does not leave again, and who was erased stays erased: the
    journal beside the database knows. Facts and rules of that time are gone, so import them again. Everything is held
    until you release it.

    Examples:
      rightreason restore /srv/backups/monday.db
    """
    from scheduler.wallclock import zone

    zone_name = house_zone(ctx)
    at = moment_of(now, zone_name)
    with frame.opened(ctx) as workspace:
        if not yes:
            frame.ensure_agreed(f"Put {file} in the place of all that is in {workspace.store.url}?")
        with progress_bar("restoring") as progress:
            replayed = workspace.store.restore(file, now=at, progress=progress)
    for sentence in _sentences(replayed, zone(zone_name)):
        typer.echo(sentence)


def _sentences(replayed: Replayed, where: Zone) -> Iterator[str]:
    from scheduler.cli.local_time import shown

    since = "" if replayed.backed_up is None else f" of {shown(replayed.backed_up, where)}"
    yield f"the database is that of the backup{since}"
    if replayed.left:
        yield f"{count(replayed.left, 'message')} left after it: marked so, and not sent again"
    if replayed.unconfirmed:
        yield (
            f"{count(replayed.unconfirmed, 'message')} may have left: not sent again unless somebody says so; "
            "look at `rightreason contacts --state unconfirmed`"
        )
    if replayed.stopped:
        withdrawals = count(
            replayed.stopped, "withdrawal or suppressed address", "withdrawals and suppressed addresses"
        )
        yield f"{withdrawals} after it: in force again"
    if replayed.erased:
        yield f"{count(replayed.erased, 'customer')} erased after it: erased again"
    if not replayed.is_whole:
        yield (
            "Beware: it is not known what else left or was erased after it, since the journal does not reach back to "
            "this backup. Compare `rightreason contacts --state queued` with your providers' logs before you release"
        )
    yield (
        "All is held. Import what is known since, look at `rightreason preview` and `rightreason contacts --state "
        "queued`, then type `rightreason release --all`"
    )
