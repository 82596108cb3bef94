"""The example and the page say what the models do, all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from core.settings.after import Purge
from core.settings.explain import models_in
from core.settings.proof import Drill
from core.settings.reference import reference
from core.settings.release import Release
from core.settings.section import Section, said_of
from core.settings.stack import SECTIONS, load_stack
from core.settings.tls import Tls

from .conftest import EXAMPLE, ROOT


def _models(model: type[Section]) -> Iterator[type[Section]]:
    yield model
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            yield from _models(inner)


MODELS = {model.__name__: model for section in SECTIONS.values() for model in _models(section)}


def test_the_example_is_a_stack_that_is_right() -> None:
    stack = load_stack(ROOT, "example")
    assert stack.zone.name == "community.example"
    assert [host.address for host in stack.fleet.hosts] == ["192.0.2.11", "2001:db8::12"]
    assert stack.tls == Tls(), "the example calls these the defaults"
    plain = stack.release.model_copy(update={"purge": Purge(), "markers": (), "drill": Drill(), "ledger": None})
    assert plain == Release(url="https://app.community.example"), "the example calls these the defaults"


@pytest.mark.parametrize("name", SECTIONS)
def test_each_section_of_the_example_has_every_key(name: str) -> None:
    section = re.search(rf"^  launch-ready:{name}:\n((?:    .*\n|\n)+)", EXAMPLE.read_text() + "\n", re.MULTILINE)
    assert section, name
    # A key that excludes another stands in a comment.
    keys = set(re.findall(r"^ *(?:# *)?(?:- )?([a-z_0-9]+):(?: |$)", section[1], re.MULTILINE))
    wanted = {key for model in _models(SECTIONS[name]) for key in model.model_fields}
    assert wanted - keys == set()


@pytest.mark.parametrize("name", MODELS)
def test_every_key_says_what_it_is_for(name: str) -> None:
    assert MODELS[name].__doc__
    for key in MODELS[name].model_fields:
        assert said_of(MODELS[name], key).endswith("."), f"{name}.{key}"


def test_the_page_is_what_the_models_say_now() -> None:
    page = (ROOT / "docs" / "stack-file.md").read_text()
    assert page == reference(), "run `python -m core.settings.reference >docs/stack-file.md`"
    for name, model in MODELS.items():
        for key in model.model_fields:
            assert f"| `{key}` |" in page, f"{name}.{key}"
