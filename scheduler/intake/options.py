"""How a file is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller says of a file.

    `columns` maps our field to the file's column; `sets` our field to a text in which `{Column}` stands for a cell.
    `name` is the event of every row; `timezone` the zone of instants without an offset; `date_formats` are strptime
    formats beside ISO 8601; `require` names columns whose empty cells skip the row; `omit` columns that are not
    taken; `topics` are those that consents may be of, none for any; `create_customers` lets events and consents bring
    their customers; `reject_file` is beside the source unless given.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    timezone: str | None = None
    date_formats: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    create_customers: bool = False
    reject_file: Path | None = None
