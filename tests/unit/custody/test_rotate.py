"""A rotation against stores in memory: cut at every point, it goes on where it was, and no value is seen anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import pytest

from core.errors import SettingsError, StoreError
from core.ports import Kept
from core.pulumi_crypt import Crypter
from core.secret import Secret
from core.settings.credentials import Credential, Credentials
from core.settings.secrets import Generator, Secrets, StoredSecret
from custody import progress
from custody.audit import audit
from custody.generate import generate
from custody.listing import document, listed
from custody.rotate import Desk, Releases, Rotated, give_up, rotate
from deploy.running import Running

ITEM = StoredSecret(
    name="SESSION_KEY",
    config_secret="session-key",
    owner="platform team",
    readers=("releases",),
    aws_secrets_manager="community/session-key",
    max_age_days=90,
    generator=Generator(kind="base64url", size=48),
)
CREDENTIALS = Credentials(items=(Credential(name="KEY", config_secret="session-key"),))


class PowerCut(BaseException):
    """The process ends here."""


@dataclass
class World:
    """Stores and hosts in memory, and a file of progress; ``cut_at`` counts what is done to any of them."""

    values: dict[str, str] = field(default_factory=lambda: {"file": "old value", "aws": "old value"}, repr=False)
    previous: str | None = field(default=None, repr=False)
    runs_with: str = field(default="old value", repr=False)
    lines: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    puts: list[str] = field(default_factory=list)
    deploys: int = 0
    cut_at: int = -1
    after: bool = False
    count: int = 0

    def touched(self, done: Any) -> Any:
        """``done`` happens, unless the power is cut before it; or it is cut right after it."""
        self.count += 1
        cut = self.count == self.cut_at
        if cut and not self.after:
            raise PowerCut
        result = done()
        if cut:
            raise PowerCut
        return result

    def add(self, line: str) -> None:
        self.touched(lambda: self.lines.append(line))

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits")

    def redeploy(self, names: Sequence[str]) -> str:
        def done() -> str:
            assert list(names) == ["KEY"]
            self.deploys += 1
            self.runs_with = self.values["file"]
            return "restarted"

        return str(self.touched(done))

    def prove(self, values: Mapping[str, Secret]) -> str:
        def done() -> str:
            assert {name: value.reveal() for name, value in values.items()} == {"KEY": self.runs_with}
            return "seen"

        return str(self.touched(done))

    def desk(self, *, hosts: bool = True) -> Desk:
        keepers = [Memory(self, "file"), Memory(self, "aws")]
        releases = Releases(self.redeploy, self.prove) if hosts else None
        crypter = Crypter(bytes(32), "v1:x:y")
        return Desk(
            keepers, CREDENTIALS, Sealing(crypter), self, self, "me@here", lambda *w: self.said.append(" ".join(w)),
            releases,
        )  # fmt: skip

    def rotate(self, given: Secret | None = None, item: StoredSecret = ITEM, **options: bool) -> Rotated:
        return rotate(self.desk(**options), item, progress.unfinished(progress.read(self.lines), item.name), given)


@dataclass
class Sealing:
    crypter: Crypter

    def seal(self, value: Secret) -> str:
        return self.crypter.encrypt(value.reveal())

    def open(self, sealed: str) -> Secret:
        return self.crypter.decrypt(sealed)


@dataclass
class Memory:
    world: World
    name: str

    def keeps(self, item: StoredSecret) -> bool:
        return True

    def look(self, item: StoredSecret) -> Kept | None:
        return Kept(datetime(2026, 11, 1, tzinfo=UTC), "v1") if self.world.values[self.name] else None

    def put(self, item: StoredSecret, value: Secret) -> str:
        def done() -> str:
            if self.world.values[self.name] == value.reveal():
                return "there already"
            if self.name == "aws":
                self.world.previous = self.world.values["aws"]
            self.world.values[self.name] = value.reveal()
            self.world.puts.append(self.name)
            return "put"

        return str(self.world.touched(done))

    def retire(self, item: StoredSecret) -> str:
        def done() -> str:
            if self.name == "aws":
                self.world.previous = None
            return "retired"

        return str(self.world.touched(done))

    def others(self, items: Any) -> list[str]:
        return []


def settled(world: World) -> None:
    value = world.values["file"]
    assert value not in ("old value", "")
    assert world.values["aws"] == value == world.runs_with
    assert world.previous is None
    assert world.puts == ["file", "aws"]
    assert progress.unfinished(progress.read(world.lines), "SESSION_KEY") is None


def test_it_is_made_stored_deployed_proven_and_the_old_one_retired() -> None:
    world = World()
    done = world.rotate()
    settled(world)
    assert list(done.steps) == [
        "made",
        "stored file",
        "stored aws",
        "deployed",
        "proved",
        "retired file",
        "retired aws",
    ]
    assert (done.credentials, world.deploys) == (("KEY",), 1)


def test_cut_at_any_point_it_goes_on_with_the_value_that_was_made() -> None:
    whole = World()
    whole.rotate()
    for after in (False, True):
        for cut_at in range(1, whole.count + 1):
            world = World(cut_at=cut_at, after=after)
            with pytest.raises(PowerCut):
                world.rotate()
            before = [each.sealed for each in progress.read(world.lines)]
            world.cut_at = -1
            if progress.unfinished(progress.read(world.lines), "SESSION_KEY") is not None:
                done = world.rotate()
                assert done.resumed
                assert [each.sealed for each in progress.read(world.lines)] == before
            elif not before:
                world.rotate()
            settled(world)


def test_cut_twice_and_with_a_line_torn_it_still_comes_to_its_end() -> None:
    world = World(cut_at=4)
    with pytest.raises(PowerCut):
        world.rotate()
    world.lines.append('{"run":"x","st')
    world.cut_at = world.count + 3
    with pytest.raises(PowerCut):
        world.rotate()
    world.cut_at = -1
    world.rotate()
    settled(world)


def test_no_form_of_a_value_is_said_or_written() -> None:
    canary = "canary/value of+this test"
    world = World()
    done = world.rotate(Secret(canary))
    seen = "\n".join([*world.lines, *world.said, repr(done), repr(world.desk()), repr(progress.read(world.lines))])
    raw = canary.encode()
    for form in (canary, base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), raw.hex()):
        assert form not in seen
    assert quote(canary, safe="") not in seen
    assert world.values["aws"] == canary


def test_a_store_that_refuses_ends_it_there_and_the_next_run_goes_on() -> None:
    world = World()
    desk = world.desk()

    def refuse(item: StoredSecret, value: Secret) -> str:
        raise StoreError("AWS refuses it: AccessDeniedException")

    desk.keepers[1].put = refuse  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        rotate(desk, ITEM, None)
    assert world.deploys == 0
    assert world.runs_with == "old value"
    assert world.rotate().steps["stored file"] == "done earlier"
    settled(world)


def test_with_the_hosts_left_out_nothing_is_retired() -> None:
    world = World()
    done = world.rotate(hosts=False)
    assert world.previous == "old value" == world.runs_with
    assert done.steps["deployed"] == "left out: no host was asked"


def test_a_value_that_another_party_makes_must_be_given_and_not_to_one_that_is_under_way() -> None:
    world = World()
    foreign = ITEM.model_copy(update={"generator": None})
    with pytest.raises(SettingsError, match="has no generator, so another party makes its value"):
        world.rotate(item=foreign)
    with pytest.raises(SettingsError, match="the new value of SESSION_KEY is empty"):
        world.rotate(Secret(""), item=foreign)
    world.cut_at = world.count + 2
    with pytest.raises(PowerCut):
        world.rotate(Secret("from elsewhere"), item=foreign)
    world.cut_at = -1
    with pytest.raises(SettingsError, match="was cut short with a value of its own"):
        world.rotate(Secret("another"), item=foreign)
    cut = progress.unfinished(progress.read(world.lines), "SESSION_KEY")
    assert cut is not None
    give_up(world.desk(), cut)
    world.rotate(Secret("another"), item=foreign)
    assert world.values["aws"] == "another"


@pytest.mark.parametrize(
    ("kind", "size", "length"), [("base64", 48, 64), ("base64url", 32, 43), ("hex", 20, 40), ("password", 24, 24)]
)
def test_values_have_the_size_that_was_asked_for_and_differ(kind: Any, size: int, length: int) -> None:
    made = {generate(Generator(kind=kind, size=size)).reveal() for _ in range(20)}
    assert len(made) == 20
    assert {len(value) for value in made} == {length}


def test_an_rsa_key_is_one() -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(generate(Generator(kind="rsa")).reveal().encode(), None)
    assert key.key_size == 2048  # type: ignore[union-attr]


@pytest.mark.parametrize(("kind", "size"), [("hex", 8), ("password", 4), ("rsa", 1024), ("base64", 5000)])
def test_a_value_too_weak_or_too_long_cannot_be_asked_for(kind: Any, size: int) -> None:
    with pytest.raises(ValueError, match="takes"):
        Generator(kind=kind, size=size)


# --- listing and audit ---

TODAY = date(2026, 11, 24)


def found(item: StoredSecret = ITEM, world: World | None = None, **hosts: Running) -> set[tuple[str, str]]:
    world = world or World()
    keepers = world.desk().keepers
    expected = {"KEY": "digest of the new"}
    listing = listed([item], keepers, TODAY)
    told = audit(Secrets(items=(item,)), CREDENTIALS, listing, keepers, hosts, expected)
    json.dumps([document(listing), [vars(each) for each in told]], default=str)
    return {(each.id, each.subject) for each in told}


RIGHT = Running("1.0.0", ("KEY",), {"KEY": "digest of the new"})


def test_what_is_as_it_should_be_gives_no_finding() -> None:
    assert found(a=RIGHT) == set()


@pytest.mark.parametrize(
    ("host", "finding"),
    [
        (Running("1", ("KEY",), {}), ("host.missing", "KEY")),
        (Running("1", ("KEY",), {"KEY": "digest of the old"}), ("host.stale", "KEY")),
        (Running("1", ("KEY",), {"KEY": "digest of the new", "MORE": "x"}), ("host.extra", "MORE")),
        (Running("1", ("KEY", "NEW"), {"KEY": "digest of the new"}), ("credential.not-declared", "NEW")),
        (Running("1", (), {}), ("credential.unused", "KEY")),
    ],
)
def test_what_a_host_has_is_held_against_what_the_app_asks_for(host: Running, finding: tuple[str, str]) -> None:
    assert found(b=host) == {finding}


def test_age_is_by_the_file_else_by_a_store_else_unknown() -> None:
    assert found(ITEM.model_copy(update={"made": date(2026, 8, 26)}), a=RIGHT) == set()
    assert found(ITEM.model_copy(update={"made": date(2026, 8, 25)}), a=RIGHT) == {("secret.over-age", "SESSION_KEY")}
    gone = World(values={"file": "", "aws": ""})
    assert found(world=gone, a=RIGHT) == {("store.missing", "SESSION_KEY"), ("secret.age-unknown", "SESSION_KEY")}


def test_what_nobody_answers_for_and_what_cannot_be_asked_is_found() -> None:
    other = ITEM.model_copy(update={"config_secret": "another", "aws_secrets_manager": "other"})
    assert found(other, a=RIGHT) == {("credential.no-owner", "KEY")}
    world = World()
    keepers = world.desk().keepers

    def away(item: StoredSecret) -> Kept | None:
        raise StoreError("AWS cannot be asked")

    keepers[1].look = away  # type: ignore[method-assign]
    keepers[0].others = lambda items: ["LEFT_OVER"]  # type: ignore[method-assign]
    told = audit(Secrets(items=(ITEM,)), CREDENTIALS, listed([ITEM], keepers, TODAY), keepers, {"a": RIGHT}, {})
    assert [each.id for each in told] == ["store.cannot-tell", "store.extra"]
