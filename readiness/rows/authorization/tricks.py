"""Other methods, headers that name a method, and other spellings of a path: none may do more than the plain call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import CheckError
from core.site import Reply
from readiness.check import Result, Table, held, unknown
from readiness.people import Person
from readiness.rows.authorization import checks, verdict
from readiness.rows.authorization.layers import EDGE, NOBODY, Layers
from readiness.rows.authorization.openapi import Operation
from readiness.rows.authorization.plan import Ask, filled, kinds_of
from readiness.rows.authorization.stage import HERE, THERE, Stage, World, operations_in, shared
from readiness.rows.authorization.verdict import Belongings, Verdict
from readiness.target import Target

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_MINE, _ME = "its owner", "another's owner"


def _override(method: str) -> dict[str, str]:
    return dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), method)


@dataclass(frozen=True)
class Trick:
    """A way to ask: what is put in the plain call's place, in words."""

    words: str
    ask: Ask
    headers: tuple[tuple[str, str], ...] = ()


def deletions(path: str) -> tuple[Trick, ...]:
    """Ways to have a thing deleted by what is no DELETE: for its owner, who may delete it."""
    override = tuple(_override("DELETE").items())
    form = tuple(_FORM.items())
    return (
        Trick("POST with X-HTTP-Method-Override: DELETE", Ask("POST", path), override),
        Trick("GET with X-HTTP-Method-Override: DELETE", Ask("GET", path), override),
        Trick("POST with _method=DELETE in the query", Ask("POST", f"{path}?_method=DELETE")),
        Trick("POST with _method=DELETE in a form", Ask("POST", path, body=b"_method=DELETE"), form),
    )


def readings(path: str) -> tuple[Trick, ...]:
    """Ways to read a thing by what is no GET: for who may not read it."""
    return (
        Trick("HEAD", Ask("HEAD", path)),
        Trick("OPTIONS", Ask("OPTIONS", path)),
        Trick("get in lower case", Ask("get", path)),
        Trick("a made-up method", Ask("FETCH", path)),
        Trick("POST with X-HTTP-Method-Override: GET", Ask("POST", path), tuple(_override("GET").items())),
        Trick("delete in lower case", Ask("delete", path)),
    )


def spellings(path: str) -> tuple[Trick, ...]:
    """Other spellings of a path (RFC 3986, section 6.2.2: some are the same, some are not)."""
    folder, _, name = path.rpartition("/")
    first = path.split("/")[1]
    letter = f"%{ord(first[0]):02X}" if first else ""
    made = {
        "a slash at the end": f"{path}/",
        "two slashes first": f"/{path}",
        "two slashes inside": f"{folder}//{name}",
        "a dot inside": f"{folder}/./{name}",
        "an escaped dot inside": f"{folder}/%2E/{name}",
        "up and down again": f"/static/..{path}",
        "a letter escaped": f"/{letter}{path[2:]}",
        "a slash escaped": f"{folder}%2F{name}",
        "upper case": path.upper(),
        "a parameter after ;": f"{path};a=b",
        "a suffix": f"{path}.json",
    }
    return tuple(Trick(words, Ask("GET", spelled)) for words, spelled in made.items() if spelled != path)


def verbs(target: Target) -> Iterator[Result]:
    """Decides the check of methods."""
    work = _Work.of(target)
    rows: list[tuple[str, str, str, str]] = []
    wrong: list[str] = []
    for layer in work.layers.names:
        # Made anew, it is at another path.
        for number in range(len(deletions(""))):
            trick = deletions(work.path(work.there))[number]
            said = work.deletes(layer, trick)
            rows.append((layer, _MINE, trick.words, said or "it is still there"))
            wrong += [f"{trick.words}, {layer}, deletes it"] if said else []
        for number in range(len(readings(""))):
            trick = readings(work.path(work.there))[number]
            judged = work.reads(layer, _ME, trick)
            rows.append((layer, _ME, trick.words, judged.why))
            wrong += [f"{trick.words}, {layer}, on another's: {judged.why}"] if judged.reached else []
    table = Table("Methods that were tried", ("layer", "who asked", "how", "what came of it"), tuple(rows))
    yield held(checks.VERBS, wrong, f"{len(rows)} tries on {work.one.label}: none did more than it may", table)


