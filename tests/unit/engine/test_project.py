"""Projects and configuration, read as the Pulumi CLI reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import EngineError, LabError, SettingsError
from core.pulumi_crypt import create
from core.secret import Secret
from core.settings.yaml_tree import parse_tree
from lab.engine import wire
from lab.engine.program import Redactor, environment
from lab.engine.project import Project, read_config, read_program, read_stack, unlock_stack


def project(root: Path, text: str) -> Path:
    (root / "Pulumi.yaml").write_text(text)
    (root / "__main__.py").write_text("")
    return root


def test_the_program_and_its_stacks_are_where_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("")
    text = "name: demo\nmain: app\nruntime:\n  name: python\n  options: {virtualenv: .venv}\nstackConfigDir: stacks\n"
    program = read_program(project(tmp_path, text))
    assert (program.name, program.main, program.stacks) == (
        "demo",
        (tmp_path / "app" / "__main__.py").resolve(),
        tmp_path / "stacks",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("runtime: python\n", "`name` is missing"),
        ("name: demo\nruntime: go\n", r"Pulumi\.yaml:2: the lab's engine runs Python programs, and this is 'go'"),
        ("name: demo\nruntime: python\nmain: nowhere\n", r"Pulumi\.yaml:3: there is no program .*nowhere"),
    ],
)
def test_what_cannot_be_run_is_told_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        read_program(project(tmp_path, text))


def test_an_unknown_stack_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    program = read_program(project(tmp_path, "name: demo\nruntime: python\n"))
    (tmp_path / "Pulumi.one.yaml").write_text("")
    with pytest.raises(SettingsError, match=r"there is no stack 'two' .* the stacks are: one"):
        read_stack(program, "two")


def test_config_is_strings_as_a_program_gets_them_and_secrets_are_open_but_unseen() -> None:
    crypter = create("phrase")
    sealed = crypter.encrypt("hidden")
    text = f"""
config:
  word: plain
  demo:flag: true
  demo:count: 3
  demo:map: {{a: [1, x]}}
  demo:key: {{secure: "{sealed}"}}
  demo:deep: {{a: {{secure: "{sealed}"}}, b: open}}
  cloudflare:apiToken: {{secure: "{sealed}"}}
"""
    config = read_config(parse_tree(text, "Pulumi.dev.yaml"), "demo", crypter)
    assert config.values == {
        "demo:word": "plain",
        "demo:flag": "true",
        "demo:count": "3",
        "demo:map": '{"a": [1, "x"]}',
        "demo:key": "hidden",
        "demo:deep": '{"a": "hidden", "b": "open"}',
        "cloudflare:apiToken": "hidden",
    }
    assert config.secret_keys == ("demo:key", "demo:deep", "cloudflare:apiToken")
    assert "hidden" not in repr(config)
    assert config.of_providers() == {"cloudflare": {"apiToken": wire.Secret("hidden")}}
    assert Redactor(config.words())("say hidden, open and hi") == "say [secret], [secret] and hi"


def test_one_passphrase_opens_the_stacks_file_and_a_state_of_another_salt() -> None:
    ours, theirs = create("phrase"), create("phrase")
    tree = parse_tree(f"encryptionsalt: {ours.state}\n", "Pulumi.dev.yaml")
    config, state = unlock_stack(tree, theirs.state, Secret("phrase"))
    assert (config.state, state.state) == (ours.state, theirs.state)
    config, state = unlock_stack(tree, "", Secret("phrase"))
    assert config is state
    with pytest.raises(SettingsError, match="not this stack's"):
        unlock_stack(tree, "", Secret("wrong"))


def test_a_project_beyond_loopback_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="outside of it"):
        Project(
            root=tmp_path,
            stack="dev",
            state_folder=tmp_path,
            base_url="http://192.0.2.1/client/v4",
            token=Secret("t"),
            passphrase=Secret("p"),
        )


def test_the_programs_process_gets_neither_passphrase_nor_token() -> None:
    given = {"PATH": "/bin", "PULUMI_CONFIG_PASSPHRASE": "x", "CLOUDFLARE_API_TOKEN": "y", "http_proxy": "z"}
    assert environment(given) == {
        "PATH": "/bin",
        "http_proxy": "z",
        "no_grpc_proxy": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
    }


def test_short_words_are_no_secrets_worth_blanking_out_and_longer_ones_go_first() -> None:
    assert Redactor(["abc", "abcd", "abcdef"])("abc abcd abcdef") == "abc [secret] [secret]"
