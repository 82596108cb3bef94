"""`invoke review`: what a change to an environment does, for whoever has to say yes to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from cli.guard import ROOT, command
from core.errors import LaunchReadyError, ReviewError

LAB = "lab"
FORMATS = ("text", "markdown", "html", "json")


@command(
    help={
        "stack": "the stack: stacks/Pulumi.<stack>.yaml (lab without it)",
        "preview": "a file that `pulumi preview --json` wrote, best with --show-sames; without it, one is made",
        "base": "a git ref: review what the program declares there against now, with no state, API or secret",
        "format": f"one of {', '.join(FORMATS)}",
        "out": "a file to write to, instead of standard output",
        "post": "github or gitlab: write the review as a comment on the pull request, over the one from before",
        "engine": "auto, pulumi (the CLI) or lab: who makes the preview where none is given",
    }
)
def review(
    _context: Context,
    stack: str = LAB,
    preview: str = "",
    base: str = "",
    format: str = "text",  # noqa: A002 - the option's name
    out: str = "",
    post: str = "",
    engine: str = "auto",
) -> None:
    """Say what a change does to protection and to live traffic, the most dangerous first.

    Exit status: 0 nothing weakens; 2 something weakens, goes or cannot be told, or breaks a policy or a threshold,
    without a waiver; 1 an error. Examples: `invoke review`, `invoke review --stack production --base origin/main`,
    `invoke review --stack production --preview preview.json --format markdown --post github`.
    """
    with _errors_are_one():
        made = _made(stack, preview, base, format, out, post, engine)
    if made:
        raise Exit(code=made)


def _made(stack: str, preview: str, base: str, form: str, out: str, post: str, engine: str) -> int:
    if form not in FORMATS:
        raise ReviewError(f"--format is {form!r}; it is one of {', '.join(FORMATS)}")
    if preview and base:
        raise ReviewError("--preview and --base are two ways to say what changes: give one")
    from cli import review_of, review_words
    from cli.around import write_file

    thread = review_words.thread_of(post) if post else None
    made = review_of.reviewed(ROOT, stack, preview, base, engine)
    colours = form == "text" and not out and sys.stdout.isatty() and review_words.wants_colours()
    text = review_words.written(made, form, colours=colours)
    if out:
        write_file(Path(out), text)
        sys.stderr.write(f"{review_words.first_line(made)} ({out})\n")
    else:
        sys.stdout.write(text)
    if thread is not None:
        from review.markdown import as_markdown, marker

        sys.stderr.write(f"{thread.put(marker(made.stack), as_markdown(made))}\n")
    return made.status


@contextmanager
def _errors_are_one() -> Iterator[None]:
    """Status 2 says that something weakens: what goes wrong, settings that are wrong too, ends with 1."""
    try:
        yield
    except LaunchReadyError as error:
        if error.exit_code == ReviewError.exit_code:
            raise
        raise ReviewError(str(error)) from error
