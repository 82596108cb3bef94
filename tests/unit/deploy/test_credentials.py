"""A release's secrets: every name resolves or the deploy ends before it began, and no value is ever shown."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from core.errors import SettingsError, StoreError
from core.secret import Secret
from core.settings.credentials import Credential, Credentials
from deploy.credentials import MOST_BYTES, Sources, as_lines, resolve
from deploy.facts import Kept

VALUE = "correct horse battery staple"


@dataclass
class Store:
    """Fulfils :class:`core.ports.SecretStore` from a mapping by name."""

    values: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def read(self, wanted: Credential) -> Secret:
        self.asked.append(wanted.name)
        if self.error:
            raise self.error
        return Secret(self.values[wanted.name])


def release(*names: str) -> Kept:
    return Kept("2.0.0", "digest", "/", secrets=names)


def sources(store: Store, *items: Credential) -> Sources:
    return Sources(Credentials(items=items), {"env": store, "aws_ssm": store}, "stacks/Pulumi.x.yaml")


KEY = Credential(name="SESSION_KEY", env="CI_SESSION_KEY")
URL = Credential(name="DATABASE_URL", aws_ssm="/app/database")


def test_what_the_release_asks_for_is_read_and_nothing_else() -> None:
    store = Store({"SESSION_KEY": VALUE, "DATABASE_URL": "x"})
    values = resolve(sources(store, KEY, URL), release("SESSION_KEY"))
    assert {name: value.reveal() for name, value in values.items()} == {"SESSION_KEY": VALUE}
    assert store.asked == ["SESSION_KEY"]
    assert VALUE not in repr(values) + str(values)


def test_a_release_without_secrets_needs_no_stack_that_has_any() -> None:
    assert resolve(None, release()) == {}


def test_every_name_that_does_not_resolve_is_told_with_its_place() -> None:
    with pytest.raises(SettingsError) as refused:
        resolve(sources(Store({"SESSION_KEY": ""}), KEY), release("SESSION_KEY", "MAIL_TOKEN"))
    assert str(refused.value).splitlines() == [
        "stacks/Pulumi.x.yaml: the secret SESSION_KEY (launch-ready:credentials, env) is empty: set it",
        "stacks/Pulumi.x.yaml: release 2.0.0 asks for the secret MAIL_TOKEN, and launch-ready:credentials has none of"
        " that name: say there where it comes from",
    ]


def test_a_store_that_refuses_is_told_as_what_it_is() -> None:
    with pytest.raises(StoreError, match=r"the secret DATABASE_URL \(launch-ready:credentials, aws_ssm\): AWS is away"):
        resolve(sources(Store(error=StoreError("AWS is away")), URL), release("DATABASE_URL"))


def test_more_than_systemd_takes_is_refused_before_it_is_sent() -> None:
    store = Store({"SESSION_KEY": "k" * (MOST_BYTES + 1)})
    with pytest.raises(SettingsError, match="more than 1048576 bytes"):
        resolve(sources(store, KEY), release("SESSION_KEY"))


def test_bytes_that_are_no_text_and_line_ends_survive_the_way() -> None:
    value = Secret(b"\xff\x00\nsecond line\n".decode("utf-8", "surrogateescape"))
    assert as_lines({"A": value, "B": Secret("b")}) == b"A /wAKc2Vjb25kIGxpbmUK\nB Yg==\n"


@pytest.mark.parametrize(
    "item",
    [
        {"name": "A"},
        {"name": "A", "env": "A", "aws_ssm": "/a"},
        {"name": "A", "env": "A", "json_key": "k"},
        {"name": "A", "aws_ssm": "/a", "version_stage": "AWSCURRENT"},
        {"name": "a-b", "env": "A"},
        {"name": "A", "aws_ssm": "/a; rm"},
    ],
)
def test_a_credential_has_one_place_and_a_name_that_a_program_can_read(item: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"it must be|give one of|are for aws_secrets_manager"):
        Credential(**item)


def test_a_name_stands_once() -> None:
    with pytest.raises(ValueError, match="two credentials have the name SESSION_KEY"):
        Credentials(items=(KEY, KEY))
