"""``pulumi preview --json``, read step by step: the file is never in memory whole, nor any more of a step than counts.

``{config?, steps?: [{op, urn, oldState?, newState?, replaceReasons?, detailedDiff?}], diagnostics?, duration?,
changeSummary?, maybeCorrupt?}`` (``display.PreviewDigest``, the CLI's ``pkg/display/json.go``), or the engine's
events, one by one, that the CLI prints with ``PULUMI_ENABLE_STREAMING_JSON_PREVIEW`` (``apitype.EngineEvent``).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import ReviewError
from core.terminal import clean
from review.json_stream import Source
from review.sealing import sealed
from review.steps import Step, joined, step_of

_OF_A_PREVIEW = ("steps", "changeSummary", "diagnostics", "duration", "config", "maybeCorrupt")
_LONGEST_SAID = 300


@dataclass(frozen=True)
class Preview:
    """What a preview says. ``complete``: it names the resources that do not change, too."""

    steps: list[Step]
    counts: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every resource of the stack is in it (``--show-sames``)."""
        return not self.counts.get("same", 0) or any(step.op == "same" for step in self.steps)


def read_preview(path: Path) -> Preview:
    """Read a preview from a file. Raises :class:`ReviewError` that says what is wrong with it, and where."""
    try:
        with path.open("rb") as file:
            return preview_of(file, str(path))
    except OSError as error:
        raise ReviewError(f"{path} cannot be read: {error.strerror}") from None


def preview_of(file: BinaryIO, name: str = "the preview") -> Preview:
    """The same, of an open file."""
    source = Source(_decoded(file), name)
    document = _Document(name)
    source.expect("{")
    for key in source.members():
        if key == "steps":
            document.steps += map(step_of, source.items())
        else:
            document.take(key, source.value())
    rest = list(_events(source, document)) if document.is_event else []
    document.end(source, events=bool(rest))
    return Preview(_whole(document.steps), document.counts, tuple(document.warnings))


def preview_from(document: Mapping[str, Any], name: str = "the preview") -> Preview:
    """The same, of a document that is in memory already."""
    found = _Document(name)
    found.steps += map(step_of, document.get("steps") or ())
    for key, value in document.items():
        if key != "steps":
            found.take(key, value)
    return Preview(_whole(found.steps), found.counts, tuple(found.warnings))


def _whole(steps: list[tuple[str, Step]]) -> list[Step]:
    return [sealed(step) for step in joined(steps)]


class _Document:
    """What was read so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.keys: dict[str, Any] = {}
        self.steps: list[tuple[str, Step]] = []
        self.counts: dict[str, int] = {}
        self.warnings: list[str] = []

    @property
    def is_event(self) -> bool:
        return "sequence" in self.keys and "timestamp" in self.keys

    def take(self, key: str, value: Any) -> None:
        """A key of the document beside its steps."""
        self.keys[key] = value if key in ("sequence", "timestamp", "maybeCorrupt") or key.endswith("Event") else None
        if key == "changeSummary" and isinstance(value, dict):
            self.counts = {op: count for op, count in value.items() if isinstance(count, int)}
        elif key == "diagnostics" and isinstance(value, list):
            for one in value:
                self.diagnostic(one)
        elif key == "deployment":
            raise ReviewError(f"{self.name} is a state and no preview: give the output of `pulumi preview --json`")

    def diagnostic(self, one: Any) -> None:
        """An error among the diagnostics means that the preview did not come to its end."""
        if not isinstance(one, dict) or one.get("severity") not in ("error", "warning"):
            return
        said = clean(str(one.get("message", "")).strip())[:_LONGEST_SAID]
        if one["severity"] == "error":
            raise ReviewError(f"the preview failed, so there is nothing whole to review: {said}")
        self.warnings.append(said)

    def event(self, event: dict[str, Any]) -> None:
        """One of the engine's events (``apitype.EngineEvent``)."""
        pre, said, end = event.get("resourcePreEvent"), event.get("diagnosticEvent"), event.get("summaryEvent")
        if isinstance(pre, dict):
            self.steps.append(step_of(pre.get("metadata"), old="old", new="new", kind="diffKind"))
        if isinstance(said, dict):
            self.diagnostic(said)
        if isinstance(end, dict):
            self.keys["ended"] = True
            changes = end.get("resourceChanges")
            self.counts = changes if isinstance(changes, dict) else {}

    def end(self, source: Source, *, events: bool) -> None:
        """Nothing may follow, and something of a preview must have been there."""
        source.end()
        if events and not self.keys.get("ended"):
            raise ReviewError(f"{self.name} is cut short: the engine's events end before their summary")
        if not events and not any(key in self.keys for key in _OF_A_PREVIEW) and not self.steps:
            raise ReviewError(f"{self.name} is JSON, and no preview: give the output of `pulumi preview --json`")
        if self.keys.get("maybeCorrupt"):
            raise ReviewError(
                "the preview says that its state may be corrupt: run `invoke refresh`, then preview again"
            )


def _events(source: Source, document: _Document) -> Iterator[None]:
    document.event(document.keys)
    yield
    while source.more():
        event = source.value()
        if not isinstance(event, dict):
            raise source.error("an event is no object")
        document.event(event)
        yield


def _decoded(file: BinaryIO) -> Iterator[str]:
    """The text in pieces. PowerShell's ``>`` writes UTF-16 with its mark; Windows' editors put one before UTF-8."""
    start = file.read(4)
    utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")()
    try:
        yield decoder.decode(start)
        while piece := file.read(1 << 20):
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ReviewError(f"the preview is no text in UTF-8 ({error.reason}): it may be cut short") from None
