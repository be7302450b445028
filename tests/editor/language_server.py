"""Talks to the YAML language server over its standard input and output, as editors do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from types import MappingProxyType
from typing import IO, Any

PATIENCE = 30.0
"""So many seconds an answer may take."""

SETTINGS: Mapping[str, Any] = {
    "validate": True,
    "hover": True,
    "completion": True,
    "schemaStore": {"enable": False},
}
"""What people have who have changed nothing, but that nothing is fetched from the net."""


def server() -> str | None:
    """The program: the one that `YAML_LANGUAGE_SERVER` names, or else the one on the path."""
    return os.environ.get("YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server")


class Editor:
    """An editor with one workspace, in which files are opened one after the other.

    `schemas` are the workspace's own, as `yaml.schemas` has them: files by the path of their schema.
    """

    def __init__(self, given: IO[bytes], told: IO[bytes], workspace: Path, schemas: Mapping[str, Any]) -> None:
        self._given = given
        self._told: Queue[Mapping[str, Any]] = Queue()
        self._asked = self._opened = 0
        self._workspace = workspace
        self._settings = {**SETTINGS, "schemas": schemas}
        Thread(target=self._listen, args=(told,), daemon=True).start()
        uri = workspace.as_uri()
        able = {"workspace": {"configuration": True, "workspaceFolders": True}}
        folders = [{"uri": uri, "name": workspace.name}]
        start = {"processId": os.getpid(), "rootUri": uri, "workspaceFolders": folders, "capabilities": able}
        self._ask("initialize", start)
        self._say("initialized", {})
        while self._next().get("method") != "workspace/configuration":
            pass

    def problems(self, file: str, text: str, schema: str | None = None) -> list[tuple[int, str]]:
        """Open a file; the lines (from 1) that are underlined, with what is said.

        `schema` is the path in the line that names its schema; without it, those of the workspace count.
        """
        uri = self._open(file, text, schema)
        while True:
            message = self._next()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                found = message["params"]["diagnostics"]
                return [(one["range"]["start"]["line"] + (schema is None), one["message"]) for one in found]

    def hover(self, file: str, text: str, schema: str, word: str) -> str:
        """What is shown when the pointer rests on the first place of a word in a file."""
        asked = {"textDocument": {"uri": self._open(file, text, schema)}, "position": _position(text, word)}
        found = self._ask("textDocument/hover", asked)
        return str(found["contents"]["value"]) if found else ""

    def completions(self, file: str, text: str, schema: str) -> set[str]:
        """What is offered at the place marked by `|`."""
        uri = self._open(file, text.replace("|", "", 1), schema)
        asked = {"textDocument": {"uri": uri}, "position": _position(text, "|")}
        found = self._ask("textDocument/completion", asked)
        return {one["label"] for one in found["items"]}

    def _open(self, file: str, text: str, schema: str | None) -> str:
        """Open a text as `file`, or with the line that names its schema as a new one beside it; its address."""
        self._opened += 1
        place = self._workspace / file
        uri = (place if schema is None else place.with_name(f"{self._opened}-{place.name}")).as_uri()
        shown = {"uri": uri, "languageId": "yaml", "version": 1, "text": with_schema(text, schema) if schema else text}
        self._say("textDocument/didOpen", {"textDocument": shown})
        return uri

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        self._asked += 1
        self._write({"id": self._asked, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == self._asked and "method" not in message:
                assert "error" not in message, message
                return message.get("result")

    def _say(self, method: str, params: Mapping[str, Any]) -> None:
        self._write({"method": method, "params": params})

    def _write(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._given.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._given.flush()

    def _next(self) -> Mapping[str, Any]:
        try:
            message = self._told.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError("the language server gives no answer") from None
        if "id" in message and "method" in message:  # the server asks for settings, or to be told of changes
            asked = message["params"].get("items", ()) if message["method"] == "workspace/configuration" else ()
            settings = [self._settings if one["section"] == "yaml" else {} for one in asked]
            self._write({"id": message["id"], "result": settings or None})
        return message

    def _listen(self, told: IO[bytes]) -> None:
        while header := told.readline():
            length = int(header.removeprefix(b"Content-Length: "))
            while told.readline().strip():
                pass
            self._told.put(json.loads(told.read(length)))


def with_schema(text: str, schema: str) -> str:
    """A text below the line that names its schema: so the server, who counts from 0, gives its lines their numbers."""
    return f"# yaml-language-server: $schema={schema}\n{text}"


def _position(text: str, word: str) -> dict[str, int]:
    before = text[: text.index(word)]
    return {"line": before.count("\n") + 1, "character": len(before) - before.rfind("\n") - 1}


@contextmanager
def editing(program: str, workspace: Path, schemas: Mapping[str, Any] = MappingProxyType({})) -> Iterator[Editor]:
    """An editor whose language server ends with it; `schemas` as in `Editor`."""
    process = subprocess.Popen([program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - the server that is tried
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Editor(process.stdin, process.stdout, workspace, dict(schemas))
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
