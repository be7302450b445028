"""The place where templates run: they see plain values, end in time, and stay small.

What Jinja's sandbox leaves open is closed here: strings can't be multiplied or padded, filters and methods are a
short list, loops and macros are counted, and lists are never printed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes, pass_context
from jinja2.exceptions import SecurityError, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.loaders import BaseLoader
from jinja2.runtime import Context, StrictUndefined, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from markupsafe import Markup

from scheduler.errors import TemplateError

SECONDS = 1.0
"""How long a render may take."""
CHARACTERS = 1_000_000
"""How long what is rendered may become."""
_MEASURED = 100
"""As many parts of what is rendered are measured together."""
STEPS = 20_000
"""How many turns of loops and calls of macros a render may take."""

STEP = "takes a step"
"""The filter by which loops and calls pay; its name can't be written in a template."""

SYNTAX = "write it as Jinja: {{ value }} or {% if value %}"
"""The way out where a template can't be read."""
SIMPLER = "write it simpler: templates name values, ask {% if … %} and go through short lists"
"""The way out where a template does what none may, or what can't be done."""

_WITHOUT_FACTS = (jinja2.TemplateError, TypeError, ArithmeticError, RecursionError, MemoryError)
"""What says what is wrong without the values that it is about; the words of any other may hold facts of a customer."""

_SCALARS = (str, int, float, date, Undefined)
"""What can be printed."""

_METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset({"upper", "lower", "title", "capitalize", "strip", "startswith", "endswith", "split"}),
    date: frozenset({"year", "month", "day", "weekday", "isoweekday"}),
    dict: frozenset({"items", "keys", "values", "get"}),
}


class Missing(StrictUndefined):
    """A value that is not there: a question may be asked about it, but it is never printed.

    A missing attribute is false, so that `{{ customer.first_name or "there" }}` works; a name that templates do not
    have at all is an error even so.
    """

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override] # Jinja types it as never returning
        if self._undefined_obj is missing:
            self._fail_with_undefined_error()
        return False

    def __eq__(self, other: object) -> bool:  # type: ignore[override] # as above
        return isinstance(other, Missing)

    def __ne__(self, other: object) -> bool:  # type: ignore[override] # as above
        return not isinstance(other, Missing)

    def __hash__(self) -> int:  # type: ignore[override] # as above
        return id(type(self))

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        owner = getattr(self._undefined_obj, "called", None)
        name = f"{owner}.{self._undefined_name}" if owner else str(self._undefined_name)
        return f"{name} has no value" if owner else f"{name} is undefined"


class Unfit(SecurityError):
    """A value that a filter can't take; `way_out` says what it takes."""

    def __init__(self, message: str, way_out: str) -> None:
        super().__init__(message)
        self.way_out = way_out


