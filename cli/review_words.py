"""A review in the form that was asked for, and where it goes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from review.assess import Review

if TYPE_CHECKING:
    from adapters.pull_request import Thread


def written(made: Review, form: str, *, colours: bool = False) -> str:
    """The review as text, Markdown, HTML or JSON; it ends with a newline."""
    if form == "markdown":
        from review.markdown import as_markdown

        return as_markdown(made)
    if form == "html":
        from review.page import as_html

        return as_html(made) + "\n"
    if form == "json":
        from review.as_json import as_json

        return json.dumps(as_json(made), indent=2, ensure_ascii=False) + "\n"
    from review.text import as_text

    return as_text(made, colours=colours)


def wants_colours() -> bool:
    """Whether the environment lets a terminal have colours (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


def first_line(made: Review) -> str:
    """What a log shows of a review that stands in a file."""
    from review.sections import headline

    return f"Review of {made.stack}: {headline(made)}"


def thread_of(site: str) -> Thread:
    """The pull request's comments, by the variables that the site's own CI sets. Raises :class:`ReviewError`."""
    from adapters import pull_request

    return pull_request.thread_of(site, os.environ)
