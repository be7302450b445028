"""Decisions as they are written to files: the same keys, order and words as those of `preview`, column by column.

A walk's decisions are first put into few and narrow columns, which can be held and sorted by the million; what is read
of them is only spelled out while it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scheduler.backtest.counting import occasions_of
from scheduler.backtest.reasons import named_in
from scheduler.decisions.decide import Walk
from scheduler.decisions.kernel import CONTACT, NONE, NOWHEN
from scheduler.decisions.occasions import anchor_of
from scheduler.decisions.outcome import OUTCOMES
from scheduler.decisions.program import Program
from scheduler.decisions.reason import fill_reason
from scheduler.decisions.windows import BY_CONTACT, BY_EVENT
from scheduler.wallclock import date_of, zone

if TYPE_CHECKING:
    import polars

KEYS = (
    *("at", "customer", "rule", "campaign", "serves", "asks_for", "reason", "channel", "template", "occasion"),
    *("outcome", "because", "until"),
)
ORDER = ("at", "customer", "name_rank", "anchor")
"""By instant, customer, rule, occasion."""

_PLAIN = r"^[A-Za-z0-9_.~-]*$"
_SECOND = 1_000_000


@dataclass
class Telling:
    """Tells the decisions of one program; the numbers of zones are its own, as every walk has others."""

    program: Program
    zones: list[str] = field(default_factory=list)

    @cached_property
    def named(self) -> list[list[tuple[str, str]]]:
        """What each rule's reason names, each thing as `event` or `customer` and its name."""
        found = [named_in(rule.reason) for rule in self.program.rules]
        return [[*(("event", one) for one in events), *(("customer", one) for one in own)] for events, own in found]

    def narrow(self, walk: Walk, *, silences: bool) -> polars.DataFrame:
        """The contacts of a walk (with `silences` all decisions), one row each, to be spelled out later.

        Columns: at, customer, name_rank, anchor (percent-encoded), rule, zone, outcome, channel, refused, until (null
        for none), reason (null where it is the same for everybody). Numbers are those of the program and of `zones`.
        """
        return _Narrow(self, walk, silences).frame()

    def spelled(self, rows: polars.DataFrame) -> polars.DataFrame:
        """The rows with the keys and words that people and programs read."""
        import polars as pl

        rules = self.program.rules
        by_rule = pl.DataFrame(
            {
                "rule": [rule.name for rule in rules],
                "campaign": [rule.campaign for rule in rules],
                "serves": [str(rule.asks_for.serves) for rule in rules],
                "asks_for": [str(rule.asks_for) for rule in rules],
                "template": [rule.template for rule in rules],
                "same_reason": [rule.reason for rule in rules],
            }
        )[rows["rule"]]
        customers = encoded(rows["customer"])
        keys = pl.select(
            pl.concat_str([encoded(by_rule["rule"]), customers, rows["anchor"]], separator="/")
        ).to_series()
        channels = pl.Series([*self.program.channels, None], dtype=pl.String)
        told = by_rule.with_columns(
            at=self._instants(rows["at"], rows["zone"]),
            customer=rows["customer"],
            reason=pl.coalesce(rows["reason"], pl.col("same_reason")),
            channel=channels.gather(rows["channel"].replace(NONE, len(self.program.channels))),
            occasion=keys,
            outcome=pl.Series(list(map(str, OUTCOMES))).gather(rows["outcome"]),
            because=self._because(rows),
            until=self._instants(rows["until"], rows["zone"]),
        )
        return told.select(KEYS)

    def zone_numbers(self, names: Sequence[str]) -> list[int]:
        """The numbers of these zones; new ones are numbered."""
        for name in names:
            if name not in self.zones:
                self.zones.append(name)
        return [self.zones.index(name) for name in names]

    def _because(self, rows: polars.DataFrame) -> polars.Series:
        import polars as pl

        if not (rows["refused"] != 0).any():  # contacts alone
            return pl.repeat([], len(rows), dtype=pl.List(pl.String), eager=True)
        pairs = rows.select("rule", "refused")
        distinct = pairs.unique(maintain_order=True)
        named = [
            [gate.name for bit, gate in enumerate(self.program.gates[rule]) if refused >> bit & 1]
            for rule, refused in distinct.iter_rows()
        ]
        table = distinct.with_columns(because=pl.Series(named, dtype=pl.List(pl.String)))
        return pairs.join(table, on=["rule", "refused"], how="left", maintain_order="left")["because"]

    def _instants(self, at: polars.Series, zones: polars.Series) -> polars.Series:
        """Instants in ISO 8601 with the zone's offset, with fractions only where there are any; null stays null."""
        import polars as pl

        if at.null_count() == len(at):
            return pl.repeat(None, len(at), dtype=pl.String, eager=True)
        offset = pl.repeat(0, len(at), dtype=pl.Int64, eager=True)
        for number in zones.unique().to_list():
            here = zones == number
            known = at.filter(here).drop_nulls()
            if not len(known):
                continue
            low, high = known.min(), known.max()
            changes, offsets = zone(self.zones[number]).changes(low, high)  # type: ignore[arg-type] # whole numbers
            after = pl.Series(changes, dtype=pl.Int64).search_sorted(at.fill_null(low), side="right")
            own = pl.Series(offsets, dtype=pl.Int64).gather(after)
            offset = own.zip_with(here, offset)
        distinct = offset.unique()
        written = pl.DataFrame({"offset": distinct, "text": [_offset(one) for one in distinct.to_list()]})
        frame = pl.DataFrame({"at": at, "offset": offset}).join(written, on="offset", how="left", maintain_order="left")
        shown = pl.from_epoch(pl.col("at") + pl.col("offset"), time_unit="us")
        form = "%Y-%m-%dT%H:%M:%S"
        told = shown.dt.strftime(form)
        if (at % _SECOND != 0).any():
            whole = pl.col("at") % _SECOND == 0
            told = pl.when(whole).then(told).otherwise(shown.dt.strftime(f"{form}%.6f"))
        return frame.select(told + pl.col("text")).to_series()


