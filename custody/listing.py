"""What secrets there are, as the stack's file says and as its stores have them: names and days, and no value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.errors import LaunchReadyError
from core.ports import Kept
from core.settings.secrets import StoredSecret
from custody.ports import Keeper

OK, OVER, UNKNOWN = "ok", "over age", "cannot tell"


@dataclass(frozen=True)
class Place:
    """One place of one secret. ``trouble`` is why it could not be asked."""

    keeper: str
    held: bool
    changed: datetime | None = None
    version: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Listed:
    """One secret. ``age_days`` is by the file's `made`, else by the place that has known it for the shortest time."""

    item: StoredSecret
    places: Sequence[Place]
    age_days: int | None

    @property
    def verdict(self) -> str:
        """Whether it must be replaced by now."""
        over = self.item.is_over(self.age_days)
        return UNKNOWN if over is None else OVER if over else OK


def listed(items: Sequence[StoredSecret], keepers: Sequence[Keeper], today: date) -> list[Listed]:
    """Each secret, as every place that it is kept in has it. A place that does not answer is told, not raised."""
    found = []
    for item in items:
        places = [_place(keeper, item) for keeper in keepers if keeper.keeps(item)]
        found.append(Listed(item, places, _age(item, places, today)))
    return found


def _place(keeper: Keeper, item: StoredSecret) -> Place:
    try:
        kept = keeper.look(item)
    except LaunchReadyError as error:
        return Place(keeper.name, held=False, trouble=str(error))
    kept_or_none: Kept = kept or Kept()
    return Place(keeper.name, kept is not None, kept_or_none.changed, kept_or_none.version)


def _age(item: StoredSecret, places: Sequence[Place], today: date) -> int | None:
    """Where the file says nothing, a store's own day: too late, if other things than the value changed since."""
    if item.made is not None:
        return item.age_days(today)
    known = [place.changed.date() for place in places if place.changed is not None]
    return (today - max(known)).days if known else None


def document(found: Sequence[Listed]) -> list[dict[str, object]]:
    """For programs."""
    return [
        {
            "name": each.item.name,
            "owner": each.item.owner,
            "readers": list(each.item.readers),
            "generator": each.item.generator.kind if each.item.generator else None,
            "age_days": each.age_days,
            "max_age_days": each.item.max_age_days,
            "verdict": each.verdict,
            "places": [_shown(place) for place in each.places],
        }
        for each in found
    ]


def _shown(place: Place) -> Mapping[str, object]:
    changed = place.changed.isoformat() if place.changed else None
    return {
        "place": place.keeper,
        "held": place.held,
        "changed": changed,
        "version": place.version,
        "trouble": place.trouble,
    }
