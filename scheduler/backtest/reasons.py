"""What rules' reasons name of events and customers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scheduler.decisions.facts import Value
from scheduler.decisions.reason import fill_reason


def named_in(reason: str) -> tuple[list[str], list[str]]:
    """The properties of events and the attributes of customers that a reason names."""
    properties, attributes = _Asked(), _Asked()
    fill_reason(reason, properties, attributes)
    return list(dict.fromkeys(properties.asked)), list(dict.fromkeys(attributes.asked))


class _Asked(Mapping[str, Value]):
    """Knows nothing, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> Value:
        self.asked.append(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
