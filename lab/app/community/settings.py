"""What the host tells the app: by its environment, by systemd's credentials, and by ``release.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

SHORTEST_KEY = 32


class SettingsError(Exception):
    """The environment or ``release.toml`` is not good enough to start. One sentence, no value in it."""


@dataclass(frozen=True)
class SchemaRange:
    """The schema versions that this release can live with, and the one that its own migrations lead to."""

    minimum: int
    maximum: int
    target: int

    def fits(self, version: int) -> bool:
        """Whether the release can serve from a database at ``version``."""
        return self.minimum <= version <= self.maximum


@dataclass(frozen=True)
class Relay:
    """Where mail is handed over (SMTP), and who it is from."""

    host: str
    port: int
    sender: str


@dataclass(frozen=True)
class Settings:
    """One process's settings. ``session_key`` keys the digests under which session tokens are stored.

    ``public_url`` is what links in mail begin with. Without a ``relay`` no address can be proven, and none needs to be:
    for tests of the app alone. Without ``webhook_key`` no webhook is believed; without ``sentry_dsn`` no error is told.
    """

    database_url: str = field(repr=False)
    session_key: bytes = field(repr=False)
    release: str
    colour: str
    schema: SchemaRange
    public_url: str = ""
    relay: Relay | None = None
    admin_emails: frozenset[str] = frozenset()
    webhook_key: str = field(default="", repr=False)
    sentry_dsn: str = field(default="", repr=False)


def from_environment(environment: Mapping[str, str], root: Path) -> Settings:
    """Read the settings of the release unpacked at ``root``. Raises :class:`SettingsError`."""
    key = secret(environment, "SESSION_KEY").encode()
    if len(key) < SHORTEST_KEY:
        raise SettingsError(f"SESSION_KEY has {len(key)} bytes and needs {SHORTEST_KEY} or more")
    relay = read_relay(environment)
    admins = frozenset(word.strip().lower() for word in environment.get("ADMIN_EMAILS", "").split(",") if word.strip())
    if admins and relay is None:
        raise SettingsError("ADMIN_EMAILS needs MAIL_RELAY: without mail nobody proves that an address is theirs")
    return Settings(
        database_url=secret(environment, "DATABASE_URL"),
        session_key=key,
        release=need(environment, "APP_VERSION"),
        colour=need(environment, "APP_COLOUR"),
        schema=read_schema(root / "release.toml"),
        public_url=need(environment, "PUBLIC_URL").rstrip("/") if relay else "",
        relay=relay,
        admin_emails=admins,
        webhook_key=secret(environment, "WEBHOOK_SIGNING_KEY", optional=True),
        sentry_dsn=secret(environment, "SENTRY_DSN", optional=True),
    )


def read_relay(environment: Mapping[str, str]) -> Relay | None:
    """``MAIL_RELAY`` (``smtp://HOST:PORT``) and ``MAIL_FROM``; None without it. Raises :class:`SettingsError`."""
    text = environment.get("MAIL_RELAY", "")
    if not text:
        return None
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port or 25
    except ValueError:
        host, port = None, 0
    if not host or url.scheme != "smtp" or url.path.strip("/") or url.username:
        raise SettingsError("MAIL_RELAY must be like smtp://mail.example.com:25")
    return Relay(host, port, need(environment, "MAIL_FROM"))


def read_schema(path: Path) -> SchemaRange:
    """The ``[schema]`` table of a ``release.toml``. Raises :class:`SettingsError`."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))["schema"]
        return SchemaRange(int(table["minimum"]), int(table["maximum"]), int(table["target"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise SettingsError(f"{path} must have a [schema] table with minimum, maximum and target ({reason})") from None


def need(environment: Mapping[str, str], name: str) -> str:
    """The value of ``name``. Raises :class:`SettingsError` if it is unset or empty."""
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set in the environment")
    return value


def secret(environment: Mapping[str, str], name: str, *, optional: bool = False) -> str:
    """The credential ``name`` that systemd hands over (systemd.exec(5), ``LoadCredential=``), else the variable.

    Raises :class:`SettingsError` if it is neither, or empty; an ``optional`` one that is neither is "".
    """
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if not folder or not (file := Path(folder) / name).is_file():
        return environment.get(name, "") if optional else need(environment, name)
    try:
        value = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the credential {name} cannot be read ({type(error).__name__})") from None
    if not value:
        raise SettingsError(f"the credential {name} is empty")
    return value
