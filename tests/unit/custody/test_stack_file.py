"""A stack's file changed by a command: what somebody wrote stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.stack_file import StackFile
from core.errors import SettingsError
from core.settings.yaml_tree import read_tree

TEXT = """\
# The top.
encryptionsalt: v1:a

config:
  # Mail, first of all.
  launch-ready:email:
    dkim:
      - selector: one   # the first
        public_key: AAAA
      # between
      - selector: two
        public_key: BBBB
        published: "2026-01-01"

    dmarc: {policy: none}

  launch-ready:secrets:
    items:
      - name: KEY  # mine
        made: "2026-01-01"
        owner: us

  # At the end.
  launch-ready:key:
    secure: v1:old:old
"""
DKIM = ("config", "launch-ready:email", "dkim")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def changed(before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    return [f"-{line}" for line in old if line not in new] + [f"+{line}" for line in new if line not in old]


def test_a_value_is_replaced_where_it_stands(file: Path) -> None:
    edited = StackFile(file)
    edited.set(("config", "launch-ready:key", "secure"), "v1:bmV3:bmV3")
    edited.set(("config", "launch-ready:secrets", "items", 0, "made"), "2026-11-24")
    edited.save()
    assert changed(TEXT, file.read_text()) == [
        '-        made: "2026-01-01"',
        "-    secure: v1:old:old",
        '+        made: "2026-11-24"',
        "+    secure: v1:bmV3:bmV3",
    ]
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_new_keys_and_items_go_to_the_end_of_their_own(file: Path) -> None:
    edited = StackFile(file)
    edited.append(DKIM, {"selector": "three", "revoked": True, "published": "2026-11-24"})
    edited.set((*DKIM, 0, "config_secret"), "dkim-one")
    edited.set_mapping(("config", "launch-ready:dkim-one"), {"secure": "v1:AA==:BB=="})
    edited.save()
    text = file.read_text()
    added = '      - selector: three\n        revoked: true\n        published: "2026-11-24"\n'
    assert f'        published: "2026-01-01"\n{added}' in text
    assert "        public_key: AAAA\n        config_secret: dkim-one\n      # between\n" in text
    assert text.endswith("    secure: v1:old:old\n  launch-ready:dkim-one:\n    secure: v1:AA==:BB==\n")
    assert all(line in text.splitlines() for line in TEXT.splitlines())
    assert read_tree(file).value == edited.value


def test_a_key_is_taken_out_with_its_lines(file: Path) -> None:
    edited = StackFile(file)
    edited.remove((*DKIM, 1, "public_key"))
    edited.remove((*DKIM, 1, "nothing"))
    edited.remove(("config", "launch-ready:key"))
    edited.save()
    assert changed(TEXT, file.read_text()) == [
        "-        public_key: BBBB",
        "-  launch-ready:key:",
        "-    secure: v1:old:old",
    ]


def test_what_is_written_otherwise_is_left_as_it_is(file: Path) -> None:
    edited = StackFile(file)
    changes: tuple[Callable[[], None], ...] = (
        lambda: edited.set(("config", "launch-ready:email", "dmarc", "testing"), True),
        lambda: edited.set(("config", "launch-ready:email", "dkim"), "x"),
        lambda: edited.append(("config", "launch-ready:email", "dmarc"), {"a": "b"}),
        lambda: edited.append(("config", "nowhere"), {"a": "b"}),
        lambda: edited.remove(("config", "launch-ready:email", "dmarc", "policy")),
    )
    for change in changes:
        with pytest.raises(SettingsError, match="is written in a way that is not changed by a command"):
            change()
    assert file.read_text() == TEXT


def test_a_text_that_yaml_would_take_for_something_else_stands_in_quotes(file: Path) -> None:
    edited = StackFile(file)
    for value in ("yes", "12", "a: b", 'say "hi"', "# no comment", "ends here ", "- x", ""):
        edited.set(("config", "launch-ready:secrets", "items", 0, "owner"), value)
        edited.save()
        tree = read_tree(file).value
        assert tree["config"]["launch-ready:secrets"]["items"][0]["owner"] == value  # type: ignore[index, call-overload]
