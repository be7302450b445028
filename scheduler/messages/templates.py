"""The templates of one version of the rulebook: which there are, and which fits a customer's language.

`templates/NAME.CHANNEL[.LOCALE].EXT`, looked up as `de-AT`, `de`, the house's language, none. Compiled ones are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from jinja2 import TemplateSyntaxError, nodes

from scheduler.errors import TemplateError
from scheduler.messages.formats import FILTERS
from scheduler.messages.head import Head, split_head
from scheduler.messages.json_text import JsonSandbox
from scheduler.messages.layout import house_layout
from scheduler.messages.markdown import Source, html_source, text_source
from scheduler.messages.sandbox import SYNTAX, Piece, Sandbox, template_error
from scheduler.rulebook.findings import meant

FOLDER = "templates/"
LAYOUT = "layout"
CHARACTERS = 200_000
"""How long the text of a template may be."""
FORMATS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"email": ("md", "html"), "sms": ("txt", "md"), "post": ("md",), "phone": ("md", "txt"), "webhook": ("json",)}
)
"""The formats of each channel's templates. The `.txt` beside an e-mail's `.html` is its text part."""

_UNKNOWN = re.compile(r"No (filter|test) named '(.*)'")
_LOCALE = r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*"
_FILE = re.compile(rf"(?P<name>[^./]+)\.(?P<channel>[a-z]+)(?:\.(?P<locale>{_LOCALE}))?\.(?P<ext>[a-z]+)")


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One file of the folder, by what its name says; `locale` is lower case with hyphens, empty for none."""

    path: str
    name: str
    channel: str
    locale: str
    ext: str


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template: what stands in its head, and its body for each part of the message."""

    file: TemplateFile
    head: Mapping[str, Piece]
    text: Piece | None
    html: Piece | None = None


class Templates:
    """The templates among `files` (texts by path, as the rulebook keeps them); `language` is the house's.

    Finding and compiling happen on first use and are kept; a rulebook's version never changes, so nothing is ever
    read again. Where there is no `layout.email.html`, the one that ships with the program is used.
    """

    def __init__(self, files: Mapping[str, str], language: str = "en") -> None:
        self.files: Mapping[str, str] = MappingProxyType({**house_layout(), **files})
        self.language = language
        self._compiled: dict[str, Template] = {}
        self._found: dict[tuple[str, str, str], Template] = {}

    @cached_property
    def all(self) -> tuple[TemplateFile, ...]:
        """Every file of `templates/` whose name says what it is for, in order of path."""
        found = []
        for path in sorted(self.files):
            match = _FILE.fullmatch(path.removeprefix(FOLDER)) if path.startswith(FOLDER) else None
            if match:
                locale = (match["locale"] or "").replace("_", "-").lower()
                found.append(TemplateFile(path, match["name"], match["channel"], locale, match["ext"]))
        return tuple(found)

    def channels(self, name: str) -> frozenset[str]:
        """The channels for which there is a template of this name."""
        return frozenset(file.channel for file in self.all if file.name == name)

    def variants(self, name: str, channel: str) -> tuple[TemplateFile, ...]:
        """The files of a template for one channel, in every language."""
        formats = FORMATS.get(channel, ())
        return tuple(file for file in self._by_name.get((name, channel), ()) if file.ext in formats)

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], tuple[TemplateFile, ...]]:
        found: dict[tuple[str, str], tuple[TemplateFile, ...]] = {}
        for file in self.all:
            key = (file.name, file.channel)
            found[key] = (*found.get(key, ()), file)
        return found

    def find(self, name: str, channel: str, language: str = "") -> Template:
        """The template that fits best; raises `TemplateError` where there is none or where it can't be read."""
        key = (name, channel, language)
        template = self._found.get(key)
        if template is None:
            template = self._found[key] = self.compiled(self.fitting(name, channel, language))
        return template

    def compiled(self, file: TemplateFile) -> Template:
        """The template of one file; raises `TemplateError` with file and line."""
        template = self._compiled.get(file.path)
        if template is None:
            template = self._compiled[file.path] = self._compile(file)
        return template

    def parsed(self, file: TemplateFile) -> nodes.Template:
        """The syntax tree of one file, head and all; raises Jinja's `TemplateSyntaxError`."""
        sandbox = self._json if file.ext == "json" else self._html
        tree = sandbox.parse(self.files[file.path])
        sandbox.ensure_known(tree, file.path)
        return tree

    def fitting(self, name: str, channel: str, language: str = "") -> TemplateFile:
        """The file that `find` takes; raises `TemplateError` where there is none."""
        variants = self.variants(name, channel)
        by_locale: dict[str, TemplateFile] = {}
        for file in variants:
            if (other := by_locale.setdefault(file.locale, file)) is not file:
                raise template_error(
                    f"{other.path} is the same template", file.path, way_out=f"remove one of them: {file.path}"
                )
        for locale in _fallbacks(language, self.language):
            if locale in by_locale:
                return by_locale[locale]
        if variants:
            there = ", ".join(sorted(by_locale))
            cause = f"template {name} is there in {there} only, not in {language or self.language}"
        else:
            cause = f"there is no template {name} for {channel}"
        ext = FORMATS.get(channel, ("txt",))[0]
        known = {file.name for file in self.all if file.channel == channel} - {LAYOUT}
        hint = meant(name, known) if not variants else ""
        path = f"{FOLDER}{name}.{channel}.{ext}"
        raise template_error(cause, path, way_out=hint or "write that file", code="missing-template")

    def _compile(self, file: TemplateFile) -> Template:
        source = self.files[file.path]
        if len(source) > CHARACTERS:
            raise template_error(f"it is longer than {CHARACTERS:,} characters", file.path, way_out="make it shorter")
        try:
            head = split_head(source, file)
            fields = {
                key: self._piece(self._text, value, file.path, {1: head.lines[key]})
                for key, value in head.fields.items()
            }
            self.parsed(file)
            html, text = self._bodies(file, head)
        except TemplateError:
            raise
        except TemplateSyntaxError as error:
            raise _unreadable(error, file.path, error.lineno) from None
        except Exception as error:  # noqa: BLE001 - whatever the compiler stumbles over is wrong in the template
            raise template_error(error, file.path) from None
        return Template(file, MappingProxyType(fields), text, html)

    def _bodies(self, file: TemplateFile, head: Head) -> tuple[Piece | None, Piece | None]:
        """The body as HTML, for e-mail, and as text; of `.html` the text is that of its `.txt`, or else made later."""
        shifted = {line: line + head.first_line - 1 for line in range(1, head.body.count("\n") + 2)}
        if file.ext == "md":
            text = self._made(file, text_source(head.body, self._text, head.first_line), self._text)
            if file.channel != "email":
                return None, text
            return self._made(file, html_source(head.body, self._html, head.first_line), self._html), text
        if file.ext == "html":
            own = next((f for f in self.all if f.path == file.path.removesuffix("html") + "txt"), None)
            text_piece = self.compiled(own).text if own else None
            return self._piece(self._html, head.body, file.path, shifted), text_piece
        return None, self._piece(self._json if file.ext == "json" else self._text, head.body, file.path, shifted)

    def _made(self, file: TemplateFile, source: Source, sandbox: Sandbox) -> Piece:
        return self._piece(sandbox, source.text, file.path, source.lines)

    @staticmethod
    def _piece(sandbox: Sandbox, text: str, path: str, lines: Mapping[int, int]) -> Piece:
        constant = text if "{" not in text else None
        try:
            return Piece(path, sandbox.compiled(text, path), lines, constant)
        except TemplateSyntaxError as error:
            raise _unreadable(error, path, lines.get(error.lineno, error.lineno)) from None

    @cached_property
    def _html(self) -> Sandbox:
        return Sandbox(self._included_html, FILTERS, autoescape=True)

    @cached_property
    def _text(self) -> Sandbox:
        return Sandbox(self._included_text, FILTERS, autoescape=False)

    @cached_property
    def _json(self) -> Sandbox:
        return JsonSandbox(self._included_text)

    def _included_html(self, name: str) -> str | None:
        source = self.files.get(FOLDER + name)
        return html_source(source, self._html).text if source is not None and name.endswith(".md") else source

    def _included_text(self, name: str) -> str | None:
        source = self.files.get(FOLDER + name)
        return text_source(source, self._text).text if source is not None and name.endswith(".md") else source


def _unreadable(error: TemplateSyntaxError, path: str, line: int) -> TemplateError:
    unknown = _UNKNOWN.match(error.message or "")
    if unknown is None:
        return template_error(error.message or "it can't be read", path, line, SYNTAX)
    kind, name = unknown.groups()
    cause = f"there is no {kind} {name!r}"
    if kind == "test":
        return template_error(cause, path, line, "ask {% if value %}, or compare by ==")
    there = sorted({*FILTERS, "join"})
    way_out = meant(name, there, f"there are {', '.join(there)}")
    return template_error(cause, path, line, way_out, "unknown-filter")


def _fallbacks(language: str, house: str) -> tuple[str, ...]:
    """`de-at`, `de`, then the house's `en-gb`, `en`, then none."""
    chain = []
    for tag in (language, house):
        parts = tag.replace("_", "-").lower().split("-")
        chain += ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return (*filter(None, chain), "")
