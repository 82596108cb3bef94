"""What goes wrong is one sentence with its place, and what was done by then stays done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import EngineError, LockedError, SettingsError
from core.pulumi_crypt import create
from core.secret import Secret
from lab.engine import api

pytestmark = pytest.mark.slow


def failure(lab: Any, program: str) -> str:
    with pytest.raises(EngineError) as caught:
        lab.up(program)
    message = str(caught.value)
    assert "Traceback" not in message
    return message


def test_a_step_that_fails_keeps_what_was_done_and_the_next_run_does_the_rest(lab: Any) -> None:
    lab.things.refused["bad"] = "9005 Content is not right (HTTP 400)"
    program = 'a = Thing("a", text="a")\nThing("b", text="bad", zone=a.id)\n'
    message = failure(lab, program)
    assert message.endswith(": Thing b: create failed: 9005 Content is not right (HTTP 400)")
    assert message.startswith("__main__.py:")
    assert set(lab.state) >= {"a"}
    assert "b" not in lab.state
    lab.things.refused.clear()
    lab.taken()
    assert lab.up().changes == {"create": 1, "same": 2}
    assert lab.taken() == [("find", "bad"), ("create", "bad")]


def test_after_a_failure_nothing_is_deleted(lab: Any) -> None:
    lab.up('Thing("a", text="a")')
    lab.things.refused["bad"] = "no"
    failure(lab, 'Thing("b", text="bad")')
    assert lab.things.there.keys() == {"id1"}


def test_what_was_made_in_part_is_kept_and_finished_by_the_next_run(lab: Any) -> None:
    assert "only half of it" in failure(lab, 'Thing("a", text="half")')
    assert (lab.state["a"]["id"], lab.state["a"]["inputs"]) == ("id1", {"text": "a quarter"})
    lab.taken()
    lab.up('Thing("a", text="whole")')
    assert lab.taken() == [("update", "whole")]


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("x = 1\nraise ValueError('no zone')\n", "__main__.py:{second}: the program failed: ValueError: no zone"),
        ("def broken(:\n", "__main__.py:{first}: the program failed: SyntaxError: invalid syntax"),
        ("raise pulumi.RunError('set a zone first')\n", "set a zone first"),
        ("import sys; sys.exit(3)\n", "it exits with 3"),
        ("import os; os._exit(9)\n", "the program ended with status 9"),
        ("import os; os.kill(os.getpid(), 9)\n", "the program was ended by signal 9"),
        ("pulumi.log.error('this cannot be')\n", "the program logged an error: this cannot be"),
        (
            "pulumi.runtime.invoke('test:index:look', {{}})\n",
            "the lab's engine does not have the function test:index:look",
        ),
        ("import no_such_module\n", "__main__.py:{first}: the program failed: ModuleNotFoundError: No module named"),
        ("Thing('a', text='a'); Thing('a', text='b')\n", "two resources have the URN"),
        ("Thing('a', text=Thing('b', text='b').size.apply(lambda size: 1 / 0))\n", "{first}: the program failed: Zero"),
    ],
)
def test_a_program_that_fails_says_where_and_why(lab: Any, program: str, expected: str) -> None:
    first = lab_first(lab)
    message = failure(lab, program.replace("{{}}", "{}"))
    assert expected.format(first=first, second=first + 1) in message


def lab_first(lab: Any) -> int:
    """The line of a program's first line: after the preamble."""
    lab.write("")
    return len((lab.project.root / "__main__.py").read_text().splitlines()) + 1


def test_a_failing_program_does_not_tell_a_secret(lab: Any) -> None:
    crypter = create("correct horse")
    (lab.project.root / "stacks" / "Pulumi.dev.yaml").write_text(
        f"encryptionsalt: {crypter.state}\nconfig:\n  demo:key:\n    secure: {crypter.encrypt('hidden-key')}\n"
    )
    message = failure(lab, "raise ValueError(pulumi.Config().require('key'))\n")
    assert message.endswith("ValueError: [secret]")


def test_a_type_of_no_provider_is_named(lab: Any) -> None:
    message = failure(lab, 'pulumi.CustomResource("other:index:X", "x", {})\n')
    assert "no provider other" in message


def test_one_run_at_a_time_and_the_other_is_told_who_holds_the_stack(lab: Any) -> None:
    lab.write("")
    with (
        lab.project.state.hold("refresh"),
        pytest.raises(LockedError, match=r"held by `refresh`, process [0-9]+, since"),
    ):
        lab.up()
    assert lab.up().changes == {"create": 1}


def test_a_wrong_passphrase_is_told_before_anything_is_done(lab: Any) -> None:
    lab.up('Thing("a", text="a", key=pulumi.Output.secret("x"))')
    lab.taken()
    lab.project = replace(lab.project, passphrase=Secret("wrong"))
    with pytest.raises(SettingsError, match="the passphrase is not this stack's"):
        lab.up()
    assert lab.taken() == []


def test_what_is_gone_leaves_the_state_and_what_drifted_is_put_back_by_the_next_run(lab: Any) -> None:
    lab.up('a = Thing("a", text="a", note="1")\nThing("b", text="b", of=a.id)')
    lab.taken()
    del lab.things.there["id2"]
    lab.things.there["id1"]["note"] = "by hand"
    assert api.refresh(lab.project, lab.events.append).changes == {"delete": 1, "update": 1}
    assert api.refresh(lab.project, lab.events.append).changes == {"same": 1}
    assert lab.up().changes == {"create": 1, "same": 1, "update": 1}
    assert sorted(lab.taken()) == [("create", "b"), ("update", "a")]
    assert lab.things.there["id1"]["note"] == "1"