class Named(dict[str, Any]):
    """Plain values under the name by which templates call them; a dot reads a value, never a method."""

    __slots__ = ("called",)

    def __init__(self, called: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.called = called


@dataclass(slots=True)
class Budget:
    """What one render may still use.

    Its end is a moment of the machine's own clock: it bounds work and decides nothing.
    """

    ends: float = field(default_factory=lambda: time.monotonic() + SECONDS)
    steps: int = STEPS

    def spend(self, steps: int = 1) -> None:
        """Take a step; raises `SecurityError` where there is none left."""
        self.steps -= steps
        if self.steps < 0:
            raise SecurityError(f"it takes more than {STEPS} turns of loops")
        if time.monotonic() > self.ends:
            raise SecurityError(f"it takes longer than {SECONDS:g} s")


_budget: ContextVar[Budget] = ContextVar("budget")


def _size(size: int) -> None:
    if size > CHARACTERS:
        raise SecurityError(f"it becomes longer than {CHARACTERS:,} characters")
    if budget := _budget.get(None):
        budget.spend(0)


def scalar(value: Any) -> Any:
    """The value itself where it is one; a list or the like has no words and raises `SecurityError`."""
    if isinstance(value, _SCALARS):
        return value
    raise SecurityError(f"a {type(value).__name__} can't be printed; print one of its values")


def joined(values: Iterable[Any], between: str = "") -> Any:
    """The values written one after the other, as short as a message must be."""
    written = [scalar(value) for value in values]
    texts = [value if isinstance(value, str) else str(value) for value in written]
    _size(sum(map(len, texts)) + len(between) * len(texts))
    if any(isinstance(text, Markup) for text in texts):
        return Markup(between).join(texts)  # noqa: S704 - Markup.join escapes what is not markup
    return between.join(texts)


class Sandbox(ImmutableSandboxedEnvironment):
    """Compiles and keeps the templates of one rulebook; `source(path)` finds the text of one that is included."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(
        self, source: Callable[[str], str | None], filters: Mapping[str, Callable[..., Any]], *, autoescape: bool
    ) -> None:
        super().__init__(
            loader=_Included(source),
            autoescape=autoescape,
            undefined=Missing,
            finalize=scalar,
            keep_trailing_newline=True,
            cache_size=-1,
            auto_reload=False,
        )
        self.filters = {**filters, "join": joined, STEP: _step}
        self.globals = {"range": _range}

    def compiled(self, text: str, path: str) -> Any:
        """The template that this text is; raises `TemplateSyntaxError` and what Python's compiler raises."""
        tree = self.parse(text, path, path)
        self.ensure_known(tree, path)
        _count_steps(tree)
        # `make_globals` would put a chain of dicts before them, which every render would go through
        return self.template_class.from_code(self, self.compile(tree, path, path), self.globals)

    def ensure_known(self, tree: nodes.Template, path: str) -> None:
        """Raise `TemplateSyntaxError` at the first unknown filter or test; Jinja passes over those in branches."""
        for node in tree.find_all((nodes.Filter, nodes.Test)):
            kind, there = ("filter", self.filters) if isinstance(node, nodes.Filter) else ("test", self.tests)
            if node.name not in there:
                raise TemplateSyntaxError(f"No {kind} named {node.name!r}.", node.lineno, path, path)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A value by its name; of text and dates, the few methods that are harmless."""
        if isinstance(obj, Named):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A value by its key; keys that are missing are missing values, not methods."""
        if isinstance(obj, Named):
            return self.getattr(obj, str(argument))
        if isinstance(obj, Undefined):
            return super().getitem(obj, argument)
        try:
            return obj[argument]
        except (TypeError, LookupError):
            return self.undefined(obj=obj, name=str(argument))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may read it: only what is on the list."""
        if not super().is_safe_attribute(obj, attr, value):
            return False
        if type(obj).__module__.startswith("jinja2."):
            return True
        return any(isinstance(obj, kind) and attr in names for kind, names in _METHODS.items())

    def wrap_str_format(self, value: Any) -> None:
        """`format` and `format_map` are not on the list: they pad to any width."""

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; of texts only `+`."""
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "+":
            if not numbers:
                _size(len(left) + len(right) if isinstance(left, str) and isinstance(right, str) else 0)
        elif not numbers and not isinstance(left, Undefined) and not isinstance(right, Undefined):
            raise SecurityError(f"{operator} is for numbers only")
        elif numbers and (max(abs(left), abs(right)) > 10**12 or (operator == "**" and abs(right) > 8)):
            raise SecurityError(f"the numbers of {operator} are too large")
        return super().call_binop(context, operator, left, right)


class _Included(BaseLoader):
    """Finds what templates include: files of the same folder, and nothing else."""

    def __init__(self, source: Callable[[str], str | None]) -> None:
        self.source = source

    def load(self, environment: Any, name: str, globals: Any = None) -> Any:  # noqa: A002, ARG002 - Jinja's names
        text = self.source(name)
        if text is None:
            raise TemplateNotFound(name, f"there is no templates/{name}; only files of templates/ can be included")
        return environment.compiled(text, f"templates/{name}")


@pass_context
def _step(context: Context, value: None) -> None:  # noqa: ARG001 - the context keeps Jinja from folding it away
    _budget.get().spend()


def _range(*numbers: int) -> range:
    result = range(*numbers)
    if len(result) > STEPS:
        raise SecurityError(f"range is limited to {STEPS} numbers")
    return result


def _count_steps(tree: nodes.Template) -> None:
    """Make every turn of a loop and every call pay, and every `~` measure what it makes."""
    bodies: list[Any] = [tree, *tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock))]
    for body in bodies:
        step: Any = nodes.Filter(nodes.Const(None), STEP, [], [], None, None)
        body.body.insert(0, nodes.ExprStmt(step, lineno=body.lineno or 1))
        step.set_environment(tree.environment)
    _measure(tree)


