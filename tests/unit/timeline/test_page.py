"""The page: what it says, and that nothing in it obeys a hostile text."""

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.errors import LabError
from lab.load import Record, Stored
from lab.timeline import Event, Facts, Timing, read_events, render

HOSTILE = '</style></svg><script>alert("x")</script>&amp;$\\frac{\x1b[2J\u202e\x00 onload="x"'


def record(at: float = 0.0, release: str = "1.0.0", status: int | None = 200, error: str = "") -> Record:
    return Record(1000.0 + at, 0.01, "GET", "/", status, error, release, "blue" if release else "", "ray", 1)


class Outline(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


def svg_of(page: str) -> str:
    return page[page.index("<svg") : page.index("</svg>") + 6]


def test_hostile_texts_are_shown_and_never_obeyed() -> None:
    records = [record(0, HOSTILE), record(1, "", None, HOSTILE)]
    facts = Facts((Timing(HOSTILE, 1.0, True), Timing(HOSTILE, 1.0)), Stored(1, 0, 0), title=HOSTILE)
    page = render(records, [Event(1000.5, HOSTILE, "refused")], facts)
    outline = Outline(page)
    assert "script" not in outline.tags
    assert outline.tags.count("svg") == 1
    assert not {name for name in outline.attributes if name.startswith("on")}
    assert not {"\x1b", "\x00", "\u202e"} & set(page)
    assert '<script>alert("x")</script>' in outline.text


def test_the_plot_is_well_formed_and_takes_its_colours_from_the_page() -> None:
    svg = svg_of(render([record(0), record(1, "2.0.0", 500)], [Event(1000.5, "x", "switched")], Facts()))
    ET.fromstring(svg)
    assert "var(--blue-1)" in svg
    assert "var(--blue-2)" in svg
    assert "#0707" not in svg
    assert "#0101" not in svg


def test_nothing_is_fetched_from_anywhere() -> None:
    outline = Outline(render([record()], [], Facts()))
    assert not {"img", "link", "iframe", "image"} & set(outline.tags)
    assert "src" not in outline.attributes


def test_losses_and_errors_are_told_apart() -> None:
    records = [record(0), record(1, status=500), record(2, "", 502), record(3, "", None, "TimeoutError")]
    text = " ".join(Outline(render(records, [], Facts(stored=Stored(10, 2, 1)))).text.split())
    assert "Lost 2 1 × 502, 1 × TimeoutError" in text
    assert "Errors that the app made 1" in text
    assert "8 of 10 2 missing, 1 stored more than once" in text


def test_no_loss_is_said_plainly() -> None:
    text = " ".join(Outline(render([record(0), record(1)], [], Facts())).text.split())
    assert "Lost 0 each was answered whole by a release" in text


def test_a_budgeted_time_stands_beside_its_budget() -> None:
    facts = Facts((Timing("rollback", 3.0, True), Timing("switch", 0.05)), budget=600)
    text = " ".join(Outline(render([record()], [], facts)).text.split())
    assert "rollback 3.00 s of a budget of 600 s" in text
    assert "rollback 3.00 s 600 s 0.50 %" in text
    assert "switch 50 ms – –" in text


def test_events_are_listed_in_order_of_time_with_their_kind() -> None:
    events = [Event(1002.0, "later", "rolled-back"), Event(1001.0, "sooner", "switched")]
    text = " ".join(Outline(render([record(0), record(5)], events, Facts())).text.split())
    assert "1 1.00 s switched sooner 2 2.00 s rolled back later" in text


def test_the_same_load_makes_the_same_page() -> None:
    assert render([record(0), record(1)], [], Facts()) == render([record(1), record(0)], [], Facts())


def test_without_records_there_is_nothing_to_draw() -> None:
    with pytest.raises(LabError, match="nothing to draw"):
        render([], [], Facts())


def test_events_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps([{"at": 5, "label": "1 → 2", "kind": "switched"}]))
    assert read_events(path) == [Event(5.0, "1 → 2", "switched")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}x",
        "[1]",
        '[{"at": 1}]',
        '[{"at": "1", "label": "x", "kind": "switched"}]',
        '[{"at": NaN, "label": "x", "kind": "switched"}]',
        '[{"at": 1, "label": "x", "kind": "exploded"}]',
        '[{"at": 1, "label": 5, "kind": "switched"}]',
    ],
)
def test_a_file_of_no_events_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "events.json"
    path.write_text(text)
    with pytest.raises(LabError, match="is not a list of events"):
        read_events(path)
