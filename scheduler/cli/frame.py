"""What all commands share: where the workspace is, how errors are told, and how a command ends.

Exit codes: 0 all went well, 1 findings (or something failed), 2 what was handed in can't be used, 3 another daemon
holds the database, 70 a fault of rightreason itself, 130 interrupted.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from scheduler.errors import InputError, RightReasonError, places_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scheduler.workspace import Workspace

FAULT = 70
"""The exit code of a fault in the program itself (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130
"""The exit code after Ctrl+C, as shells have it: 128 and the number of the signal."""

WORKSPACE = "RIGHTREASON_WORKSPACE"
ORDER = ("demo", "init", "import", "check", "test", "preview", "why")
_ANYWHERE = ("--workspace", "-w")
_DEBUG = "--debug"
_NO_TEXT = re.compile("[\ud800-\udfff]")
"""As what Python keeps bytes that are typed and are no UTF-8."""


class Commands(TyperGroup):
    """The commands, with one way of ending for all of them.

    `--workspace` and `--debug` may stand before the command or behind it.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options in front of the command, wherever they were written."""
        for word in args:
            if (shown := _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", word)) != word:
                ctx.fail(f"{shown!r} can't be read: it was typed in another encoding than UTF-8")
        return super().parse_args(ctx, _in_front(args) if ctx.parent is None else args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as Typer calls it
        """Return the names in the order that a newcomer needs: typer would put `import` last."""
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what it raises becomes one block on stderr and an exit code."""
        if ctx.parent is not None:
            return super().invoke(ctx)
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except RightReasonError as error:
            tell(error)
            raise typer.Exit(error.exit_code) from None
        except (typer.Exit, typer.Abort, BrokenPipeError, KeyboardInterrupt):
            raise
        except OSError as error:
            tell(_of_the_machine(error))
            raise typer.Exit(2) from None
        except Exception as error:
            if _told_by_typer(error):
                raise
            _tell_fault(error, with_trace=bool(ctx.params.get("debug")))
            raise typer.Exit(FAULT) from None
        return result


class Command(TyperCommand):
    """A command each of whose options can be given once, but for those that are repeatable."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse an option that is given twice: of two answers the first would be lost without a word."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            if given.count(option) > 1 and not (option.multiple or getattr(option, "is_flag", False)):
                ctx.fail(f"{option.opts[0]} can be given once")
        return super().parse_args(ctx, args)


def help_of(command: Callable[..., None]) -> str:
    """A command's help: its docstring, with the examples kept as they are laid out."""
    return cleandoc(command.__doc__ or "").replace("\n\nExamples:", "\n\n\b\nExamples:")


def workspace_of(ctx: typer.Context) -> Path:
    """The workspace that a command works in; it need not exist."""
    found = ctx.find_root().params.get("workspace")
    return Path() if found is None else Path(found)


@contextmanager
def opened(ctx: typer.Context, *, anywhere: bool = False) -> Iterator[Workspace]:
    """The workspace with its settings and its database, which is made and migrated on first use.

    Raises `InputError` where the folder is no workspace (with `anywhere`: where there is no such folder), else a
    mistyped folder would be given an empty database, and every answer from it would be wrong.
    """
    from scheduler.workspace import open_workspace

    folder = workspace_of(ctx)
    if not (anywhere and folder.is_dir()):
        ensure_workspace(folder)
    with open_workspace(folder.absolute()) as workspace:
        yield workspace


def ensure_agreed(question: str) -> None:
    """Ask whoever sits at the terminal. Raises `InputError` where nobody does, and ends the command after a no."""
    if not sys.stdin.isatty():
        raise InputError("nothing was changed: nobody can be asked here, so say --yes")
    try:
        agreed = typer.confirm(question)
    except typer.Abort as ended:
        typer.echo("\nnothing was changed")
        raise typer.Exit(INTERRUPTED if isinstance(ended.__context__, KeyboardInterrupt) else 1) from None
    if not agreed:
        typer.echo("nothing was changed")
        raise typer.Exit(1)


def cache_of(folder: Path) -> Path:
    """The folder for what can always be made anew."""
    return Path(os.environ.get("RIGHTREASON_CACHE") or folder / ".cache")


def ensure_workspace(workspace: Path) -> None:
    """Raise `InputError` where the folder is no workspace."""
    if not any((workspace / part).exists() for part in ("rules", "rightreason.toml", "rightreason.db")):
        raise InputError(
            f"{workspace.absolute()} is no workspace: it holds neither rules/ nor rightreason.toml; "
            "go to one, name one by --workspace DIR, or lay one down by `rightreason init DIR`"
        )


def tell(error: RightReasonError) -> None:
    """Write an error to stderr as one block: its message, and the way out where there is one."""
    findings = error.facts.get("findings")
    if findings:
        from scheduler.rulebook.findings import render

        typer.echo(render(findings, error.facts.get("sources", {}), colour=coloured(sys.stderr)), err=True, nl=False)
    typer.echo(f"rightreason: {error}", err=True)
    if error.way_out:
        typer.echo(f"  {error.way_out}", err=True)


def coloured(stream: Any) -> bool:
    """Whether to write colours: on terminals alone, and not where NO_COLOR is set (no-color.org)."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _in_front(args: Sequence[str]) -> list[str]:
    front: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == _DEBUG or word.startswith("--workspace="):
            front.append(word)
        elif word in _ANYWHERE:
            front += [word, *([value] if (value := next(words, None)) is not None else [])]
        else:
            rest.append(word)
    return front + rest


def _of_the_machine(error: OSError) -> RightReasonError:
    if isinstance(error, shutil.Error):  # it lists everything that was not copied, and the last is no better
        return RightReasonError(f"{error.args[0][0][0]} can't be copied: {error.args[0][0][2]}")
    place = f"{error.filename}: " if error.filename else ""
    return RightReasonError(f"{place}{error.strerror or error}")


def _told_by_typer(error: Exception) -> bool:
    """Whether it is a usage error, which typer words better than we could."""
    return hasattr(error, "exit_code") and hasattr(error, "format_message")


def _tell_fault(error: Exception, *, with_trace: bool) -> None:
    (place,) = places_in(error)[-1:] or ["an unknown place"]
    # The message of a foreign exception may quote a customer's data, so only its kind is shown.
    typer.echo(f"rightreason: a fault in the program itself: {type(error).__name__} in {place}", err=True)
    if with_trace:
        typer.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    else:
        typer.echo(
            "  Nothing you did; please report it. With --debug the whole trace is shown (it may name customers).",
            err=True,
        )
