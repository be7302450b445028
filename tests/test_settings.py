from __future__ import annotations

import stat
from pathlib import Path

import pytest

from scheduler.errors import SettingsError
from scheduler.settings import DeliverBy, Settings, load_settings
from scheduler.settings.email import Security

STARTER = Path(__file__).parent.parent / "scheduler" / "starter" / "rightreason.toml"


def written(folder: Path, text: str) -> Path:
    (folder / "rightreason.toml").write_text(text, encoding="utf-8")
    return folder


def refused(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(written(folder, text))
    return str(caught.value).replace(str(folder), "")


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/rightreason.db"
    assert settings.outbox_folder == tmp_path / "outbox"


def test_the_sample_file_can_be_read_and_shows_the_defaults(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, STARTER.read_text(encoding="utf-8"))) == Settings(workspace=tmp_path)


def test_options_come_before_the_environment_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, 'outbox = "file"\ndatabase = "sqlite:///file.db"\ndeliver_by = "file"\n')
    monkeypatch.setenv("RIGHTREASON_OUTBOX", "environment")
    monkeypatch.setenv("RIGHTREASON_DATABASE", "sqlite:///environment.db")
    settings = load_settings(tmp_path, database="sqlite:///option.db", outbox=None)
    assert (settings.database, settings.outbox, settings.deliver_by) == (
        "sqlite:///option.db",
        Path("environment"),
        DeliverBy.FILE,
    )


def test_the_environment_reaches_into_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, '[email]\nhost = "smtp.example.com"\nport = 25\n')
    monkeypatch.setenv("RIGHTREASON_EMAIL__PORT", "2525")
    monkeypatch.setenv("RIGHTREASON_EMAIL__PASSWORD", "hush")
    settings = load_settings(tmp_path)
    assert (settings.email.host, settings.email.port, settings.secret_of("email", "password")) == (
        "smtp.example.com",
        2525,
        "hush",
    )
    assert "hush" not in repr(settings)


def test_an_unknown_key_is_refused_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    text = refused(tmp_path, 'databse = "x"\n\n[brand]\nname = "x"\ncolor = "#123456"\n')
    assert "/rightreason.toml:1: there is no setting databse; did you mean 'database'?" in text
    assert "/rightreason.toml:5: there is no setting brand.color; did you mean 'colour'?" in text


def test_an_unknown_name_in_the_environment_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTREASON_EMAIL__HSOT", "x")
    with pytest.raises(SettingsError, match="did you mean 'RIGHTREASON_EMAIL__HOST'"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '[email]\nport = "x"\n',
            "/rightreason.toml:2: email.port = 'x' can't be used: input should be a valid integer",
        ),
        ('[brand]\ncolour = "red"\n', "/rightreason.toml:2: brand.colour = 'red' can't be used"),
        ('[email]\nsecurity = "ssl"\n', "input should be 'none', 'starttls' or 'tls'"),
        ('[brand]\nbase_url = "javascript:x"\n', "brand.base_url"),
        ('[email]\nfrom = "our shop"\n', "/rightreason.toml:2: email.from = 'our shop' can't be used"),
        ('[email]\nfrom = "A <a@b.example>\\nBcc: c@d.example"\n', "email.from"),
        ('secret = ""\n', "/rightreason.toml:1: secret = *** can't be used"),
        ("brand = 5\n", "/rightreason.toml:1: brand is a section: write [brand]"),
        ('\nworkspace = "/"\n', "/rightreason.toml:2: workspace can't be set"),
        ("[brand\n", "/rightreason.toml: can't be read as TOML"),
        ("database = sqlite:///x.db\n", "(Invalid value (at line 1, column 12)); a text stands in quotes"),
    ],
)
def test_a_value_that_can_not_be_used_says_where_and_why(tmp_path: Path, text: str, found: str) -> None:
    assert found in refused(tmp_path, text)


def test_a_section_in_the_environment_is_refused_with_a_setting_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTREASON_EMAIL", "smtp.example.com")
    with pytest.raises(SettingsError, match="there is no setting RIGHTREASON_EMAIL; did you mean 'RIGHTREASON_EMAIL__"):
        load_settings(tmp_path)


def test_a_wrong_value_in_the_environment_is_named_as_it_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTREASON_EMAIL__PORT", "abc")
    with pytest.raises(SettingsError, match=r"environment RIGHTREASON_EMAIL__PORT: email\.port = 'abc' can't be used"):
        load_settings(tmp_path)


