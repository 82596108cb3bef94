"""Section ``launch-ready:credentials``: where the secrets come from that a release asks for in its ``release.toml``.

A deploy reads them, hands them to each host by SSH, and systemd hands them to the release: no value stands in this
section, in an environment, in a command or in a log. docs/secrets-at-deploy.md has the whole way.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.settings.base import Section, matching

Kind = Literal["config_secret", "aws_secrets_manager", "aws_ssm", "env"]
KINDS: tuple[Kind, ...] = ("config_secret", "aws_secrets_manager", "aws_ssm", "env")
MOST_CREDENTIALS = 100

Variable = Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "letters, digits and _, such as SESSION_KEY")]
"""The name of a secret as a release reads it, or of an environment variable."""


class Credential(Section):
    """One secret: the name that releases know it by, and one of the places that it can come from."""

    name: Variable
    """What ``secrets`` in a ``release.toml`` asks for; the release reads the file ``$CREDENTIALS_DIRECTORY/NAME``."""
    config_secret: (
        Annotated[str, matching(r"[a-z][a-z0-9-]{0,62}", "lower-case letters, digits and hyphens, such as session-key")]
        | None
    ) = None
    """A config secret of this file, `launch-ready:<config_secret>`, encrypted by the stack's passphrase."""
    aws_secrets_manager: (
        Annotated[str, matching(r"[A-Za-z0-9/_+=.@:-]{1,2048}", "a secret's name or ARN in AWS Secrets Manager")] | None
    ) = None
    """A secret's name or ARN in AWS Secrets Manager. Region and login come from the usual `AWS_*` environment."""
    aws_ssm: (
        Annotated[str, matching(r"[A-Za-z0-9/_.:-]{1,2048}", "a parameter's name or ARN in AWS Systems Manager")] | None
    ) = None
    """A parameter's name or ARN in AWS Systems Manager, `:VERSION` or `:LABEL` after it if not the newest."""
    env: Variable | None = None
    """An environment variable of the command that deploys: for what a CI system keeps."""
    version_stage: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """Of AWS Secrets Manager: which version, by its staging label; `AWSCURRENT` without it."""
    json_key: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """Of AWS Secrets Manager: the key of a secret that is a JSON object, such as `password`."""

    @model_validator(mode="after")
    def _one_place(self) -> Credential:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError(f"give one of {', '.join(KINDS)}")
        if self.aws_secrets_manager is None and (self.version_stage or self.json_key):
            raise ValueError("version_stage and json_key are for aws_secrets_manager alone")
        return self

    @property
    def kind(self) -> Kind:
        """Which of the places it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


class Credentials(Section):
    """The secrets. One that no release asks for is not read."""

    items: Annotated[tuple[Credential, ...], Field(max_length=MOST_CREDENTIALS)] = ()
    """Each secret, once."""

    @model_validator(mode="after")
    def _each_once(self) -> Credentials:
        names = [item.name for item in self.items]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two credentials have the name {name}: each must have its own")
        return self
