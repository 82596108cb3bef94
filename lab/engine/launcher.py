"""Runs a Pulumi program against a monitor: what ``pulumi-language-python-exec`` is to the Pulumi CLI.

A script, and a process of its own: it imports nothing of this project, so that the program finds only what is its own.
The engine writes one line of JSON to its standard input when the monitor is ready and holds the pipe open; when the
pipe closes, the engine is gone and so is this process. How the program failed goes, as JSON, to the descriptor that
the only argument names.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import runpy
import signal
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# Errors that say what to do in their message: where in the program they were raised tells a user nothing more.
_SPOKEN = {"RunError", "LaunchReadyError"}
# New objects before the next look for garbage.
_OBJECTS = 50_000


def main() -> int:
    """Run the program; the exit status is 1 if it failed."""
    report = os.fdopen(int(sys.argv[1]), "w", encoding="utf-8")
    engine = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Before the settings are there: the engine makes the monitor ready meanwhile.
    import pulumi.runtime  # noqa: F401

    line = engine.readline()
    if not line:
        return 1
    threading.Thread(target=_end_with, args=(engine.fileno(),), daemon=True).start()
    settings = json.loads(line)
    try:
        _run(settings)
    except BaseException as error:  # noqa: BLE001 - whatever ends a user's program is for the user
        if isinstance(error, SystemExit) and error.code in (None, 0):
            return 0
        traceback.print_exception(error)
        json.dump(_describe(error, Path(settings["root"])), report)
        report.flush()
        return 1
    return 0


def _end_with(engine: int) -> None:
    # By descriptor: a file object whose lock a thread holds cannot be closed when the interpreter ends.
    os.read(engine, 1)
    # The program may have started processes: they are in this one's group, which is its own.
    os.killpg(0, signal.SIGKILL)


class _Engine:
    """Pulumi's ``Engine`` service without the SDK's debug messages.

    The SDK waits for an answer to each, four a resource, and this engine tells nobody of them.
    """

    def __init__(self, address: str) -> None:
        import grpc
        from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
        self._debug = engine_pb2.DEBUG

    def Log(self, request: Any) -> None:
        """Pass on whatever is no debug message."""
        if request.severity != self._debug:
            self._stub.Log(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stub, name)


def _run(settings: dict[str, Any]) -> None:
    from pulumi.runtime import Settings, configure, run_in_stack, set_all_config

    program = Path(settings["main"])
    os.chdir(program.parent)
    sys.path.insert(0, str(program.parent))
    sys.argv = [str(program)]
    set_all_config(settings["config"], settings["secret_keys"])
    configure(
        Settings(
            project=settings["project"],
            stack=settings["stack"],
            monitor=settings["monitor"],
            engine=_Engine(settings["monitor"]),
            dry_run=settings["dry_run"],
            parallel=settings["parallel"],
            organization="organization",
            root_directory=settings["root"],
        )
    )
    # A program's resources live to its end: to look for garbage among them again and again finds none.
    gc.set_threshold(_OBJECTS)
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=settings["parallel"]))
    try:
        loop.run_until_complete(run_in_stack(lambda: _execute(program)))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _execute(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def _describe(error: BaseException, root: Path) -> dict[str, Any]:
    """``{message, file, line}``: where in the program it went wrong, innermost place first."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, SystemExit):
        return {"message": f"it exits with {error.code!r}", "file": "", "line": 0}
    if kinds & _SPOKEN:
        return {"message": str(error), "file": "", "line": 0}
    if isinstance(error, SyntaxError):
        return {
            "message": f"SyntaxError: {error.msg}",
            "file": _relative(error.filename or "", root),
            "line": error.lineno,
        }
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(frame.filename, root)]
    place = own[-1] if own else None
    return {
        "message": "".join(traceback.format_exception_only(error)).strip(),
        "file": _relative(place.filename, root) if place else "",
        "line": place.lineno if place else 0,
    }


def _is_own(name: str, root: Path) -> bool:
    path = Path(name)
    return path.is_relative_to(root) and "site-packages" not in path.parts


def _relative(name: str, root: Path) -> str:
    path = Path(name)
    return str(path.relative_to(root)) if path.is_relative_to(root) else name


if __name__ == "__main__":
    sys.exit(main())