@dataclass(frozen=True)
class _Narrow:
    """The decisions of one walk."""

    telling: Telling
    walk: Walk
    silences: bool

    def frame(self) -> polars.DataFrame:
        import polars as pl

        chosen = self._chosen()
        rule, customer = self._field("rule", chosen), self._field("customer", chosen)
        until = self._field("until", chosen)
        tables = self.walk.program.tables.rules
        zones = pl.Series(self.telling.zone_numbers(self.walk.laid.zones), dtype=pl.Int64)
        facts: Any = self.walk.laid.facts.customers
        zone_of = facts["zone"] if self._arrays else [row.zone for row in facts]
        return pl.DataFrame(
            {
                "at": self._field("at", chosen),
                "customer": texts_at(self.walk.columns.ids, customer),
                "name_rank": pl.Series([row.name_rank for row in tables], dtype=pl.Int16).gather(rule),
                "anchor": self._anchors(chosen),
                "rule": rule.cast(pl.Int16),
                "zone": zones.gather(_integers(zone_of).gather(customer)).cast(pl.Int16),
                "outcome": self._field("outcome", chosen).cast(pl.Int8),
                "channel": self._field("channel", chosen).cast(pl.Int16),
                "refused": self._field("refused", chosen),
                "until": until.set(until == NOWHEN, None),
                "reason": self._reasons(rule, customer, self._field("anchor", chosen)),
            }
        )

    @property
    def _arrays(self) -> bool:
        return self.walk.columns.arrays

    @cached_property
    def _rows(self) -> Any:
        if self._arrays:
            return occasions_of(self.walk)
        return self.walk.scratch.occasions

    def _chosen(self) -> polars.Series:
        if not self._arrays:
            decided = list(self.walk.decided())
            return _integers([o for o in decided if self.silences or self._rows[o].outcome == CONTACT])
        import numpy

        rows = self._rows
        wanted = rows["skipped"] == 0
        return _integers(numpy.nonzero(wanted if self.silences else wanted & (rows["outcome"] == CONTACT))[0])

    def _field(self, name: str, chosen: polars.Series) -> polars.Series:
        if self._arrays:
            return _integers(self._rows[name][chosen.to_numpy()])
        return _integers([getattr(self._rows[o], name) for o in chosen])

    def _anchors(self, chosen: polars.Series) -> polars.Series:
        """What each occasion is anchored on, percent-encoded: an event's id, a date, or another occasion's key."""
        import polars as pl

        kinds = [
            "event" if row.trigger in BY_EVENT else "contact" if row.trigger in BY_CONTACT else "day"
            for row in self.walk.program.tables.rules
        ]
        kind = pl.Series(kinds, dtype=pl.String).gather(self._field("rule", chosen))
        anchor = self._field("anchor", chosen)
        parts = []
        for name, texts in (("event", self._event_ids), ("day", _days), ("contact", self._keys)):
            places = (kind == name).arg_true()
            if len(places):
                parts.append(pl.DataFrame({"place": places, "text": texts(anchor.gather(places))}))
        if not parts:
            return pl.Series([], dtype=pl.String)
        return pl.concat(parts).sort("place")["text"]

    def _event_ids(self, events: polars.Series) -> polars.Series:
        return encoded(texts_at(self.walk.columns.event_ids, events))

    def _keys(self, occasions: polars.Series) -> polars.Series:
        """The anchors that the keys of occasions are, encoded as a part of other keys."""
        import polars as pl

        distinct = occasions.unique()
        anchors = [quote(anchor_of(self.walk.key(one)), safe="") for one in distinct.to_list()]
        keys = pl.DataFrame({"occasion": distinct, "key": pl.Series(anchors, dtype=pl.String)})
        asked = pl.DataFrame({"occasion": occasions})
        return asked.join(keys, on="occasion", how="left", maintain_order="left")["key"]

    def _reasons(self, rule: polars.Series, customer: polars.Series, anchor: polars.Series) -> polars.Series:
        """The reasons that differ from customer to customer or from event to event."""
        import polars as pl

        places, reasons = [], []
        for number in rule.unique().to_list():
            if self.telling.named[number]:
                here = (rule == number).arg_true()
                places.append(here)
                reasons.append(self._filled(number, customer.gather(here), anchor.gather(here)))
        found = pl.repeat(None, len(rule), dtype=pl.String, eager=True)
        return found.scatter(pl.concat(places), pl.concat(reasons)) if places else found

    def _filled(self, number: int, customer: polars.Series, anchor: polars.Series) -> polars.Series:
        """A rule's reason for these customers and events, filled once for each combination of values."""
        import polars as pl

        rule, columns = self.walk.program.rules[number], self.walk.columns
        by_event = self.walk.program.tables.rules[number].trigger in BY_EVENT
        tables = {"event": columns.properties if by_event else {}, "customer": columns.attributes}
        known = [(of, name, tables[of][name]) for of, name in self.telling.named[number] if name in tables[of]]
        codes = pl.DataFrame(
            [
                _integers(column.codes).gather(anchor if of == "event" else customer).alias(f"{of}.{name}")
                for of, name, column in known
            ]
        )
        if not known:
            return pl.repeat(fill_reason(rule.reason), len(customer), dtype=pl.String, eager=True)
        distinct = codes.unique()
        texts = []
        for row in distinct.iter_rows():
            told: dict[str, dict[str, Any]] = {"event": {}, "customer": {}}
            for code, (of, name, column) in zip(row, known, strict=True):
                if code != NONE:
                    told[of][name] = column.values[code]
            texts.append(fill_reason(rule.reason, told["event"], told["customer"]))
        table = distinct.with_columns(reason=pl.Series(texts, dtype=pl.String))
        return codes.join(table, on=codes.columns, how="left", maintain_order="left")["reason"]


