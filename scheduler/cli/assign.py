"""`rightreason assign`: a task is given to another person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scheduler.cli import frame
from scheduler.cli.moments import Now, now_in
from scheduler.cli.person import who
from scheduler.cli.show import Id
from scheduler.cli.task_history import GIVEN
from scheduler.errors import InputError

if TYPE_CHECKING:
    from scheduler.rulebook.people import People
    from scheduler.store import Task
    from scheduler.workspace import Workspace


def assign(
    ctx: typer.Context,
    occasion: Id,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Whose it is from now on, as in rules/people.yaml.")],
    now: Now = None,
) -> None:
    """Give an open task to another person.

    It is due when it was. It becomes the event task_reassigned, which rules can use, and `show` has it in the task's
    history.

    Examples:
      rightreason assign call_after_a_low_score/C1042/E77 tomas
    """
    from scheduler.rulebook.people import load_people

    at = now_in(now, ctx)
    with frame.opened(ctx) as workspace:
        _ensure_somebody(person, load_people(workspace.folder))
        task = _open_task(occasion, workspace)
        if task.assignee == person:
            raise InputError(f"the task {occasion} is {person}'s already")
        with workspace.store.together() as both:
            if not both.tasks.assign(task, person, now=at):
                raise InputError(f"{occasion} has changed meanwhile; look at it again")
            told = {"occasion": occasion, "from": task.assignee, "to": person}
            both.notes.add(who(), GIVEN, task.customer, told, now=at)
    typer.echo(f"{occasion} is {person}'s now, and was {task.assignee}'s")


def _ensure_somebody(person: str, people: People) -> None:
    """Raise `InputError` where nobody is called so."""
    from scheduler.rulebook.findings import meant
    from scheduler.rulebook.people import PEOPLE_FILE

    if person in people.people:
        return
    if person in people.roles:
        raise InputError(f"{person} is a role; name one person, such as {people.roles[person].members[0]}")
    known = f"there are {', '.join(people.people)}" if people.people else "it names nobody"
    raise InputError(f"there is no person {person!r} in {PEOPLE_FILE}; {meant(person, people.people, known)}")


def _open_task(occasion: str, workspace: Workspace) -> Task:
    """The task of that occasion. Raises `InputError` where there is none, or it has ended."""
    from scheduler.cli.local_time import shown, zones_of
    from scheduler.cli.rules import house_of

    task = workspace.store.tasks.get(occasion)
    if task is None:
        raise InputError(f"there is no task {occasion!r}; `rightreason tasks` lists their ids")
    if task.ended is not None:
        where = zones_of(workspace.store, [task.customer], house_of(workspace))[task.customer]
        raise InputError(
            f"the task {occasion} is {task.state} since {shown(task.ended, where)}: nobody has it any more"
        )
    return task
