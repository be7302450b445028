"""Templates that write JSON: what they print can't leave the place that it is printed in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any, NoReturn

from jinja2.runtime import Undefined

from scheduler.messages.formats import FILTERS, StandIn
from scheduler.messages.sandbox import Sandbox, scalar, template_error


class _Whole(str):
    """A value with its quotes, as `|json` writes it."""

    __slots__ = ()


class JsonSandbox(Sandbox):
    """A sandbox in which texts are printed as they stand between the quotes of JSON.

    `"{{ customer.name }}"` is a text, whatever the name holds; `{{ event.price|json }}` is a value of its own kind.
    """

    def __init__(self, source: Callable[[str], str | None]) -> None:
        super().__init__(source, {**FILTERS, "json": _whole}, autoescape=False)
        self.finalize = _between_quotes


def canonical(text: str, path: str) -> str:
    """JSON (RFC 8259) on one line; raises `TemplateError` where the text of the template at `path` is none."""
    try:
        written = json.dumps(json.loads(text, parse_constant=_refuse), ensure_ascii=False, separators=(",", ":"))
        written.encode()
        return written
    except json.JSONDecodeError as error:
        cause = f"what it writes is no JSON: {error.msg} (line {error.lineno}, column {error.colno} of what is written)"
    except (ValueError, RecursionError) as error:
        cause = f"what it writes is no JSON: {error}"
    raise template_error(cause, path, way_out='write texts as "{{ … }}", and everything else as {{ …|json }}')


def _between_quotes(value: Any) -> Any:
    value = scalar(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not isinstance(value, _Whole):
        return json.dumps(str(value), ensure_ascii=False)[1:-1]
    return value


def _whole(value: Any) -> Any:
    """The value as JSON: a text in its quotes, a number, a yes or no; a date as a text (ISO 8601)."""
    if isinstance(value, Undefined):
        str(value)
    value = scalar(value)
    if isinstance(value, date):
        value = value.isoformat()
    return _Whole(json.dumps(str(value) if isinstance(value, StandIn) else value, ensure_ascii=False))


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"it has no {name}")
