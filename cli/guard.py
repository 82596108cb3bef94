"""The one place that turns an error into an exit status and one clear sentence."""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task, task

from cli import output
from core.errors import LaunchReadyError, SettingsError
from core.signals import INTERRUPTED, handled
from core.terminal import clean

# Cleaned up after as Ctrl-C is.
_ENDING = dict.fromkeys((signal.SIGTERM, signal.SIGHUP), signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
_COLLECT_AFTER = 50_000

F = TypeVar("F", bound=Callable[..., Any])


class _Task(Task[Any]):
    """A task of which ``-h`` is the help, and of whose options none goes without its value.

    Invoke would make ``-h`` short for ``--host`` or ``--without``, and take one of these at the end of a line for
    nothing at all: `invoke hosts.prepare -h` would prepare every host.
    """

    def arg_opts(self, name: str, default: str, taken_names: set[str]) -> dict[str, Any]:
        """As Invoke has it, without ``-h``."""
        return super().arg_opts(name, default, {*taken_names, "h"})

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """As Invoke has it; an empty list is no value that was given."""
        found = super().get_arguments(ignore_unknown_help)
        for argument in found:
            if argument.kind is list:
                argument.raw_value = None
        return found


def command(**options: Any) -> Callable[[F], F]:
    """An Invoke task whose expected errors end it with their sentence and exit status, never with a traceback.

    SIGTERM and SIGHUP end it as Ctrl-C does, so that what a command holds (a lock, a mount) is let go. With
    ``LAUNCH_READY_DEBUG=1`` the traceback is shown.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            output.begin()
            with _rare_collections(), handled(_ENDING), _sentences(document=kwargs.get("json") is True):
                _refuse_invokes_dry_run(args)
                return function(*args, **kwargs)

        made: F = task(klass=_Task, **options)(guarded)
        return made

    return decorate


def _refuse_invokes_dry_run(arguments: tuple[Any, ...]) -> None:
    """Invoke takes ``--dry`` beside any task, and it holds for what Invoke's own runner runs alone: nothing here."""
    if arguments and isinstance(arguments[0], Context) and arguments[0].config.run.dry:
        raise SettingsError(
            "--dry (-R) is an option of Invoke's, which these commands do not go by: nothing was done; a command"
            " that can be tried out has --dry-run"
        )


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Imports make objects by the ten thousand and no garbage: looking through them is a tenth of a warm rollback."""
    usual = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER)
    try:
        yield
    finally:
        # What lives now lives to the end, where the interpreter would look through all of it several times.
        gc.freeze()
        gc.set_threshold(*usual)


@contextmanager
def _sentences(*, document: bool) -> Iterator[None]:
    """``document``: standard output gets a failure as JSON, too."""
    try:
        yield
    except LaunchReadyError as error:
        if os.environ.get("LAUNCH_READY_DEBUG"):
            raise
        raise Exit(_failure(str(error), error.exit_code, document=document), code=error.exit_code) from None
    except KeyboardInterrupt:
        raise Exit(_failure("interrupted", INTERRUPTED, document=document), code=INTERRUPTED) from None
    except BrokenPipeError:
        # The reader went away (`| head`): nothing is left to say.
        output.forget(sys.stdout)
        raise Exit(code=INTERRUPTED) from None


def _failure(message: str, status: int, *, document: bool) -> str:
    if document:
        with suppress(LaunchReadyError, BrokenPipeError):
            output.show_failure(message, status)
    return "\n".join(f"error: {clean(line)}" for line in message.splitlines())