def paths(target: Target) -> Iterator[Result]:
    """Decides the check of spellings."""
    work = _Work.of(target)
    rows: list[tuple[str, str, str, str]] = []
    wrong: list[str] = []
    things = [(work.path(work.there), work.there.belongings)]
    if (call := target.settings.readiness.calls.admin) is not None and call.method == "GET":
        cast = target.people.cast()
        # Somebody new too: a list of many may show the newest alone.
        people = (*(each for org in (cast.here, cast.there) for each in (org.owner, org.member)), _newest(target))
        emails = frozenset(person.email for person in people)
        things.append((call.path, Belongings(emails, frozenset({cast.here.id, cast.there.id}))))
    for layer in work.layers.names:
        for who in (_ME,) if layer == EDGE else (_ME, NOBODY):
            for path, theirs in things:
                for trick in spellings(path):
                    reply = work.layers.ask(layer, who, trick.ask)
                    judged = verdict.read(reply, theirs, trick.ask, None, None)
                    rows.append((layer, who, f"{trick.words}: {trick.ask.path}", judged.why))
                    wrong += [f"{trick.ask.path} by {who}, {layer}: {judged.why}"] if judged.reached else []
    table = Table("Spellings that were tried", ("layer", "who asked", "how", "what came of it"), tuple(rows))
    silent = [row for row in rows if row[3] == "429" or row[3].startswith("no answer")]
    if silent and not wrong:
        yield unknown(checks.PATHS, f"{len(silent)} of {len(rows)} tries got no telling answer: run it again", table)
    else:
        yield held(checks.PATHS, wrong, f"{len(rows)} tries on {len(things)} paths: none reached anything", table)


def _newest(target: Target) -> Person:
    return target.people.newcomer("listed")


@dataclass
class _Work:
    """A thing in each of two organisations, and the layers by which it is asked for."""

    stage: Stage
    layers: Layers
    one: Operation

    @classmethod
    def of(cls, target: Target) -> _Work:
        operations = operations_in(target)
        stage = shared(target, operations)
        cast = target.people.cast()
        layers = Layers(target, {_MINE: cast.there.owner, _ME: cast.here.owner})
        return cls(stage, layers, _one(stage))

    @property
    def there(self) -> World:
        """Whose thing it is."""
        return self.stage.worlds[THERE]

    def path(self, world: World) -> str:
        """Where it is."""
        return filled(self.one, world.ids, world.mark).path

    def deletes(self, layer: str, trick: Trick) -> str:
        """What came of it where the thing is gone afterwards; then it is made anew."""
        reply = self.layers.ask(layer, _MINE, trick.ask, dict(trick.headers))
        if verdict.good(self._seen()):
            return ""
        self.stage.furnish(self.there)
        return f"{reply.status}, and it is gone"

    def reads(self, layer: str, who: str, trick: Trick) -> Verdict:
        """Whether another gets to it."""
        ask = trick.ask
        reply = self.layers.ask(layer, who, ask, dict(trick.headers))
        if ask.method == "HEAD":
            # It has no content by which to tell: a thing of nobody's is the measure.
            return Verdict(True, f"{reply.status}") if verdict.good(reply) else verdict.refused(reply)
        judged = verdict.read(reply, self.there.belongings, ask, None, None)
        if not judged.reached and not verdict.good(self._seen()):
            self.stage.furnish(self.there)
            return Verdict(True, f"{reply.status}, and it is gone")
        return judged

    def _seen(self) -> Reply:
        return self.stage.ask(f"owner {THERE}", Ask("GET", self.path(self.there)))


def _one(stage: Stage) -> Operation:
    """The read of one thing that can be made anew and deleted. Raises :class:`CheckError`."""
    paths = {one.path for one in stage.operations if one.method == "DELETE"}
    worlds = [stage.worlds[name] for name in (HERE, THERE)]
    for one in stage.operations:
        kinds = kinds_of(one)
        held_by_all = kinds and kinds[-1] in stage.makers and all(world.has(one) for world in worlds)
        if one.method == "GET" and one.path in paths and held_by_all and one.answer is not None:
            return one
    raise CheckError("the API has no thing that can be made, read and deleted, on which methods and paths are tried")
