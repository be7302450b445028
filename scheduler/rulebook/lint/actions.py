"""What a rule does: the message or the task, the channels, the templates that they need."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.rulebook.findings import Finding, error, meant, warning
from scheduler.rulebook.lint.conditions import unknown_channel
from scheduler.rulebook.lint.subject import Subject, at
from scheduler.rulebook.model import PREFERRED, Place, Rule
from scheduler.rulebook.people import ACCOUNT_OWNER, CARE
from scheduler.rulebook.templates import CHANNELS, SCRIPTS, TEXT_ENDINGS, TemplateFile

_ENDINGS = {"email": "md", "sms": "txt", "post": "md", "phone": "md", "webhook": "json", "file": "txt"}


def actions(subject: Subject) -> Iterator[Finding]:
    """Rules that do nothing, or two things, or half of one."""
    for rule in subject.rules:
        if rule.send is not None and (rule.assign or rule.script):
            message = "a rule sends a message or gives somebody a task, not both"
            yield error("two-actions", at(rule, "assign" if rule.assign else "script"), message, "write a second rule")
        elif rule.assign is not None and rule.script is None:
            message = f"'{rule.assign}' is not told what to say"
            yield error("half-task", at(rule, "assign"), message, "add script: with the name of a template")
        elif rule.script is not None and rule.assign is None:
            message = "nobody is told to follow the script"
            yield error("half-task", at(rule, "script"), message, "add assign: with a role or a person")
        elif rule.send is None and rule.assign is None and not _is_posted_as_it_is(subject, rule):
            message = f"'{rule.name}' neither sends a message nor gives anybody a task"
            yield error("no-action", at(rule), message, "add send: with a template, or assign: and script:")
        yield from _assigned(subject, rule)


def _is_posted_as_it_is(subject: Subject, rule: Rule) -> bool:
    """Whether it goes by webhook alone, which posts what is known of the contact where no template says more."""
    return {use.channel for use in subject.written_by.get(rule.name, ())} == {"webhook"}


def _assigned(subject: Subject, rule: Rule) -> Iterator[Finding]:
    if rule.assign is None or subject.people is None:
        return
    if not subject.people.takes(rule.assign):
        way_out = meant(rule.assign, subject.people.names, "add it to rules/people.yaml")
        message = f"there is no role or person '{rule.assign}'"
        yield error("unknown-person", at(rule, "assign"), message, way_out, subject.people.names)
    elif rule.assign == ACCOUNT_OWNER and CARE not in subject.people.roles:
        message = f"customers without an owner go to the role '{CARE}', which does not exist"
        yield warning("unknown-person", at(rule, "assign"), message, "add it to rules/people.yaml")


def channels(subject: Subject) -> Iterator[Finding]:
    """Channels that do not exist, or stand twice."""
    for rule in subject.rules:
        named = [use.channel for use in subject.written_by.get(rule.name, rule.by)]
        for number, channel in enumerate(named, 1):
            if channel not in (*CHANNELS, PREFERRED):
                yield unknown_channel(at(rule, f"by.{number}"), channel, (PREFERRED,))
            elif channel in named[: number - 1]:
                message = f"'{channel}' is in the list already"
                yield error("repeated", at(rule, f"by.{number}"), message, "keep one of them")


def topics(subject: Subject) -> Iterator[Finding]:
    """Topics that the house rules do not have, where they have any."""
    there = tuple(subject.house.topics)
    for rule in subject.rules:
        topic = rule.topic
        if topic is None or not there or topic in there or {"topics", f"topics.{topic}"} & subject.broken:
            continue
        way_out = meant(topic, there, "add it to the house rules' topics")
        yield error("unknown-topic", at(rule, "topic"), f"there is no topic '{topic}'", way_out, there)


def missing_templates(subject: Subject) -> Iterator[Finding]:
    """Channels of a rule for which its template is not written."""
    for rule in subject.rules:
        if not rule.template:
            continue
        there = subject.templates.get(rule.template, {})
        key = "send" if rule.send else "script"
        written = subject.written_by.get(rule.name, ())
        wanted = [(use.channel, f"by.{number}") for number, use in enumerate(written, 1) if use.channel in CHANNELS]
        if rule.is_task and not rule.send:
            wanted = [one for one in wanted if one[0] == SCRIPTS] or [(SCRIPTS, key)]
        if not there:
            channel = wanted[0][0] if wanted else "email"
            otherwise = f"write templates/{rule.template}.{channel}.{_ENDINGS[channel]}"
            way_out = meant(rule.template, subject.templates, otherwise)
            yield error("missing-template", at(rule, key), f"there is no template '{rule.template}'", way_out)
            continue
        for channel, path in wanted:
            if channel not in there and channel not in ("file", "webhook"):
                message = f"the template '{rule.template}' is not written for {channel}"
                way_out = f"write templates/{rule.template}.{channel}.{_ENDINGS[channel]}"
                yield error("missing-template", at(rule, path), message, way_out)


def template_names(subject: Subject) -> Iterator[Finding]:
    """Files among the templates that no rule can ever use, and two for one purpose."""
    for file in subject.book.files:
        if not file.startswith("templates/") or file.rpartition("/")[2].startswith("_"):
            continue
        ending = file.rpartition(".")[2]
        if TemplateFile.of(file) is None and ending in TEXT_ENDINGS and file.count("/") == 1:
            way_out = "name it NAME.CHANNEL.EXT or NAME.CHANNEL.LOCALE.EXT; begin with '_' what others include"
            yield warning(
                "bad-template-name", Place(file, 1, 1), "no rule can use a file of this name", way_out, CHANNELS
            )
    for name in dict.fromkeys(rule.template for rule in subject.rules):
        for found in subject.templates.get(name, {}).values():
            seen: dict[str | None, str] = {}
            for template in found:
                first = seen.setdefault(template.locale, template.path)
                is_text_part = template.channel == "email" and template.ending == "txt" and first.endswith(".html")
                if first != template.path and not is_text_part:
                    message = f"this is the same template as {first}"
                    yield error("duplicate-name", Place(template.path, 1, 1), message, "keep one of them")