def _measure(node: nodes.Node) -> None:
    for name, value in node.iter_fields():
        if isinstance(value, list):
            value[:] = [_measured(item) for item in value]
        elif isinstance(value, nodes.Node):
            setattr(node, name, _measured(value))


def _measured(node: Any) -> Any:
    if not isinstance(node, nodes.Node):
        return node
    _measure(node)
    if isinstance(node, nodes.Concat):
        values = nodes.List(node.nodes, lineno=node.lineno)
        joins: Any = nodes.Filter(values, "join", [], [], None, None, lineno=node.lineno)
        return joins.set_environment(node.environment)
    return node


@dataclass(frozen=True, slots=True)
class Piece:
    """A compiled template, and for each of its lines the line of the file that it was made of."""

    path: str
    template: Any
    lines: Mapping[int, int] = field(default_factory=dict)
    constant: str | None = None

    def render(self, values: Mapping[str, Any]) -> str:
        """The text for these values; raises `TemplateError` with the line where it failed."""
        if self.constant is not None:
            return self.constant
        token = _budget.set(Budget())
        written: list[str] = []
        try:
            size, parts = 0, self._parts(values)
            while some := list(islice(parts, _MEASURED)):
                written += some
                size += sum(map(len, some))
                if size > CHARACTERS:
                    _size(size)
        except TemplateError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a template breaks, it is the template that is wrong
            self._fail(error)
        finally:
            _budget.reset(token)
        return "".join(written)

    def _parts(self, values: Mapping[str, Any]) -> Iterator[str]:
        return self.template.root_render_func(self.template.new_context(values))  # type: ignore[no-any-return]

    def _fail(self, error: Exception) -> NoReturn:
        line = 0
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.path:
                line = self.template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        if not isinstance(error, _WITHOUT_FACTS):
            error = SecurityError(f"it breaks with a {type(error).__name__}")
        raise template_error(error, self.path, self.lines.get(line, line)) from None


def template_error(
    error: Exception | str, path: str, line: int = 0, way_out: str = "", code: str = "bad-template"
) -> TemplateError:
    """A `TemplateError` whose facts are `file`, `line` (0 where unknown), `cause`, `way_out`, `code`."""
    if isinstance(error, str):
        cause = error
    elif isinstance(error, RecursionError):
        cause = "it calls or includes itself without end"
    elif isinstance(error, MemoryError | OverflowError):
        cause = "it becomes too large"
    else:
        cause = str(getattr(error, "message", None) or error) or type(error).__name__
        if isinstance(error, TemplateSyntaxError):
            line, path = error.lineno, error.filename or path
    if isinstance(error, UndefinedError):
        code = "unknown-template-name"
        way_out = _instead_of(cause.split()[0])
    elif isinstance(error, Exception):
        way_out = way_out or _mended(error)
    place = f"{path}:{line}" if line else path
    return TemplateError(f"{place}: {cause}", file=path, line=line, cause=cause, way_out=way_out, code=code)


def _mended(error: Exception) -> str:
    if isinstance(error, Unfit):
        return error.way_out
    if isinstance(error, RecursionError):
        return "take out what calls or includes the template again"
    if isinstance(error, TemplateNotFound):
        return "write that file, or take the line out"
    return SYNTAX if isinstance(error, TemplateSyntaxError) else SIMPLER


def _instead_of(name: str) -> str:
    if name.startswith("brand."):
        return f"set {name} in the settings, or leave it out"
    if name in ("links.review", "links.refer", "links.shop"):
        return f"set brand.{name.removeprefix('links.')}_url in the settings"
    if re.match(r"(customer|event)\.[^_]", name):
        return f'write what stands in its place, like {{{{ {name} or "…" }}}}'
    return "write a name that templates have"
