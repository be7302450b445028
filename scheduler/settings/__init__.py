"""Settings: `rightreason.toml` in the workspace, then the environment (`RIGHTREASON_…`), then options.

Nested keys are joined with two underscores in the environment: `RIGHTREASON_EMAIL__HOST`.
"""

from __future__ import annotations

import os
import re
import secrets as random
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from scheduler.errors import SettingsError
from scheduler.rulebook.findings import meant
from scheduler.settings.alerts import Alerts
from scheduler.settings.bounces import Bounces
from scheduler.settings.brakes import Brakes
from scheduler.settings.brand import Brand
from scheduler.settings.email import Email
from scheduler.settings.group import Group, Paced
from scheduler.settings.health import Health
from scheduler.settings.post import Post
from scheduler.settings.retention import Retention
from scheduler.settings.serve import Serve
from scheduler.settings.sms import Sms
from scheduler.settings.tasks import Tasks
from scheduler.settings.webhook import Webhook

SETTINGS_FILE = "rightreason.toml"
SECRET_FILE = ".secret"  # noqa: S105 - the file's name, not its content
ENVIRONMENT = "RIGHTREASON_"
NOT_SETTINGS = frozenset({"RIGHTREASON_WORKSPACE", "RIGHTREASON_CACHE", "RIGHTREASON_NOW"})
"""Names in the environment that are read elsewhere."""

_SQLITE = "sqlite:///"
_USER = re.compile("//.*@", re.DOTALL)
_PASSWORD = re.compile(r":[^\s/@<>][^\s@<>]*@")
_QUERY = re.compile(r"(//[^?#]*[?#]).*", re.DOTALL)


class DeliverBy(StrEnum):
    """Where contacts go: to the channels that are set up, or all of them into the outbox."""

    REAL = "real"
    FILE = "file"


class Settings(BaseSettings):
    """Everything that can be set; `workspace` is the folder that all paths are relative to."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT, env_nested_delimiter="__", extra="forbid", frozen=True, validate_by_name=False
    )
    workspace: Path = Path()
    database: str | None = Field(None, description="a database URL; without one, rightreason.db in the workspace")
    deliver_by: DeliverBy = Field(DeliverBy.REAL, description="file: everything goes to the outbox")
    outbox: Path = Field(Path("outbox"), description="the folder of the file channel")
    secret: SecretStr | None = Field(
        None, min_length=8, description="signs links; without one, the workspace's .secret file"
    )
    brand: Brand = Brand.model_validate({})
    email: Email = Email.model_validate({})
    sms: Sms = Sms.model_validate({})
    tasks: Tasks = Tasks.model_validate({})
    webhook: Webhook = Webhook.model_validate({})
    bounces: Bounces = Bounces.model_validate({})
    post: Post = Post.model_validate({})
    alerts: Alerts = Alerts.model_validate({})
    brakes: Brakes = Brakes.model_validate({})
    health: Health = Health.model_validate({})
    retention: Retention = Retention.model_validate({})
    serve: Serve = Serve.model_validate({})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files: one place less to look
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options before the environment before the file."""
        workspace = Path(init_settings().get("workspace", "."))
        written = InitSettingsSource(settings_cls, _read(workspace / SETTINGS_FILE))
        return init_settings, env_settings, written

    @property
    def database_url(self) -> str:
        """The database: the one that is set, or SQLite in the workspace, to which a relative path belongs."""
        url = self.database or f"{_SQLITE}rightreason.db"
        path = url.removeprefix(_SQLITE)
        if path in (url, "", ":memory:"):
            return url
        return f"{_SQLITE}{(self.workspace / path).absolute()}"

    @property
    def outbox_folder(self) -> Path:
        """Where the file channel writes."""
        return self.workspace / self.outbox

    @property
    def mails_go_to_files(self) -> bool:
        """Whether e-mail is written to the outbox instead of being sent."""
        return self.deliver_by is DeliverBy.FILE or self.email.host is None

    def paced(self, channel: str) -> Paced | None:
        """How fast a channel may send; None where nobody minds: what it writes stays here."""
        if self.deliver_by is DeliverBy.FILE or (channel == "email" and self.mails_go_to_files):
            return None
        found = getattr(self, channel, None)
        return found if isinstance(found, Paced) else None

    @property
    def paces(self) -> dict[str, Paced]:
        """How fast each channel may send of which somebody minds."""
        return {name: one for name in type(self).model_fields if (one := self.paced(name)) is not None}

    @property
    def notes(self) -> tuple[str, ...]:
        """What an operator should know about these settings, in sentences."""
        notes = []
        if self.deliver_by is DeliverBy.FILE:
            notes.append(f"deliver_by is file: nothing is sent, everything is written to {self.outbox_folder}")
        elif self.email.host is None:
            notes.append(f"email.host is not set: mails are not sent but written to {self.outbox_folder}")
        elif not self.brand.base_url.startswith("https://"):
            notes.append("brand.base_url is not https: mailboxes offer no one-click unsubscribe (RFC 8058)")
        return tuple(notes)

    def secret_of(self, group: str, name: str) -> str | None:
        """A password or key of a group, like that of `email.password`: from the environment, or from `NAME_file`.

        None where there is neither; raises `SettingsError` where the file can't be read.
        """
        settings: Group = getattr(self, group)
        secret: SecretStr | None = getattr(settings, name)
        file: Path | None = getattr(settings, f"{name}_file")
        if secret is not None:
            return secret.get_secret_value()
        if file is None:
            return None
        path = self.workspace / file
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{group}.{name}_file: {path} can't be read ({_cause(error)})") from None

    def signing_keys(self) -> tuple[bytes, ...]:
        """The keys of links: the first signs, all of them are accepted.

        They are the lines of the workspace's `.secret`, which is made on first use, readable by its owner only.
        Raises `SettingsError` where it can be neither read nor made.
        """
        if self.secret is not None:
            return (self.secret.get_secret_value().encode(),)
        path = self.workspace / SECRET_FILE
        try:
            _make_secret(path)
            keys = tuple(line.strip().encode() for line in path.read_text("ascii").splitlines() if line.strip())
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: the key of links can't be read or made ({_cause(error)})") from None
        if not keys:
            raise SettingsError(f"{path}: there is no key in it; remove the file, and a new one is made")
        return keys


