"""What a release needs beyond the hosts and the edge: the stores of secrets, the cache's purge, those who are told.

Nothing is reached, and nothing heavy imported, before it is needed: a rollback waits for none of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cli.guard import ROOT
from core.errors import AfterError, LaunchReadyError
from core.secret import Secret

if TYPE_CHECKING:
    from core.ports import SecretStore
    from core.settings.credentials import Kind
    from core.settings.release import Release
    from deploy.after import After
    from deploy.credentials import Sources

_LAB = "lab"


def sources_of(path: Path) -> Sources:
    """Where the secrets of the stack whose file is ``path`` come from. Raises :class:`core.errors.SettingsError`."""
    from adapters.secret_stores import AwsSecrets, ConfigSecrets, EnvironmentSecrets
    from core.settings.base import load_sections
    from core.settings.credentials import Credentials
    from deploy.credentials import Sources

    declared = load_sections(path, {"credentials": Credentials})["credentials"]
    if not isinstance(declared, Credentials):
        raise TypeError("load_sections returned another section than was asked for")
    config = ConfigSecrets(path, lambda: passphrase_of(stack_of(path)))
    if any(item.config_secret for item in declared.items):
        config.unlock_early()
    stores: dict[Kind, SecretStore] = {
        "config_secret": config,
        "env": EnvironmentSecrets(os.environ),
        "aws_secrets_manager": AwsSecrets("secretsmanager", lambda: aws_of(stack_of(path))),
        "aws_ssm": AwsSecrets("ssm", lambda: aws_of(stack_of(path))),
    }
    return Sources(declared, stores, _shown(path))


def config_secrets_of(path: Path) -> Callable[[str], Secret]:
    """What gives the config secrets of the stack whose file is ``path``, each by its name; decrypted once.

    It raises :class:`core.errors.SettingsError` for one that is not there, or cannot be decrypted.
    """
    from adapters.secret_stores import ConfigSecrets
    from core.settings.credentials import Credential

    store = ConfigSecrets(path, lambda: passphrase_of(stack_of(path)))
    return lambda name: store.read(Credential(name=name.upper().replace("-", "_"), config_secret=name))


def after_of(path: Path, settings: Release) -> After | None:
    """What follows a switch of this stack; none where its file asks for nothing."""
    if not settings.markers and not settings.purge.asked:
        return None
    from adapters.markers import marker
    from deploy.after import After

    purger = None
    if settings.purge.asked:
        from adapters.purge import CloudflarePurger
        from core.settings.base import load_sections
        from core.settings.zone import Zone

        zone = load_sections(path, {"zone": Zone})["zone"]
        if not isinstance(zone, Zone):
            raise TypeError("load_sections returned another section than was asked for")
        purger = CloudflarePurger(zone.name, zone.account_id, lambda: cloudflare_access(stack_of(path)))
    return After(purger, tuple(marker(wanted, os.environ) for wanted in settings.markers))


def stack_of(path: Path) -> str:
    """The stack whose file this is."""
    return path.name.removeprefix("Pulumi.").removesuffix(".yaml")


def write_file(path: Path, text: str) -> None:
    """Have the file ``path`` hold ``text``, in folders that are made for it. Raises :class:`LaunchReadyError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LaunchReadyError(f"{path} cannot be written ({error.strerror})") from None


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def passphrase_of(stack: str) -> Secret:
    """The stack's passphrase. Raises :class:`core.errors.SettingsError` where the environment has none."""
    if stack == _LAB:
        from lab import passphrase

        return passphrase.passphrase_of(stack, os.environ)
    from core.pulumi_crypt import passphrase_from

    return passphrase_from(os.environ)


def cloudflare_access(stack: str) -> tuple[str, Secret]:
    """The API's address and a token: the lab's own, else as Cloudflare's own tools find them."""
    from adapters.purge import API

    if stack == _LAB:
        from lab.engine import connect
        from lab.place import here

        return connect.cloudflare_of(here(ROOT))
    token = os.environ.get("CLOUDFLARE_API_TOKEN", "").strip()
    if not token:
        raise AfterError("the environment does not set CLOUDFLARE_API_TOKEN")
    return os.environ.get("CLOUDFLARE_BASE_URL") or API, Secret(token)


def aws_of(stack: str) -> dict[str, str]:
    """boto3's words for the lab's AWS; for any other stack none, and AWS's own environment says where and who."""
    if stack != _LAB or "AWS_ENDPOINT_URL" in os.environ:
        return {}
    from lab.engine.connect import aws_of as lab_aws
    from lab.place import aws_environment, here

    told = aws_environment(lab_aws(here(ROOT)))
    return {
        "endpoint_url": told["AWS_ENDPOINT_URL"],
        "region_name": told["AWS_DEFAULT_REGION"],
        "aws_access_key_id": told["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": told["AWS_SECRET_ACCESS_KEY"],
    }
