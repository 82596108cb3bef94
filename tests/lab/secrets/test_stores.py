"""The stores of secrets as they are: a stack's file, the environment, and AWS by moto's server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.secret_stores import AwsSecrets, ConfigSecrets, EnvironmentSecrets
from core.errors import SettingsError, StoreError
from core.pulumi_crypt import create
from core.secret import Secret
from core.settings.credentials import Credential
from lab.place import here

VALUE = "correct horse battery staple"


@pytest.fixture
def aws_environment(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": aws,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
    }.items():
        monkeypatch.setenv(name, value)


def client(service: str) -> Any:
    import boto3

    return boto3.session.Session().client(service)


@pytest.mark.usefixtures("aws_environment")
def test_secrets_manager_gives_texts_bytes_versions_and_members() -> None:
    manager = client("secretsmanager")
    arn = manager.create_secret(Name="app/url", SecretString="old")["ARN"]
    manager.put_secret_value(SecretId="app/url", SecretString='{"url": "postgresql://db", "port": 5432}')
    manager.create_secret(Name="app/bytes", SecretBinary=b"\xff\x00")
    store = AwsSecrets("secretsmanager")

    def read(secret: str, **more: str) -> str:
        return store.read(Credential(name="A", aws_secrets_manager=secret, **more)).reveal()

    assert read("app/url", json_key="url") == "postgresql://db"
    assert read(arn, json_key="port") == "5432"
    assert read("app/url", version_stage="AWSPREVIOUS") == "old"
    assert read("app/bytes").encode("utf-8", "surrogateescape") == b"\xff\x00"
    with pytest.raises(SettingsError, match=r"secret app/url is no JSON object with a text or a number under 'nope'"):
        read("app/url", json_key="nope")
    with pytest.raises(SettingsError, match="AWS has no secret app/none in this account and region"):
        read("app/none")
    with pytest.raises(SettingsError, match="AWS has no secret app/url in version AWSPENDING"):
        read("app/url", version_stage="AWSPENDING")


@pytest.mark.usefixtures("aws_environment")
def test_parameters_are_decrypted_and_have_versions() -> None:
    parameters = client("ssm")
    parameters.put_parameter(Name="/app/key", Value="old", Type="SecureString")
    parameters.put_parameter(Name="/app/key", Value=VALUE, Type="SecureString", Overwrite=True)
    store = AwsSecrets("ssm")
    assert store.read(Credential(name="A", aws_ssm="/app/key")).reveal() == VALUE
    assert store.read(Credential(name="A", aws_ssm="/app/key:1")).reveal() == "old"
    with pytest.raises(SettingsError, match="AWS has no parameter /app/none"):
        store.read(Credential(name="A", aws_ssm="/app/none"))


@pytest.mark.usefixtures("aws_environment")
def test_aws_that_is_away_or_without_region_or_login_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Credential(name="A", aws_ssm="/app/key")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{here().address(0, 206)}:9")
    with pytest.raises(StoreError, match="AWS cannot be asked for parameter /app/key: Could not connect"):
        AwsSecrets("ssm").read(wanted)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(StoreError, match="Unable to locate credentials"):
        AwsSecrets("ssm").read(wanted)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(StoreError, match="You must specify a region"):
        AwsSecrets("ssm").read(wanted)


def stack(folder: Path, top: str, value: str) -> Path:
    path = folder / "Pulumi.x.yaml"
    path.write_text(f"{top}\nconfig:\n  launch-ready:session-key:\n    {value}\n")
    return path


def test_a_config_secret_is_decrypted_with_the_stacks_passphrase(tmp_path: Path) -> None:
    crypter = create("right")
    path = stack(tmp_path, f"encryptionsalt: {crypter.state}", f"secure: {crypter.encrypt(VALUE)}")
    wanted = Credential(name="SESSION_KEY", config_secret="session-key")
    early = ConfigSecrets(path, lambda: Secret("right"))
    early.unlock_early()
    assert early.read(wanted).reveal() == VALUE
    wrong = ConfigSecrets(path, lambda: Secret("wrong"))
    wrong.unlock_early()
    with pytest.raises(SettingsError, match="the passphrase is not this stack's"):
        wrong.read(wanted)
    with pytest.raises(SettingsError, match=r"config\.launch-ready:other is not there: set it with `pulumi config"):
        ConfigSecrets(path, lambda: Secret("right")).read(wanted.model_copy(update={"config_secret": "other"}))


@pytest.mark.parametrize(
    ("top", "value", "reason"),
    [
        ("encryptionsalt: v1:a", "{}", "is not encrypted"),
        ("encryptionsalt: v1:a", f"secure: [{VALUE}]", "is not encrypted"),
        ("secretsprovider: awskms://alias/x?region=y", "secure: v1:a:b", "are kept by awskms, and only Pulumi"),
        ("encryptedkey: a", "secure: v1:a:b", "has no encryptionsalt"),
    ],
)
def test_a_config_secret_that_cannot_be_read_is_said_without_a_value(
    tmp_path: Path, top: str, value: str, reason: str
) -> None:
    store = ConfigSecrets(stack(tmp_path, top, value), lambda: Secret("right"))
    with pytest.raises(SettingsError, match=reason) as refused:
        store.read(Credential(name="SESSION_KEY", config_secret="session-key"))
    assert VALUE not in str(refused.value)


def test_the_environment_gives_what_it_sets() -> None:
    store = EnvironmentSecrets({"CI_KEY": VALUE})
    assert store.read(Credential(name="SESSION_KEY", env="CI_KEY")).reveal() == VALUE
    with pytest.raises(SettingsError, match="the environment does not set NOPE"):
        store.read(Credential(name="SESSION_KEY", env="NOPE"))
