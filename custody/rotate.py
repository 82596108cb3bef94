"""A secret's value replaced: made, stored, deployed, proven, and the old one retired.

Each step is written down once it was seen to be done, and each may be done twice: so a rotation that was cut at any
point goes on where it was, with the value that was made, which is kept sealed until then.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import SettingsError
from core.ports import Clock, Record
from core.secret import Secret
from core.settings.credentials import Credential, Credentials
from core.settings.secrets import StoredSecret
from custody.generate import generate
from custody.ports import Keeper, Sealer
from custody.progress import DEPLOYED, DONE, GIVEN_UP, MADE, PROVED, RETIRED, STORED, Rotation

_PLACES = ("config_secret", "aws_secrets_manager", "aws_ssm")
Tell = Callable[[str, str], None]


@dataclass(frozen=True)
class Releases:
    """The hosts' part: restart what is live for credentials of these names; see that it runs with these values."""

    redeploy: Callable[[Sequence[str]], str]
    prove: Callable[[Mapping[str, Secret]], str]


@dataclass(frozen=True)
class Desk:
    """What a rotation works with. ``releases`` is none where the caller leaves the hosts out."""

    keepers: Sequence[Keeper]
    credentials: Credentials
    sealer: Sealer
    record: Record
    clock: Clock
    who: str
    tell: Tell
    releases: Releases | None = None


@dataclass(frozen=True)
class Rotated:
    """What was done: each step in words, and the credentials of releases that have the new value."""

    secret: str
    run: str
    resumed: bool
    steps: Mapping[str, str] = field(default_factory=dict)
    credentials: tuple[str, ...] = ()


def rotate(desk: Desk, item: StoredSecret, cut: Rotation | None, given: Secret | None = None) -> Rotated:
    """Replace the value of ``item``, or go on with ``cut``. ``given`` is a value that another party made.

    Raises :class:`SettingsError` where no value can be made, and what a store or the hosts raise: what was done stays,
    and the same call goes on from there.
    """
    if cut is not None and given is not None:
        raise SettingsError(
            f"a rotation of {item.name} was cut short with a value of its own: see it to its end without another, or"
            " begin --anew"
        )
    under_way = cut or _begin(desk, item, given)
    steps = {MADE: "made earlier, and kept sealed" if cut else "a new value"}
    desk.tell(MADE, steps[MADE])
    value = desk.sealer.open(under_way.sealed)
    readers = [each for each in desk.credentials.items if _same_place(each, item)]
    for step, where, work in _plan(desk, item, value, readers):
        name = f"{step} {where}".strip()
        if under_way.has(step, where):
            steps[name] = "done earlier"
        else:
            steps[name] = work()
            _write(desk, under_way, step, where)
        desk.tell(name, steps[name])
    _write(desk, under_way, DONE)
    return Rotated(item.name, under_way.run, cut is not None, steps, tuple(each.name for each in readers))


def give_up(desk: Desk, cut: Rotation) -> None:
    """Write down that ``cut`` is not gone on with: its value is of no use any more."""
    _write(desk, cut, GIVEN_UP)


def _begin(desk: Desk, item: StoredSecret, given: Secret | None) -> Rotation:
    if given is None and item.generator is None:
        raise SettingsError(
            f"the secret {item.name} has no generator, so another party makes its value: give that on standard input"
            " with --stdin"
        )
    value = given if given is not None else generate(item.generator) if item.generator else Secret("")
    if not value.reveal():
        raise SettingsError(f"the new value of {item.name} is empty")
    made = Rotation(secrets.token_hex(6), item.name, desk.who, _now(desk), desk.sealer.seal(value))
    _write(desk, made, MADE)
    return made


def _plan(
    desk: Desk, item: StoredSecret, value: Secret, readers: Sequence[Credential]
) -> list[tuple[str, str, Callable[[], str]]]:
    """The steps after the value was made, in their order: (step, where, what does it)."""
    keepers = [keeper for keeper in desk.keepers if keeper.keeps(item)]
    steps: list[tuple[str, str, Callable[[], str]]] = []
    steps += [(STORED, keeper.name, _putting(keeper, item, value)) for keeper in keepers]
    whole = [each.name for each in readers if each.json_key is None]
    if readers and desk.releases is not None:
        releases = desk.releases
        steps.append((DEPLOYED, "", lambda: releases.redeploy([each.name for each in readers])))
        steps.append((PROVED, "", lambda: releases.prove(dict.fromkeys(whole, value))))
    elif readers:
        steps.append((DEPLOYED, "", lambda: "left out: no host was asked"))
        return steps
    steps += [(RETIRED, keeper.name, _retiring(keeper, item)) for keeper in keepers]
    return steps


def _putting(keeper: Keeper, item: StoredSecret, value: Secret) -> Callable[[], str]:
    return lambda: keeper.put(item, value)


def _retiring(keeper: Keeper, item: StoredSecret) -> Callable[[], str]:
    return lambda: keeper.retire(item)


def _same_place(credential: Credential, item: StoredSecret) -> bool:
    return any((place := getattr(credential, kind)) and place == getattr(item, kind) for kind in _PLACES)


def _write(desk: Desk, rotation: Rotation, step: str, where: str = "") -> None:
    line = {"at": _now(desk), "run": rotation.run, "secret": rotation.secret, "who": desk.who, "step": step}
    line |= {"where": where} if where else {}
    line |= {"sealed": rotation.sealed} if step == MADE else {}
    desk.record.add(json.dumps(line, separators=(",", ":")))


def _now(desk: Desk) -> str:
    return desk.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
