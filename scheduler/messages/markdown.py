"""Markdown with Jinja in it, turned once into an HTML template and a text template.

The tags are taken out before the Markdown is read and put back after, so that what customers are called is filled
into finished HTML and is never read as Markdown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from scheduler.messages.plain import text_of_html

_FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_STYLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "p": ("rr-text", f"margin:0 0 16px;{_FONT};font-size:16px;line-height:1.55;color:#1f2933"),
        "h1": ("rr-text", f"margin:8px 0 16px;{_FONT};font-size:24px;line-height:1.3;color:#1f2933"),
        "h2": ("rr-text", f"margin:24px 0 12px;{_FONT};font-size:20px;line-height:1.3;color:#1f2933"),
        "h3": ("rr-text", f"margin:20px 0 8px;{_FONT};font-size:17px;line-height:1.4;color:#1f2933"),
        "ul": ("rr-text", f"margin:0 0 16px;padding:0 0 0 24px;{_FONT};font-size:16px;line-height:1.55;color:#1f2933"),
        "ol": ("rr-text", f"margin:0 0 16px;padding:0 0 0 24px;{_FONT};font-size:16px;line-height:1.55;color:#1f2933"),
        "li": ("rr-text", "margin:0 0 6px"),
        "a": ("rr-link", "color:{{ brand.link_colour }};text-decoration:underline"),
        "hr": ("rr-line", "border:0;border-top:1px solid #d9dfe5;margin:24px 0"),
        "blockquote": ("rr-quote", "margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid #d9dfe5"),
        "img": ("rr-image", "display:block;max-width:100%;height:auto;border:0;margin:0 0 16px"),
    }
)
_BUTTON = (
    '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 24px"><tr>'
    '<td bgcolor="{{{{ brand.colour }}}}" style="border-radius:6px;background-color:{{{{ brand.colour }}}}">'
    '<a href="{href}" class="rr-button" style="display:inline-block;padding:13px 24px;'
    + _FONT
    + ";font-size:16px;line-height:1.25;font-weight:600;color:{{{{ brand.on_colour }}}};text-decoration:none"
    ';border-radius:6px">{label}</a></td></tr></table>\n'
)
_BLOCK = re.compile(r"\{\{[-+]?\s*links\.scale\(")
_PARAGRAPH = re.compile(r"(<p[^>]*>)(.*?)(</p>)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a template, and for each of its lines the line of the file that it comes from."""

    text: str
    lines: Mapping[int, int]


def html_source(text: str, environment: Environment, first_line: int = 1) -> Source:
    """The HTML template that this Markdown template is; raises Jinja's `TemplateSyntaxError`."""
    tags = _Tags(text, environment, first_line)
    tokens = _MARKDOWN.parse(tags.text)
    html = _MARKDOWN.renderer.render(_styled(tokens), _MARKDOWN.options, {})
    return tags.put_back(html, in_html=True)


def text_source(text: str, environment: Environment, first_line: int = 1) -> Source:
    """The plain text template that this Markdown template is; raises Jinja's `TemplateSyntaxError`."""
    tags = _Tags(text, environment, first_line)
    tokens = _MARKDOWN.parse(tags.text)
    html = _MARKDOWN.renderer.render(_with_addresses(tokens, tags.word), _MARKDOWN.options, {})
    return tags.put_back(text_of_html(html) if html.strip() else "", in_html=False)


