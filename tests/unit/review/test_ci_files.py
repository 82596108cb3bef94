"""The workflow files that projects copy: valid, with the least rights, and no text of a pull request in a shell's."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "docs" / "ci"
GITHUB, GITLAB = FOLDER / "github-review.yml", FOLDER / "gitlab-review.yml"
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def steps() -> list[dict[str, Any]]:
    (job,) = yaml.safe_load(GITHUB.read_text())["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


def scripts() -> list[str]:
    gitlab = "\n".join(yaml.safe_load(GITLAB.read_text())["review"]["script"])
    return [*(step["run"] for step in steps() if "run" in step), gitlab]


def test_the_token_may_read_files_and_write_comments_and_no_more() -> None:
    workflow = yaml.safe_load(GITHUB.read_text())
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    # pull_request_target would run a stranger's program with the repository's own rights.
    assert workflow[True] == "pull_request"
    assert steps()[0]["with"]["persist-credentials"] is False


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert len(used) == 3
    assert all(PINNED.fullmatch(one) for one in used), used


@pytest.mark.parametrize("script", scripts())
def test_a_script_is_bash_and_takes_all_that_it_is_given_from_variables(script: str) -> None:
    assert "${{" not in script
    assert subprocess.run(["bash", "-n"], input=script.encode(), check=False).returncode == 0


@pytest.mark.parametrize(("token", "posts"), [("", False), ("t", True)])
@pytest.mark.parametrize("status", [0, 2, 1])
def test_the_review_ends_the_job_and_is_on_its_page(tmp_path: Path, token: str, posts: bool, status: int) -> None:
    (script,) = (step["run"] for step in steps() if step.get("name") == "Review")
    stand_in = tmp_path / "invoke"
    stand_in.write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/asked"\necho the review >review.md\nexit {status}\n')
    stand_in.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "GITHUB_TOKEN": token,
        "STACK": "production; touch x",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "page"),
    }
    done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == status
    assert (tmp_path / "page").read_text() == "the review\n"
    asked = (tmp_path / "asked").read_text()
    assert ("--post github" in asked) is posts
    assert "--stack production; touch x --base HEAD^1" in asked
    assert not (tmp_path / "x").exists()
