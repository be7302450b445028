"""`rightreason why`: a customer's story, and every occasion with what each gate wanted and what was the case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.formats import Format, painted, print_objects
from scheduler.cli.moments import Now

if TYPE_CHECKING:
    from scheduler.cli.explanations import Reasoned
    from scheduler.decisions.facts import Customer
    from scheduler.planning.rulebooks import Active
    from scheduler.store import Store


def why(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Their id; or their name or e-mail address.")],
    rule: Annotated[str | None, typer.Option("--rule", metavar="NAME", help="Only this rule.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="INSTANT", help="As of this moment, with the facts known by then.")
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="The whole story, every occasion and every gate, not the most telling ones.")
    ] = False,
    active: Annotated[
        bool, typer.Option("--active", help="By the rules that are active, rather than those in the folder.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TABLE,
    now: Now = None,
) -> None:
    """Tell why a customer is contacted, or why not.

    First comes their story: what happened, what we said and what is to come, in their local time. Then their
    occasions: of a silence the gates that say no, of a contact those that tell most, each with what was the case,
    what it wanted, and where that is written. With --rule every gate is told that says anything; of occasions that
    are alike it is one, unless --all asks for each.

    With --format json, an object an occasion: the keys of preview's, then trigger, opens, closes, and gates, a list
    of objects with gate, ok, wanted, actual, until and source (FILE:LINE).

    Examples:
      rightreason why C1042
      rightreason why C1042 --rule referral_ask
      rightreason why C1042 --at 2026-03-01 --format json
    """
    from scheduler.cli import rules
    from scheduler.cli.customers import customer_called
    from scheduler.cli.explanations import KEYS, as_cells, as_object, reasoned

    with frame.opened(ctx) as workspace:
        typed, option = (at, "--at") if at else (now, "--now")
        going_by, present = rules.rules_and_moment(workspace, typed, running=active, option=option)
        known = customer_called(workspace.store, customer)
        rules.ensure_rule(going_by.program.rulebook, rule)
        found = [
            one for one in reasoned(workspace.store, going_by, known, present) if rule in (None, one.told.decision.rule)
        ]
        if form is Format.TABLE:
            _tell(workspace.store, going_by, known, found, present, rule=rule, whole=all_)
            return
    print_objects(map(as_cells if form is Format.CSV else as_object, found), KEYS, form)


def _tell(
    store: Store, going_by: Active, known: Customer, found: list[Reasoned], now: int, *, rule: str | None, whole: bool
) -> None:
    """Write the customer's name, their story unless only one rule is asked about, and their occasions."""
    from scheduler.cli.absences import absences
    from scheduler.cli.occasions import when
    from scheduler.cli.sections import print_absences, print_sections
    from scheduler.cli.timeline import entries, print_timeline
    from scheduler.decisions.facts import known_by
    from scheduler.decisions.occasions import zone_of

    program, rulebook = going_by.program, going_by.program.rulebook
    where = zone_of(known, program.house)
    then = known_by(known, now)
    name = str(known.attributes.get("name", ""))
    typer.echo(painted(f"{name} ({known.id})" if name else known.id, bold=True))
    typer.echo(f"It is {when(now, where)} for them ({where.name}).")
    if rule is None:
        tasks = {one.told.decision.occasion: store.tasks.get(one.told.decision.occasion) for one in found if one.row}
        told = entries(then, found, {key: task for key, task in tasks.items() if task}, program, where)
        print_timeline(told, now, where, whole=whole)
    print_sections(found, rulebook, whole=whole, gates=rule is not None)
    asked = [rulebook.rules[rule]] if rule else list(rulebook.rules.values())
    absent = [one for one in asked if all(one.name != other.told.decision.rule for other in found)]
    if absent and (whole or not found):
        print_absences(absences(absent, then, going_by, now), _NO_OCCASION if found else _NO_OCCASIONS)


_NO_OCCASION = "Without an occasion"
_NO_OCCASIONS = "No occasion, past or coming"