def encoded(texts: polars.Series) -> polars.Series:
    """Percent-encode texts, as parts of keys are; most need no encoding."""
    odd = (~texts.str.contains(_PLAIN)).arg_true()
    if not len(odd):
        return texts
    return texts.scatter(odd, [quote(text, safe="") for text in texts.gather(odd).to_list()])


def texts_at(texts: Any, places: polars.Series) -> polars.Series:
    """The texts at these places of a sequence, which may be a series itself."""
    import polars as pl

    if isinstance(texts, pl.Series):
        return texts.gather(places)
    return pl.Series(list(map(texts.__getitem__, places.to_list())), dtype=pl.String)


def _days(days: polars.Series) -> polars.Series:
    import polars as pl

    distinct = days.unique().sort()
    texts = pl.Series([date_of(day).isoformat() for day in distinct.to_list()], dtype=pl.String)
    return texts.gather(distinct.search_sorted(days))


def _integers(numbers: Any) -> polars.Series:
    import polars as pl

    return pl.Series(numbers, dtype=pl.Int64)


def _offset(microseconds: int) -> str:
    """Write an offset from UTC like `+01:00`, as ISO 8601 does."""
    seconds = abs(microseconds) // _SECOND
    text = f"{'-' if microseconds < 0 else '+'}{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return text + (f":{seconds % 60:02}" if seconds % 60 else "")
