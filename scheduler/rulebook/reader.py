"""Files → rulebook: reads everything, says everything that is wrong at once, and lets no rule spoil another."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from scheduler.errors import RulebookError
from scheduler.rulebook.content_cache import ContentCache
from scheduler.rulebook.files import files_in, texts_of
from scheduler.rulebook.findings import Finding, error, in_order, warning
from scheduler.rulebook.lint import lint
from scheduler.rulebook.lint.subject import Known, Subject
from scheduler.rulebook.model import (
    CampaignFile,
    ChannelUse,
    HouseRules,
    NamedCondition,
    Place,
    Rule,
    Rulebook,
    RuleKeys,
)
from scheduler.rulebook.nodes import Entry, MappingNode, Node, ScalarNode, places, plain
from scheduler.rulebook.people import PEOPLE_FILE, People, people_from_node
from scheduler.rulebook.rule_tests import FOLDER as TESTS
from scheduler.rulebook.shapes import Owner, allowed_keys, shaped
from scheduler.rulebook.templates import SEND_ORDER, TEXT_ENDINGS, templates
from scheduler.rulebook.tree_cache import TreeCache
from scheduler.rulebook.yaml_text import inner_rule

HOUSE_FILE = "rules/house_rules.yaml"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,79}")
_SECTIONS = frozenset({"send_hours", "asks", "open_things", "topics", "channels"})
"""Sections of the house rules whose entries stand by themselves: one that is wrong does not spoil the others."""


# --- the ways in -------------------------------------------------------------------------------------------------


def read_rulebook(
    workspace: Path, *, known: Known | None = None, cache: Path | None = None
) -> tuple[Rulebook, list[Finding]]:
    """The rulebook of a workspace's `rules/` and `templates/`, and everything that is wrong with it, in order.

    `known` is what the store knows, for warnings; `cache` the folder for trees that were parsed before.
    """
    texts, findings = read_texts(workspace)
    rulebook, more = rulebook_from_texts(texts, known=known, cache=cache)
    return rulebook, in_order(findings + more)


def load_rulebook(workspace: Path, *, cache: Path | None = None) -> Rulebook:
    """The rulebook of a workspace; raises `RulebookError` with `findings` and `sources` where one is an error.

    Also where there is no `rules/`, or it can't be looked into: no rules at all would cancel what is planned.
    """
    try:
        next((workspace / "rules").iterdir(), None)
    except OSError as problem:
        way_out = "; lay it down by `rightreason init`" if isinstance(problem, FileNotFoundError) else ""
        why = f"{workspace / 'rules'} can't be looked into: {problem.strerror}{way_out}"
        raise RulebookError(why, findings=[], sources={}) from None
    texts, findings = read_texts(workspace)
    rulebook, more = rulebook_from_texts(texts, cache=cache)
    if any(finding.is_error for finding in findings + more):
        raise RulebookError(findings=in_order(findings + more), sources=texts)
    return rulebook


def read_texts(workspace: Path) -> tuple[dict[str, str], list[Finding]]:
    """The texts that make a rulebook, by path in the workspace, and those that can't be read.

    `rules/*.yaml` and the templates; of `rules/tests/` nothing.
    """
    rules, unread = files_in(workspace, "rules", ("yaml", "yml"), below=False)
    words, more = files_in(workspace, "templates", TEXT_ENDINGS)
    texts, findings = texts_of(workspace, rules + words)
    return texts, unread + more + findings


def read_test_texts(workspace: Path) -> tuple[dict[str, str], list[Finding]]:
    """The texts of the tests of rules, by path in the workspace, and those that can't be read."""
    paths, unread = files_in(workspace, TESTS, ("yaml",))
    texts, findings = texts_of(workspace, paths)
    return texts, unread + findings


def rulebook_from_texts(
    files: Mapping[str, str], *, known: Known | None = None, cache: Path | None = None
) -> tuple[Rulebook, list[Finding]]:
    """The rulebook of texts by path (`rules/…`, `templates/…`), and everything that is wrong with it, in order.

    Rules and conditions that can't be read are left out; those that the lint refuses are in it.
    """
    trees = TreeCache(cache)
    reading = _Reading(files, trees)
    reading.read()
    trees.save()
    uses = ContentCache(cache / "templates.json" if cache else None)
    subject = reading.subject(known, uses)
    findings = in_order([*reading.findings, *lint(subject)])
    uses.save()
    return subject.book, findings


