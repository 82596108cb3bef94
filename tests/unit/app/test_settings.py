"""What the app needs from its host."""

from pathlib import Path

import pytest

from lab.app.community.serve import drain_seconds
from lab.app.community.settings import Relay, SchemaRange, SettingsError, from_environment, read_schema

GOOD = {
    "DATABASE_URL": "postgresql://app:hunter2@127.0.0.1/community",
    "SESSION_KEY": "k" * 32,
    "APP_VERSION": "1.0.0",
    "APP_COLOUR": "blue",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "release.toml").write_text("[schema]\nminimum = 1\nmaximum = 2\ntarget = 1\n")
    return tmp_path


def test_settings_come_from_the_environment_and_the_release(root: Path) -> None:
    settings = from_environment(GOOD, root)
    assert (settings.release, settings.colour, settings.schema) == ("1.0.0", "blue", SchemaRange(1, 2, 1))


def test_no_secret_shows_in_the_settings_text(root: Path) -> None:
    text = repr(from_environment(GOOD, root))
    assert "hunter2" not in text
    assert "kkkk" not in text


@pytest.mark.parametrize(("text", "seconds"), [(None, 30.0), ("", 30.0), ("0", 0.0), ("2.5", 2.5)])
def test_the_drain_can_be_made_shorter(text: str | None, seconds: float) -> None:
    assert drain_seconds({} if text is None else {"APP_DRAIN_SECONDS": text}) == seconds


@pytest.mark.parametrize("text", ["-1", "31", "nan", "x"])
def test_a_drain_beyond_what_the_unit_waits_for_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="APP_DRAIN_SECONDS must be a number from 0 to 30"):
        drain_seconds({"APP_DRAIN_SECONDS": text})


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_missing_is_named(root: Path, name: str, value: str | None) -> None:
    environment = {key: text for key, text in {**GOOD, name: value}.items() if text is not None}
    with pytest.raises(SettingsError, match=name):
        from_environment(environment, root)


def test_a_credential_of_systemds_comes_before_the_environment(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    environment = {**GOOD, "CREDENTIALS_DIRECTORY": str(folder)}
    assert from_environment(environment, root).session_key == b"k" * 32
    (folder / "SESSION_KEY").write_text("c" * 40)
    (folder / "DATABASE_URL").write_text("postgresql://other")
    settings = from_environment({**environment, "SESSION_KEY": ""}, root)
    assert (settings.session_key, settings.database_url) == (b"c" * 40, "postgresql://other")
    for wrong in (b"", b"\xff"):
        (folder / "SESSION_KEY").write_bytes(wrong)
        with pytest.raises(SettingsError, match=r"the credential SESSION_KEY (is empty|cannot be read)"):
            from_environment(environment, root)


def test_a_short_key_is_refused_without_showing_it(root: Path) -> None:
    with pytest.raises(SettingsError, match="has 6 bytes") as caught:
        from_environment({**GOOD, "SESSION_KEY": "secret"}, root)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "[schema]\nminimum = 1\n", "schema = 1", "not toml [", '[schema]\nminimum="x"\nmaximum=1\ntarget=1']
)
def test_a_release_without_a_schema_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "release.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"must have a \[schema\] table"):
        read_schema(tmp_path / "release.toml")


@pytest.mark.parametrize(("version", "fits"), [(0, False), (1, True), (2, True), (3, False)])
def test_the_range_includes_both_ends(version: int, fits: bool) -> None:
    assert SchemaRange(1, 2, 1).fits(version) is fits


MAIL = {**GOOD, "MAIL_RELAY": "smtp://127.0.0.5:2525", "MAIL_FROM": "no-reply@a.test", "PUBLIC_URL": "https://a.test/"}


def test_mail_needs_a_sender_and_a_public_url(root: Path) -> None:
    settings = from_environment({**MAIL, "ADMIN_EMAILS": "A@a.test, b@a.test,"}, root)
    assert settings.relay == Relay("127.0.0.5", 2525, "no-reply@a.test")
    assert settings.public_url == "https://a.test"
    assert settings.admin_emails == {"a@a.test", "b@a.test"}
    assert from_environment(GOOD, root).relay is None
    for name in ("MAIL_FROM", "PUBLIC_URL"):
        with pytest.raises(SettingsError, match=name):
            from_environment({**MAIL, name: ""}, root)


@pytest.mark.parametrize("text", ["mail.a.test:25", "http://a.test", "smtp://", "smtp://a.test:x", "smtp://u:p@a.test"])
def test_a_relay_that_is_none_is_refused(root: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="MAIL_RELAY must be like smtp://"):
        from_environment({**MAIL, "MAIL_RELAY": text}, root)


def test_there_are_no_administrators_where_nobody_can_prove_an_address(root: Path) -> None:
    with pytest.raises(SettingsError, match="ADMIN_EMAILS needs MAIL_RELAY"):
        from_environment({**GOOD, "ADMIN_EMAILS": "admin@a.test"}, root)