def test_a_byte_order_mark_at_the_start_is_no_mistake(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, '\ufeffoutbox = "mails"\n')).outbox == Path("mails")


def test_a_relative_database_lies_in_the_workspace_wherever_the_command_is_typed(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, 'database = "sqlite:///facts/shop.db"\n'))
    assert settings.database_url == f"sqlite:///{tmp_path}/facts/shop.db"


def test_an_absolute_database_stays_where_it_is(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, 'database = "sqlite:////srv/shop.db"\n'))
    assert settings.database_url == "sqlite:////srv/shop.db"


def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    text = refused(tmp_path, '[email]\npassword = "hush"\n')
    assert "set RIGHTREASON_EMAIL__PASSWORD, or email.password_file" in text
    assert "hush" not in text


def test_a_password_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "smtp.password").write_text("hush\n")
    settings = load_settings(written(tmp_path, '[email]\npassword_file = "smtp.password"\n'))
    assert settings.secret_of("email", "password") == "hush"


def test_a_password_file_that_is_missing_says_so(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, '[email]\npassword_file = "nowhere"\n'))
    with pytest.raises(
        SettingsError, match=r"email\.password_file: .*/nowhere can't be read \(No such file or directory\)$"
    ):
        settings.secret_of("email", "password")


def test_the_key_of_links_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = load_settings(tmp_path).signing_keys()
    assert load_settings(tmp_path).signing_keys() == first
    assert stat.S_IMODE((tmp_path / ".secret").stat().st_mode) == 0o600


def test_a_new_key_in_front_keeps_the_old_one_valid(tmp_path: Path) -> None:
    (tmp_path / ".secret").write_text("new\nold\n")
    assert load_settings(tmp_path).signing_keys() == (b"new", b"old")


def test_a_key_that_cannot_be_used_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTREASON_SERVE__WRITE_KEY", "hush")
    with pytest.raises(SettingsError) as refused:
        load_settings(tmp_path)
    assert "RIGHTREASON_SERVE__WRITE_KEY: serve.write_key = *** can't be used" in str(refused.value)


def test_the_secret_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTREASON_SECRET", "from outside")
    assert load_settings(tmp_path).signing_keys() == (b"from outside",)
    assert not (tmp_path / ".secret").exists()


def test_mails_that_are_not_sent_are_mentioned(tmp_path: Path) -> None:
    assert "mails are not sent but written to" in load_settings(tmp_path).notes[0]


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_the_port_follows_the_security(tmp_path: Path, security: str, port: int) -> None:
    settings = load_settings(tmp_path, email={"security": security})
    assert (settings.email.security, settings.email.at_port) == (Security(security), port)


@pytest.mark.parametrize(
    ("colour", "on", "link"), [("#2455c3", "#ffffff", "#2455c3"), ("#f2b705", "#000000", "#1f2933")]
)
def test_words_can_be_read_on_any_colour(tmp_path: Path, colour: str, on: str, link: str) -> None:
    brand = load_settings(tmp_path, brand={"colour": colour}).brand
    assert (brand.on_colour, brand.link_colour) == (on, link)


def test_settings_that_can_not_be_read_are_told_with_their_path_once(tmp_path: Path) -> None:
    (tmp_path / "rightreason.toml").mkdir()
    with pytest.raises(SettingsError) as told:
        load_settings(tmp_path)
    assert str(told.value) == f"{tmp_path}/rightreason.toml: can't be read (Is a directory)"


@pytest.mark.parametrize(
    "url",
    ["ftp://u:SEKRIT@host/hook", "ftp://u:SEK/RIT@SEK:x@host/hook", "ftp://host/hook?key=SEKRIT", "u:SEKRIT@host/hook"],
)
def test_no_password_of_a_url_is_told(tmp_path: Path, url: str) -> None:
    told = refused(tmp_path, f'[webhook]\nurl = "{url}"\n')
    assert "webhook.url = '" in told
    assert "host/hook" in told
    assert "SEK" not in told


@pytest.mark.parametrize("line", ["volume = inf", "volume = nan", "bounces = true", "unforeseen = false"])
def test_what_is_no_number_brakes_nothing(tmp_path: Path, line: str) -> None:
    assert f"brakes.{line.partition(' ')[0]} = " in refused(tmp_path, f"[brakes]\n{line}\n")