def load_settings(workspace: Path, **options: Any) -> Settings:
    """The settings of a workspace.

    `options` are settings given by hand, which come first; those that are None count as not given. Raises
    `SettingsError` with every key that is unknown or has a wrong value, where it was written, and what was meant.
    """
    path = workspace / SETTINGS_FILE
    written = _read(path)
    for group, name in secret_settings():
        if isinstance(written.get(group), dict) and name in written[group]:
            raise SettingsError(
                f"{path}: {group}.{name} does not belong into this file; "
                f"set {ENVIRONMENT}{group.upper()}__{name.upper()}, or {group}.{name}_file to a file that holds it"
            )
    if "workspace" in written:
        raise SettingsError(f"{_place(path, ['workspace'])}: workspace can't be set; it is the folder of this file")
    _refuse_unknown_environment(os.environ)
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(workspace=workspace, **given)
    except ValidationError as error:
        raise SettingsError("\n".join(_in_words(problem, path, written) for problem in error.errors())) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read ({_cause(error)})") from None
    except tomllib.TOMLDecodeError as error:
        way_out = "; a text stands in quotes" if str(error).startswith("Invalid value") else ""
        raise SettingsError(f"{path}: can't be read as TOML ({error}){way_out}") from None


def _cause(error: OSError | UnicodeDecodeError) -> str:
    """Why a file can't be read, without its path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _make_secret(path: Path) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(random.token_urlsafe(32) + "\n")


def _groups() -> dict[str, list[str]]:
    """The settings by their group, those that stand alone under an empty name."""
    fields = {"": [name for name in Settings.model_fields if name != "workspace"]}
    for name, one in Settings.model_fields.items():
        if isinstance(one.default, Group):
            fields[name] = [field.alias or key for key, field in type(one.default).model_fields.items()]
    return fields


def secret_settings() -> Iterator[tuple[str, str]]:
    """The group and the name of each setting that is a secret, and so stands in no settings file."""
    for group, one in Settings.model_fields.items():
        if isinstance(one.default, Group):
            names = type(one.default).model_fields
            yield from ((group, name) for name in names if f"{name}_file" in names)


def _meant(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    return meant(name, known, f"there are {', '.join(known)}")


def _refuse_unknown_environment(environment: Mapping[str, str]) -> None:
    groups = _groups()
    known = {f"{ENVIRONMENT}{name}".upper() for name in groups[""] if name not in groups}
    known |= {f"{ENVIRONMENT}{group}__{name}".upper() for group, names in groups.items() if group for name in names}
    for name in environment:
        if name.startswith(ENVIRONMENT) and name not in known | NOT_SETTINGS:
            raise SettingsError(f"environment: there is no setting {name}; {_meant(name, known)}")


def _in_words(problem: Any, path: Path, written: Mapping[str, Any]) -> str:
    keys = [str(key) for key in problem["loc"]]
    name, group = ".".join(keys), keys[0] if len(keys) > 1 else ""
    found: Any = written
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    given_by = f"{ENVIRONMENT}{'__'.join(keys)}".upper()
    place = _place(path, keys) if found is not None else f"option or environment {given_by}"
    if problem["type"] == "extra_forbidden":
        return f"{place}: there is no setting {name}; {_meant(keys[-1], _groups().get(group, []))}"
    if problem["type"] in ("model_type", "model_attributes_type"):
        return f"{place}: {name} is a section: write [{name}], and its settings below"
    value = "***" if name == "secret" or tuple(keys) in set(secret_settings()) else _masked(problem["input"])
    return f"{place}: {name} = {value} can't be used: {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def _masked(value: Any) -> str:
    """A value as it was written, without what may be secret in a URL: its user, its password, and its query."""
    text = value if isinstance(value, str) else repr(value)
    text = _USER.sub("//***@", text)
    text = _PASSWORD.sub(":***@", text)
    text = _QUERY.sub(r"\1***", text)
    return repr(text) if isinstance(value, str) else text


def _place(path: Path, keys: list[str]) -> str:
    """The file and line of a key; tomllib keeps no lines, so the line is looked up by table and key."""
    table = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith("["):
            table = text.strip("[] ")
        head = text.partition("=")[0].strip().strip('"')
        if [*filter(None, table.split(".")), *head.split(".")] == keys or ([table] == keys and text.startswith("[")):
            return f"{path}:{number}"
    return str(path)
