"""A secret in AWS Secrets Manager or Systems Manager Parameter Store, as a Pulumi dynamic resource.

https://www.pulumi.com/docs/iac/concepts/resources/dynamic-providers/: Pulumi pickles the provider into the stack's
state, by reference to this module (so no code and no variable of the program stands there), and runs it in a process
of its own in the project's folder. Region, login and endpoint are AWS's own environment.
The value is an input alone: it is encrypted in the state and never among the outputs, and what AWS's library says of
bad input, which may quote it, is not passed on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import pulumi
from pulumi import dynamic

OURS = "launch-ready:stack"
"""The tag that says which stack a secret belongs to."""
Service = Literal["secretsmanager", "ssm"]
_RECOVERY_DAYS = 7
_SECONDS = {"connect_timeout": 4, "read_timeout": 10}


class AwsSecretProvider(dynamic.ResourceProvider):
    """Makes, changes and deletes one secret. ``props``: service, name, value, description, tags."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.DiffResult:
        """Another service or name is another secret; the rest is compared by Pulumi, which has the old value sealed."""
        moved = [key for key in ("service", "name") if _olds.get(key) != _news.get(key)]
        return dynamic.DiffResult(changes=True, replaces=moved) if moved else dynamic.DiffResult()

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Make it. One of this stack's that is there already (a run was cut off) is brought to what it should be."""
        with _aws(props) as client:
            version = _make(client, props)
        return dynamic.CreateResult(f"{props['service']}:{props['name']}", _outputs(props, version))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Bring it to ``_news``; a value that it has already makes no version."""
        with _aws(_news) as client:
            version = _change(client, _news)
        return dynamic.UpdateResult(_outputs(_news, version))

    def read(self, id_: str, props: dict[str, Any]) -> dynamic.ReadResult:
        """Whether it is there, and its version; never its value."""
        with _aws(props) as client:
            version = _version(client, props)
        return dynamic.ReadResult(id_, _outputs(props, version)) if version else dynamic.ReadResult("", {})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete it: of Secrets Manager, it can be restored for seven days."""
        with _aws(_props) as client:
            if _props["service"] == "ssm":
                _unless(client, "ParameterNotFound", client.delete_parameter, Name=_props["name"])
            elif _version(client, _props):
                client.delete_secret(SecretId=_props["name"], RecoveryWindowInDays=_RECOVERY_DAYS)


class AwsSecret(dynamic.Resource, module="launch-ready", name="AwsSecret"):
    """One secret. ``version`` is its newest version, by AWS's name for it."""

    version: pulumi.Output[str]

    def __init__(
        self,
        resource: str,
        *,
        service: Service,
        name: str,
        value: pulumi.Input[str],
        description: str,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; ``tags`` are beside :data:`OURS`, which is set here."""
        props = {
            "service": service,
            "name": name,
            "value": pulumi.Output.secret(value),
            "description": description,
            "tags": {**tags, OURS: pulumi.get_stack()},
            "version": None,
        }
        hidden = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(AwsSecretProvider(), resource, props, pulumi.ResourceOptions.merge(opts, hidden))


def _outputs(props: Mapping[str, Any], version: str) -> dict[str, Any]:
    shown = {key: props[key] for key in ("service", "name", "description", "tags") if key in props}
    return {**shown, "version": version}


@contextmanager
def _aws(props: Mapping[str, Any]) -> Iterator[Any]:
    """A client; what goes wrong is said by AWS's code alone, and without where it came from."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    service, name = props["service"], props["name"]
    limits = Config(retries={"total_max_attempts": 3, "mode": "standard"}, **_SECONDS)
    try:
        yield boto3.session.Session().client(service, config=limits)
    except ClientError as error:
        raise RuntimeError(f"AWS ({service}) refuses {name}: {_code(error)}") from None
    except BotoCoreError as error:
        raise RuntimeError(f"AWS ({service}) cannot be asked for {name}: {type(error).__name__}") from None


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", "no code"))


def _unless(client: Any, code: str, call: Any, **words: Any) -> Any:
    """``call``, or None where AWS answers with ``code``."""
    try:
        return call(**words)
    except client.exceptions.ClientError as error:
        if _code(error) != code:
            raise
        return None


def _make(client: Any, props: Mapping[str, Any]) -> str:
    name, tags = props["name"], _tags(props)
    if props["service"] == "ssm":
        words = {"Name": name, "Value": props["value"], "Type": "SecureString", "Tags": tags}
        made = _unless(
            client, "ParameterAlreadyExists", client.put_parameter, Description=props["description"], **words
        )
        return str(made["Version"]) if made else _take_over(client, props)
    gone = _unless(client, "ResourceNotFoundException", client.describe_secret, SecretId=name)
    if gone and gone.get("DeletedDate"):
        client.restore_secret(SecretId=name)
    if gone:
        return _take_over(client, props)
    words = {"Name": name, "SecretString": props["value"], "Tags": tags}
    return str(client.create_secret(Description=props["description"], **words)["VersionId"])


def _take_over(client: Any, props: Mapping[str, Any]) -> str:
    """Change what is there already, if this stack made it."""
    if props["service"] == "ssm":
        found = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=props["name"])["TagList"]
    else:
        found = client.describe_secret(SecretId=props["name"]).get("Tags", [])
    if not any(tag["Key"] == OURS and tag["Value"] == props["tags"][OURS] for tag in found):
        raise RuntimeError(
            f"{props['name']} is in AWS ({props['service']}) already, and this stack did not make it: give it another"
            f" name, or tag it {OURS}={props['tags'][OURS]} to have its value replaced"
        )
    return _change(client, props)


def _change(client: Any, props: Mapping[str, Any]) -> str:
    name, value, tags = props["name"], props["value"], _tags(props)
    if props["service"] == "ssm":
        client.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tags)
        has = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        if has["Value"] == value:
            return str(has["Version"])
        words = {"Name": name, "Value": value, "Type": "SecureString", "Overwrite": True}
        return str(client.put_parameter(Description=props["description"], **words)["Version"])
    client.update_secret(SecretId=name, Description=props["description"])
    client.tag_resource(SecretId=name, Tags=tags)
    has = client.get_secret_value(SecretId=name)
    if has.get("SecretString") == value:
        return str(has["VersionId"])
    return str(client.put_secret_value(SecretId=name, SecretString=value)["VersionId"])


def _version(client: Any, props: Mapping[str, Any]) -> str:
    """The newest version's name, "" where there is none."""
    name = props["name"]
    if props["service"] == "ssm":
        found = _unless(client, "ParameterNotFound", client.get_parameter, Name=name)
        return str(found["Parameter"]["Version"]) if found else ""
    found = _unless(client, "ResourceNotFoundException", client.describe_secret, SecretId=name)
    if not found or found.get("DeletedDate"):
        return ""
    stages = found.get("VersionIdsToStages", {})
    return next((version for version, labels in stages.items() if "AWSCURRENT" in labels), "")


def _tags(props: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(props["tags"].items())]
