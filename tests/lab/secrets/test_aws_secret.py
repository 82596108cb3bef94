"""The dynamic provider of secrets in AWS, by itself: what it asks of moto's server, and what it says."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from lab.place import aws_environment, here
from stacks.aws_secret import OURS, AwsSecretProvider

CANARY = "canary value/of+this test"
PROVIDER = AwsSecretProvider()


@pytest.fixture(autouse=True)
def _environment(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in aws_environment(aws).items():
        monkeypatch.setenv(name, value)


def props(service: str, name: str, value: str = CANARY, **more: Any) -> dict[str, Any]:
    tags = {"owner": "platform team", OURS: "lab"}
    return {"service": service, "name": name, "value": value, "description": "d", "tags": tags, **more}


def value_of(service: str, name: str) -> str:
    client = boto3.session.Session().client(service)
    if service == "ssm":
        return str(client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    return str(client.get_secret_value(SecretId=name)["SecretString"])


@pytest.mark.parametrize("service", ["secretsmanager", "ssm"])
def test_it_is_made_changed_read_and_deleted(service: str) -> None:
    wanted = props(service, "/app/one")
    made = PROVIDER.create(dict(wanted))
    assert made.id == f"{service}:/app/one"
    assert made.outs is not None
    assert CANARY not in str(made.outs)
    assert value_of(service, "/app/one") == CANARY
    same = PROVIDER.update(made.id, made.outs, props(service, "/app/one", description="other words"))
    assert same.outs is not None
    assert same.outs["version"] == made.outs["version"]
    other = PROVIDER.update(made.id, made.outs, props(service, "/app/one", "another value"))
    assert other.outs is not None
    assert other.outs["version"] != made.outs["version"]
    read = PROVIDER.read(made.id, dict(other.outs))
    assert (read.id, read.outs) == (made.id, {**other.outs, "description": "d"})
    PROVIDER.delete(made.id, dict(other.outs))
    PROVIDER.delete(made.id, dict(other.outs))
    assert PROVIDER.read(made.id, dict(other.outs)).id == ""


def test_one_that_waits_for_its_deletion_is_taken_back_for_its_name_is_not_free() -> None:
    wanted = props("secretsmanager", "/app/two")
    made = PROVIDER.create(dict(wanted))
    PROVIDER.delete(made.id, dict(wanted))
    PROVIDER.create(props("secretsmanager", "/app/two", "the next value"))
    assert value_of("secretsmanager", "/app/two") == "the next value"


@pytest.mark.parametrize("service", ["secretsmanager", "ssm"])
def test_a_run_that_was_cut_off_is_gone_on_with_and_somebody_elses_left_alone(service: str) -> None:
    PROVIDER.create(props(service, "/app/three"))
    PROVIDER.create(props(service, "/app/three", "the next value"))
    assert value_of(service, "/app/three") == "the next value"
    with pytest.raises(RuntimeError, match=r"is in AWS .* already, and this stack did not make it"):
        PROVIDER.create(props(service, "/app/three", "stolen", tags={OURS: "another stack"}))
    assert value_of(service, "/app/three") == "the next value"


def test_another_name_or_service_is_another_secret() -> None:
    outs = {"service": "ssm", "name": "/a"}
    assert PROVIDER.diff("", outs, props("ssm", "/b")).replaces == ["name"]
    assert PROVIDER.diff("", outs, props("secretsmanager", "/a")).replaces == ["service"]
    # Nothing is said of the value: Pulumi compares the inputs, which are sealed in its state.
    assert PROVIDER.diff("", outs, props("ssm", "/a")).changes is None


def test_what_goes_wrong_is_said_without_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError) as bad:
        PROVIDER.create({**props("ssm", "/app/four"), "description": {"not": CANARY}})
    assert str(bad.value) == "AWS (ssm) cannot be asked for /app/four: ParamValidationError"
    assert bad.value.__suppress_context__
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{here().address(0, 206)}:9")
    with pytest.raises(RuntimeError, match="AWS \\(ssm\\) cannot be asked for /app/four: EndpointConnectionError"):
        PROVIDER.create(props("ssm", "/app/four"))
