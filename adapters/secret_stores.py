"""Where secrets come from: a stack's file, AWS, the environment. Each fulfils :class:`core.ports.SecretStore`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LaunchReadyError, SettingsError, StoreError
from core.secret import Secret
from core.settings.base import NAMESPACE, config_of
from core.settings.credentials import Credential
from core.settings.yaml_tree import Tree, read_tree

if TYPE_CHECKING:
    from core.pulumi_crypt import Crypter

_PASSPHRASE_PROVIDERS = (None, "", "passphrase")
_AWS_SECONDS = {"connect": 4, "read": 8}


class ConfigSecrets:
    """The config secrets of one stack's file, decrypted as Pulumi does."""

    def __init__(self, path: Path, passphrase: Callable[[], Secret]) -> None:
        """``passphrase`` is asked for once a secret is: it may raise :class:`SettingsError`."""
        self._path = path
        self._passphrase = passphrase
        self._lock = threading.Lock()

    def read(self, wanted: Credential) -> Secret:
        """The value of ``launch-ready:<config_secret>``."""
        key = f"{NAMESPACE}:{wanted.config_secret}"
        found = config_of(self._tree).get(key)
        sealed = found.get("secure") if isinstance(found, dict) and set(found) == {"secure"} else None
        if not isinstance(sealed, str):
            why = "is not there" if found is None else "is not encrypted"
            raise SettingsError(f"config.{key} {why}: set it with `pulumi config set --secret {key}`")
        return self._unlocked().decrypt(sealed)

    def everything(self) -> dict[str, Secret]:
        """Every config secret of the file, by its name. Raises :class:`SettingsError`."""
        prefix = f"{NAMESPACE}:"
        sealed = {
            key.removeprefix(prefix): found["secure"]
            for key, found in config_of(self._tree).items()
            if key.startswith(prefix) and isinstance(found, dict) and isinstance(found.get("secure"), str)
        }
        return {name: self._unlocked().decrypt(str(text)) for name, text in sealed.items()}

    def seal(self, value: Secret) -> str:
        """``value`` as it stands in the stack's file: nobody reads it without the passphrase."""
        return self._unlocked().encrypt(value.reveal())

    def open(self, sealed: str) -> Secret:
        """The value of what :meth:`seal` made. Raises :class:`SettingsError`."""
        return self._unlocked().decrypt(sealed)

    def forget(self) -> None:
        """Read the file again for the next secret: it was changed."""
        self.__dict__.pop("_tree", None)

    def unlock_early(self) -> None:
        """Begin the half second that the key takes, beside what the caller does next; :meth:`read` says how it went."""

        def begin() -> None:
            # Whoever reads is told, and a release that asks for none of these is not held up by a passphrase.
            with suppress(LaunchReadyError):
                self._unlocked()

        threading.Thread(target=begin, daemon=True).start()

    @cached_property
    def _tree(self) -> Tree:
        return read_tree(self._path)

    def _unlocked(self) -> Crypter:
        with self._lock:
            return self._crypter

    @cached_property
    def _crypter(self) -> Crypter:
        # Half a second for the key: only where a release asks for such a secret.
        from core.pulumi_crypt import unlock

        top = self._tree.value if isinstance(self._tree.value, dict) else {}
        if (provider := top.get("secretsprovider")) not in _PASSPHRASE_PROVIDERS:
            raise SettingsError(
                f"the stack's secrets are kept by {str(provider).partition(':')[0]}, and only Pulumi itself can read"
                " those: give the credential another place"
            )
        if not isinstance(salt := top.get("encryptionsalt"), str):
            raise SettingsError("the stack has no encryptionsalt, so no secret in it can be read: restore it")
        return unlock(self._passphrase().reveal(), salt)


class EnvironmentSecrets:
    """The environment of the command itself."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def read(self, wanted: Credential) -> Secret:
        """The value of the variable ``env``."""
        value = self._environment.get(wanted.env or "")
        if value is None:
            raise SettingsError(f"the environment does not set {wanted.env}: set it for this command")
        return Secret(value)


class AwsSecrets:
    """AWS Secrets Manager and Parameter Store, by boto3, which is imported once a secret is asked for.

    Region, login and endpoint are AWS's own environment: ``AWS_REGION``, ``AWS_PROFILE``, ``AWS_ENDPOINT_URL`` ….
    """

    def __init__(self, service: str, access: Callable[[], Mapping[str, str]] = dict) -> None:
        """``service`` is ``secretsmanager`` or ``ssm``; ``access`` gives boto3's words for another AWS than that."""
        self._service = service
        self._access = access
        self._lock = threading.Lock()

    def read(self, wanted: Credential) -> Secret:
        """The secret string or binary, or the parameter, decrypted."""
        with self._lock:
            call = self._call
        return call(wanted)

    @cached_property
    def _call(self) -> Callable[[Credential], Secret]:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        limits = Config(
            connect_timeout=_AWS_SECONDS["connect"],
            read_timeout=_AWS_SECONDS["read"],
            retries={"total_max_attempts": 2, "mode": "standard"},
        )
        try:
            # A session of its own: the default one is not for several threads.
            client = boto3.session.Session().client(self._service, config=limits, **self._access())
        except BotoCoreError as error:
            raise StoreError(f"AWS cannot be asked: {_words(error)}") from None

        def call(wanted: Credential) -> Secret:
            try:
                return _secret(client, wanted) if self._service == "secretsmanager" else _parameter(client, wanted)
            except ClientError as error:
                raise _refused(error, wanted) from None
            except BotoCoreError as error:
                raise StoreError(f"AWS cannot be asked for {_named(wanted)}: {_words(error)}") from None

        return call


def _secret(client: Any, wanted: Credential) -> Secret:
    """GetSecretValue: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html"""
    stage = {"VersionStage": wanted.version_stage} if wanted.version_stage else {}
    answer = client.get_secret_value(SecretId=wanted.aws_secrets_manager, **stage)
    if (text := answer.get("SecretString")) is None:
        # Bytes that are no text arrive as they are: the hosts get them by the same error handler.
        text = answer["SecretBinary"].decode("utf-8", "surrogateescape")
    return Secret(text) if wanted.json_key is None else _member(text, wanted)


def _member(text: str, wanted: Credential) -> Secret:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    value = found.get(wanted.json_key) if isinstance(found, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SettingsError(f"{_named(wanted)} is no JSON object with a text or a number under {wanted.json_key!r}")
    return Secret(str(value))


def _parameter(client: Any, wanted: Credential) -> Secret:
    """GetParameter: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html"""
    return Secret(client.get_parameter(Name=wanted.aws_ssm, WithDecryption=True)["Parameter"]["Value"])


def _refused(error: Any, wanted: Credential) -> SettingsError | StoreError:
    code = str(error.response.get("Error", {}).get("Code", "no code"))
    if code in ("ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"):
        return SettingsError(f"AWS has no {_named(wanted)} in this account and region")
    return StoreError(f"AWS does not give out {_named(wanted)}: {code}")


def _named(wanted: Credential) -> str:
    if wanted.aws_ssm:
        return f"parameter {wanted.aws_ssm}"
    stage = f" in version {wanted.version_stage}" if wanted.version_stage else ""
    return f"secret {wanted.aws_secrets_manager}{stage}"


def _words(error: Exception) -> str:
    return str(error).rstrip(".").splitlines()[0][:200] or type(error).__name__
