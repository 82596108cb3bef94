"""What follows a switch: what changed is purged, everybody is told in time, and nothing of it ends a command."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.clock import SystemClock
from core.errors import AfterError, RevertedError
from core.ports import Event
from core.settings.after import Purge, Static
from core.settings.release import Release
from deploy import after
from deploy.after import MOST_FILES, After, purge, stale_of, taken_back_is_told, tell
from deploy.lock import Owner
from deploy.operation import Operation, World
from deploy.plan import Place

PLACES = {name: Place("green", "blue", "1.0.0", None, warm=False) for name in ("a", "b")}
URL = "https://app.community.example"


@dataclass
class Sink:
    """Fulfils :class:`core.ports.MarkerSink`."""

    name: str = "slack"
    error: Exception | None = None
    seconds: float = 0.0
    events: list[Event] = field(default_factory=list)

    def send(self, event: Event) -> None:
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        self.events.append(event)


@dataclass
class Cache:
    """Fulfils :class:`core.ports.Purger`."""

    error: Exception | None = None
    purged: list[tuple[Any, ...]] = field(default_factory=list)

    def purge(self, urls: Any, prefixes: Any, *, everything: bool) -> None:
        if self.error:
            raise self.error
        self.purged.append((urls, prefixes, everything))


@dataclass
class Told:
    phases: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def phase(self, name: str, _seconds: float, hosts: Any) -> None:
        self.phases.append((name, dict(hosts)))

    def note(self, text: str) -> None:
        self.notes.append(text)


def operation(following: After | None, purged: Purge | None = None) -> tuple[Operation, Told]:
    told = Told()
    settings = Release(url=URL, purge=purged or Purge())
    world = World({}, None, SystemClock(), told, settings, owner=Owner("ada@ci", "here"), stack="lab", after=following)
    return Operation(world, "deploy", "2.0.0", "digest", world.clock.monotonic()), told


def test_a_stack_that_asks_for_nothing_sees_no_phase() -> None:
    for nothing in (None, After()):
        made, told = operation(nothing)
        purge(made, PLACES)
        tell(made, PLACES, "live")
        assert told.phases == []


def test_everybody_is_told_the_same_and_one_that_fails_is_one_line() -> None:
    good, bad, twin = Sink(), Sink("github", AfterError("api.github.com answers 404")), Sink()
    made, told = operation(After(markers=(good, bad, twin)))
    tell(made, PLACES, "live")
    assert told.phases == [("markers", {"slack": "told", "github": "failed", "slack 2": "told"})]
    assert told.notes == ["github: api.github.com answers 404; the release is not touched by that"]
    (event,) = good.events
    assert twin.events == [event]
    assert (event.serves, event.left, event.who, event.hosts, event.url) == ("2.0.0", "1.0.0", "ada@ci@here", 2, URL)
    assert event.began <= event.at


def test_one_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(after, "MARKER_SECONDS", 0.3)
    good, slow = Sink(), Sink("webhook", seconds=20)
    made, told = operation(After(markers=(slow, good)))
    began = time.monotonic()
    tell(made, PLACES, "live")
    assert time.monotonic() - began < 2
    assert told.phases == [("markers", {"webhook": "failed", "slack": "told"})]
    assert told.notes == ["webhook: it did not end within 0.3 s; the release is not touched by that"]


def test_a_programmers_error_is_not_hidden() -> None:
    made, _told = operation(After(markers=(Sink(error=ZeroDivisionError()),)))
    with pytest.raises(ZeroDivisionError):
        tell(made, PLACES, "live")


def test_a_release_that_was_taken_back_is_purged_and_told_with_its_cause() -> None:
    sink, cache = Sink(), Cache()
    made, _told = operation(After(cache, (sink,)), Purge(everything=True))
    with pytest.raises(RevertedError), taken_back_is_told(made, PLACES):
        raise RevertedError("2.0.0 was taken back: it turned bad: 9 of 20\na is back on 1.0.0")
    assert cache.purged == [((), (), True)]
    (event,) = sink.events
    assert (event.happening, event.serves, event.left) == ("taken back", "1.0.0", "2.0.0")
    assert event.why == "it turned bad: 9 of 20"


def test_a_purge_that_fails_is_told_and_fails_nothing() -> None:
    made, told = operation(After(Cache(AfterError("no token"))), Purge(paths=("/a",)))
    purge(made, PLACES)
    assert told.phases == [("purge", {"edge cache": "failed"})]
    assert told.notes == ["edge cache: no token; the release is not touched by that"]


def test_paths_prefixes_and_changed_files_become_what_the_api_takes() -> None:
    settings = Purge(
        changed=(Static(folder="static", path="/static/"),),
        paths=("/about", "/news/*"),
        hosts=("a.example", "b.example"),
    )
    stale = stale_of(settings, URL, {"/static/": ("app.css", "img/ä b?.png")})
    assert stale.urls == (
        "https://a.example/about",
        "https://a.example/static/app.css",
        "https://a.example/static/img/%C3%A4%20b%3F.png",
        "https://b.example/about",
        "https://b.example/static/app.css",
        "https://b.example/static/img/%C3%A4%20b%3F.png",
    )
    assert stale.prefixes == ("a.example/news/", "b.example/news/")
    assert stale.words == "6 URLs and 2 prefixes dropped"


def test_more_files_than_are_worth_naming_go_by_their_folder() -> None:
    settings = Purge(changed=(Static(folder="static", path="/static/"),))
    names = tuple(f"{number}.js" for number in range(MOST_FILES + 1))
    assert stale_of(settings, URL, {"/static/": names}).prefixes == ("app.community.example/static/",)
    assert len(stale_of(settings, URL, {"/static/": names[1:]}).urls) == MOST_FILES
    assert stale_of(settings, URL, {"/static/": ()}).words == "nothing changed"


def test_without_a_name_there_is_nothing_to_purge_at() -> None:
    with pytest.raises(AfterError, match="which name to purge at"):
        stale_of(Purge(paths=("/a",)), "", {})
    assert stale_of(Purge(everything=True), "", {}).everything


def test_what_had_the_traffic_can_be_said_where_the_places_have_it_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, asked = Cache(), []
    made, _told = operation(After(cache), Purge(changed=(Static(folder="static", path="/s/"),)))

    def step(name: str, script: str) -> list[str]:
        asked.append((name, "before=1.5.0" in script))
        return ["file a.css", "compared"]

    monkeypatch.setattr(made, "step", step)
    purge(made, PLACES, left="1.5.0")
    assert asked == [("a", True)]
    purge(made, PLACES, left="2.0.0")
    assert cache.purged == [((f"{URL}/s/a.css",), (), False)]