class _Tags:
    """A text whose Jinja tags are taken out, with a word in the place of each."""

    def __init__(self, text: str, environment: Environment, first_line: int) -> None:
        self.word = "j" + hashlib.sha256(text.encode()).hexdigest()[:8] + "x"
        self.tags: list[tuple[str, int]] = []
        parts: list[str] = []
        tag: list[str] = []
        for line, kind, value in environment.lex(text):
            if kind == "data" and not tag:
                parts.append(value)
                continue
            if kind in ("comment_begin", "comment", "comment_end", "raw_begin", "raw_end"):
                continue
            tag.append(value)
            if kind in ("variable_end", "block_end"):
                parts.append(self._take("".join(tag), line + first_line - 1))
                tag = []
        self.text = self._apart("".join(parts))

    def _take(self, tag: str, line: int) -> str:
        self.tags.append((" ".join(tag.split("\n")), line))
        return f"{self.word}{len(self.tags) - 1}z"

    def _is_statement(self, number: str) -> bool:
        return self.tags[int(number)][0].startswith("{%")

    def _apart(self, text: str) -> str:
        """Statements on a line of their own stand between blocks, not within a paragraph."""
        lines = []
        for line in text.split("\n"):
            numbers = re.fullmatch(rf"[ \t]*(?:{self.word}\d+z[ \t]*)+", line)
            apart = numbers and all(map(self._is_statement, re.findall(rf"{self.word}(\d+)z", line)))
            lines.append(f"\n{line.strip()}\n" if apart else line)
        return "\n".join(lines)

    def put_back(self, text: str, *, in_html: bool) -> Source:
        """The text with its tags; those in the address of a link check what they put there."""
        word = rf"{self.word}(\d+)z"
        if in_html:
            text = _PARAGRAPH.sub(lambda found: self._unwrapped(*found.groups()), _literal_braces(text))
            text = re.sub(
                r'(?<= )(href|src)="([^"]*)"',
                lambda found: f'{found[1]}="{re.sub(word, self._in_address, found[2])}"',
                text,
            )
        else:
            text = re.sub(
                rf"{self.word}a(.*?){self.word}e",
                lambda found: re.sub(word, self._in_address, found[1]),
                _literal_braces(text),
            )
        lines: dict[int, int] = {}
        parts: list[str] = []
        at, end = 1, 0
        for found in re.finditer(word, text):
            before = text[end : found.start()]
            at += before.count("\n")
            tag, line = self.tags[int(found[1])]
            lines.setdefault(at, line)
            parts += (before, tag)
            end = found.end()
        return Source("".join((*parts, text[end:])), MappingProxyType(lines))

    def _unwrapped(self, opening: str, content: str, closing: str) -> str:
        """Statements alone are no paragraph, and a paragraph that is one `if` as a whole leaves no gap behind."""
        numbers = re.findall(rf"{self.word}(\d+)z", content)
        statements = [number for number in numbers if self._is_statement(number)]
        if len(numbers) == 1 and _BLOCK.match(self.tags[int(numbers[0])][0]) and content.strip().startswith(self.word):
            return content
        if statements and not re.sub(rf"{self.word}\d+z", "", content).strip() and statements == numbers:
            return content
        ends = re.fullmatch(rf"({self.word}\d+z)(.*)({self.word}\d+z)", content, re.DOTALL)
        if (
            ends
            and statements == [numbers[0], numbers[-1]]
            and re.match(r"\{%[-+]?\s*if\b", self.tags[int(numbers[0])][0])
        ):
            return f"{ends[1]}{opening}{ends[2]}{closing}{ends[3]}"
        return f"{opening}{content}{closing}"

    def _in_address(self, found: re.Match[str]) -> str:
        tag, line = self.tags[int(found[1])]
        if not tag.startswith("{{"):
            return found[0]
        check = "url" if found.start() == 0 else "urlpart"
        return self._take(f"{{{{ ({tag.strip('{}').strip('-+').strip()})|{check} }}}}", line)


def _literal_braces(html: str) -> str:
    """Our own `{{ brand.colour }}` are tags; braces that the Markdown wrote are not."""
    ours = re.compile(r"(\{\{ brand\.(?:on_|link_)?colour \}\})")
    return "".join(
        part if ours.fullmatch(part) else re.sub(r"\{(?=[{%#])", "{{ '{' }}", part) for part in ours.split(html)
    )


def _styled(tokens: list[Token]) -> list[Token]:
    styled: list[Token] = []
    index = 0
    while index < len(tokens):
        button = _button(tokens[index : index + 3])
        if button is not None:
            styled.append(button)
            index += 3
            continue
        styled.append(_dressed(tokens[index]))
        index += 1
    return styled


def _dressed(token: Token) -> Token:
    for child in token.children or ():
        _dressed(child)
    if token.nesting >= 0 and token.tag in _STYLES and not token.hidden:
        token.attrSet("class", _STYLES[token.tag][0])
        token.attrSet("style", _STYLES[token.tag][1])
    return token


def _button(tokens: list[Token]) -> Token | None:
    """A paragraph that is one link and nothing else is what the mail wants to be clicked."""
    if [token.type for token in tokens] != ["paragraph_open", "inline", "paragraph_close"] or tokens[0].hidden:
        return None
    children = tokens[1].children or []
    if len(children) < 3 or children[0].type != "link_open" or children[-1].type != "link_close":
        return None
    inner = children[1:-1]
    if any(child.type in ("link_open", "image") for child in inner):
        return None
    label = _MARKDOWN.renderer.renderInline(inner, _MARKDOWN.options, {})
    block = Token("html_block", "", 0)
    href = RendererHTML.renderAttrs(Token("a", "a", 1, attrs={"href": str(children[0].attrGet("href") or "")}))
    block.content = _BUTTON.format(href=href.removeprefix(' href="').removesuffix('"'), label=label)
    return block


def _with_addresses(tokens: list[Token], word: str) -> list[Token]:
    """After the words of each link, its address in parentheses; alone in its paragraph, after a colon.

    The address stands between `word` with an a and with an e, since its tags are read as an address's.
    """
    for place, token in enumerate(tokens):
        if token.type != "inline":
            continue
        sole = _button(tokens[place - 1 : place + 2]) is not None
        written: list[Token] = []
        address = words = ""
        for child in token.children or []:
            if child.type == "link_open":
                address, words = str(child.attrGet("href") or ""), ""
            elif child.type == "link_close" and address not in (words, f"mailto:{words}"):
                marked = f"{word}a{address}{word}e"
                written.append(Token("text", "", 0, content=f": {marked}" if sole else f" ({marked})"))
            words += child.content
            if child.type not in ("link_open", "link_close"):
                written.append(child)
        token.children = written
    return tokens


_MARKDOWN: Any = MarkdownIt("commonmark", {"html": False})
