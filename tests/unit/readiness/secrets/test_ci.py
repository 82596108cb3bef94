"""CI's files, as they are and as they must not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.leaks import Piece
from readiness.rows.secrets.ci import faults

GOOD = """\
on: {pull_request: {}}
jobs:
  deploy:
    env:
      API_TOKEN: ${{ secrets.API_TOKEN }}
    steps:
      - run: invoke deploy --stack production
"""


def _faults(text: str) -> list[str]:
    return list(faults(Piece("working tree", ".github/workflows/a.yml", text.encode())))


def test_an_honest_file_has_none() -> None:
    assert _faults(GOOD) == []


@pytest.mark.parametrize("name", ["github-review.yml", "gitlab-review.yml"])
def test_the_files_that_we_show_have_none(name: str) -> None:
    assert _faults((Path(__file__).resolve().parents[4] / "docs" / "ci" / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("${{ secrets.API_TOKEN }}", "abc123456"), "API_TOKEN has its value"),
        (GOOD + "      - run: echo ${{ secrets.API_TOKEN }}\n", "prints a secret"),
        (GOOD + "      - run: printenv\n", "prints a secret"),
        (GOOD + "      - run: set -ex; deploy\n", "prints a secret"),
        (
            GOOD.replace("pull_request: {}", "pull_request_target: {}")
            + "      - uses: actions/checkout\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}\n",
            "a stranger sent",
        ),
        ("a: [1, 2", "cannot be read"),
        ("[" * 5000, "cannot be read"),
    ],
)
def test_a_fault_is_told(text: str, said: str) -> None:
    assert any(said in fault for fault in _faults(text)), _faults(text)
    assert "abc123456" not in str(_faults(text))