# --- reading -----------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """What has been read so far."""

    files: Mapping[str, str]
    trees: TreeCache
    findings: list[Finding] = field(default_factory=list)
    house: HouseRules = field(default_factory=HouseRules)
    people: People | None = None
    rules: dict[str, Rule] = field(default_factory=dict)
    conditions: dict[str, NamedCondition] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    named_at: dict[str, Place] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def read(self) -> None:
        """Reads all files: the house rules, the people, then the campaigns in the order of their names."""
        for file, text in sorted(self.files.items(), key=lambda item: (item[0] != HOUSE_FILE, item[0])):
            if re.fullmatch(r"rules/[^/]+\.yml", file):
                message = "only files that end in .yaml are read"
                self.findings.append(warning("unread-file", Place(file, 1, 1), message, "rename it to end in .yaml"))
            if re.fullmatch(r"rules/[^/]+\.yaml", file):
                node, findings = self.trees.tree(file, text)
                self.findings += findings
                if node is None:
                    self.broken.add(file)
                elif file == PEOPLE_FILE:
                    self.people, findings = people_from_node(node)
                    self.findings += findings
                elif file == HOUSE_FILE:
                    self._read_house(node)
                else:
                    self._read_campaign(file, node)

    def subject(self, known: Known | None, uses: ContentCache) -> Subject:
        """What was read, ready for the lint."""
        files = {
            file: text
            for file, text in sorted(self.files.items())
            if file != PEOPLE_FILE and re.match(r"rules/[^/]+\.yaml$|templates/", file)
        }
        found = templates(files)
        book = Rulebook(
            house=self.house,
            rules={name: _with_channels(rule, found.get(rule.template, ())) for name, rule in self.rules.items()},
            conditions=self.conditions,
            files=files,
            version=version_of(files),
            places=self.places,
        )
        written = {name: rule.by for name, rule in self.rules.items()}
        return Subject(book, found, self.people, known, frozenset(self.broken), written, uses)

    # --- house rules ---

    def _read_house(self, node: Node) -> None:
        if not isinstance(node, MappingNode):
            self._not_a_mapping(node, "house rules begin like 'timezone: Europe/Berlin'", allowed_keys(HouseRules))
            return
        self.places.update(places(node))
        self._read_conditions(node.entries.get("conditions"))
        rest = MappingNode(node.place, {key: entry for key, entry in node.entries.items() if key != "conditions"})
        house, findings = shaped(HouseRules, rest, Owner("the house rules", "house rules", node.place))
        self.findings += findings
        self.house = (house or self._salvaged(rest)).model_copy(update={"conditions": dict(self.conditions)})

    def _salvaged(self, node: MappingNode) -> HouseRules:
        """The house rules without what is wrong in them."""
        kept: dict[str, object] = {}
        for key, entry in node.entries.items():
            for path, value in _parts(key, plain(entry.value)):
                try:
                    HouseRules.model_validate({key: value})
                except ValidationError:
                    self.broken.add(path)
                    continue
                held = kept.setdefault(key, value)
                if isinstance(held, dict) and isinstance(value, dict):
                    held.update(value)
        return HouseRules.model_validate(kept)

    # --- campaigns ---

    def _read_campaign(self, file: str, node: Node) -> None:
        if not isinstance(node, MappingNode):
            self._not_a_mapping(
                node, "a campaign begins like 'campaign: After the purchase'", allowed_keys(CampaignFile)
            )
            self.broken.add(file)
            return
        node = self._without_rules_at_the_margin(node)
        parts = ("conditions", "rules")
        head = MappingNode(node.place, {key: entry for key, entry in node.entries.items() if key not in parts})
        start = next(iter(node.entries.values())).place if node.entries else node.place
        campaign, findings = shaped(CampaignFile, head, Owner("the campaign", "campaign", start))
        self.findings += findings
        self._read_conditions(node.entries.get("conditions"))
        rules = self._section("rules", node.entries.get("rules"))
        campaign = campaign or CampaignFile(campaign=file, owner="")
        for name, entry in rules:
            self._read_rule(name, entry, campaign)

    def _read_rule(self, name: str, entry: Entry, campaign: CampaignFile) -> None:
        if not self._may_be_named(name, entry, "rule", "rules"):
            return
        keys, findings = shaped(
            RuleKeys, self._without_inner_rules(name, entry), Owner(f"the rule '{name}'", name, entry.place)
        )
        self.findings += findings
        if keys is None:
            self.broken.add(f"rules.{name}")
            return
        self.rules[name] = Rule.model_construct(
            **{key: getattr(keys, key) for key in RuleKeys.model_fields},
            name=name,
            campaign=campaign.campaign,
            owner=campaign.owner,
            places={"": entry.place, **dict(places(entry.value))},
        )

    def _without_inner_rules(self, name: str, entry: Entry) -> Node:
        """A rule's keys without whole rules that are indented as if they were some."""
        if not isinstance(entry.value, MappingNode):
            return entry.value
        kept = dict(entry.value.entries)
        for key, inner in entry.value.entries.items():
            if key not in RuleKeys.model_fields and _is_rule(inner.value):
                del kept[key]
                self.findings.append(inner_rule(key, inner.place, name, entry.place))
                self.broken.add(f"rules.{key}")
        return MappingNode(entry.value.place, kept)

    def _without_rules_at_the_margin(self, node: MappingNode) -> MappingNode:
        """A campaign's keys without whole rules that stand beside them."""
        kept = dict(node.entries)
        for key, entry in node.entries.items():
            if key not in allowed_keys(CampaignFile) and _is_rule(entry.value):
                del kept[key]
                message = f"'{key}' is indented like 'rules'; a rule stands below it, after 2 spaces"
                self.findings.append(error("bad-yaml", entry.place, message, "move it in, with all its keys"))
                self.broken.add(f"rules.{key}")
        return MappingNode(node.place, kept)

    # --- named conditions ---

    def _read_conditions(self, section: Entry | None) -> None:
        for name, entry in self._section("conditions", section):
            if not self._may_be_named(name, entry, "condition", "conditions"):
                continue
            here = f"conditions.{name}"
            self.places[here] = entry.place
            self.places.update(places(entry.value, here))
            owner = Owner(f"the condition '{name}'", name, entry.place)
            inner = entry.value.entries.get("condition") if isinstance(entry.value, MappingNode) else None
            if inner is not None:
                message = f"'condition' is no key of {owner.name}"
                way_out = "write its form beside means, like event: nps_answered"
                self.findings.append(error("unknown-key", inner.place, message, way_out))
                self.broken.add(here)
                continue
            condition, findings = shaped(NamedCondition, entry.value, owner)
            self.findings += findings
            if condition is None:
                self.broken.add(here)
            else:
                self.conditions[name] = condition

    # --- what sections share ---

    def _section(self, key: str, section: Entry | None) -> Iterator[tuple[str, Entry]]:
        if section is None or (isinstance(section.value, ScalarNode) and section.value.value is None):
            return
        if not isinstance(section.value, MappingNode):
            message = f"'{key}' holds no names with what they stand for"
            way_out = f"write a mapping: {key}: {{a_name: {{…}}}}"
            self.findings.append(error("wrong-kind", section.value.place, message, way_out))
            return
        yield from section.value.entries.items()

    def _may_be_named(self, name: str, entry: Entry, kind: str, section: str) -> bool:
        if not _NAME.fullmatch(name) or name == "any":
            message = f"'{name}' can't be the name of a {kind}{', it stands for all of them' if name == 'any' else ''}"
            way_out = "use small letters, digits and '_', beginning with a letter"
            self.findings.append(error("bad-name", entry.place, message, way_out))
            self.broken.add(f"{section}.{name}")
            return False
        first = self.named_at.setdefault(f"{section}.{name}", entry.place)
        if first is not entry.place:
            message = f"there is a {kind} '{name}' already, in {first}"
            self.findings.append(error("duplicate-name", entry.place, message, f"give one of the {kind}s another name"))
        return first is entry.place

    def _not_a_mapping(self, node: Node, way_out: str, allowed: tuple[str, ...]) -> None:
        message = "the file holds no keys with values"
        self.findings.append(error("wrong-kind", node.place, message, way_out, allowed))


def _is_rule(node: Node) -> bool:
    """Whether this is a whole rule, wherever it stands."""
    return isinstance(node, MappingNode) and {"reason", "when"} <= node.entries.keys()


def _parts(key: str, value: object) -> Iterator[tuple[str, object]]:
    if key in _SECTIONS and isinstance(value, dict):
        for name, item in value.items():
            yield f"{key}.{name}", {name: item}
    else:
        yield key, value


def _with_channels(rule: Rule, written: Container[str]) -> Rule:
    """The rule with the channels it uses by default, where it names none."""
    if rule.by:
        return rule
    if rule.is_task:
        channels: tuple[str, ...] = ("phone",)
    else:
        channels = tuple(channel for channel in SEND_ORDER if channel in written) or SEND_ORDER[:1]
    return rule.model_copy(update={"by": tuple(ChannelUse(channel) for channel in channels)})


def version_of(files: Mapping[str, str]) -> str:
    """The version that texts make: the SHA-256, in hex, over each path and text in the order of the paths."""
    digest = sha256()
    for file, text in sorted(files.items()):
        for part in (file.encode(), text.encode(errors="surrogatepass")):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
