"""An expected error ends a command with its sentence and its status, and with no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from core import errors

ROOT = Path(__file__).resolve().parents[3]
INVOKE = [sys.executable, "-m", "invoke"]


def run_task(tmp_path: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    write_task(tmp_path, body)
    return subprocess.run(
        [*INVOKE, "it"], cwd=tmp_path, env=settings(**environment), capture_output=True, text=True, timeout=20
    )


def settings(**environment: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **environment}


def write_task(folder: Path, body: str) -> None:
    head = """\
    import time
    from core.errors import *
    from cli.guard import command

    @command()
    def it(context, json=False):
    """
    (folder / "tasks.py").write_text(textwrap.dedent(head) + textwrap.indent(textwrap.dedent(body), "    "))


@pytest.mark.parametrize(
    "kind",
    [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.LaunchReadyError)],
)
def test_every_error_of_the_tree_ends_with_its_own_status(tmp_path: Path, kind: type[errors.LaunchReadyError]) -> None:
    done = run_task(tmp_path, f'raise {kind.__name__}("app1 is off: start it")')
    assert (done.returncode, done.stdout, done.stderr) == (kind.exit_code, "", "error: app1 is off: start it\n")


def test_text_from_elsewhere_cannot_drive_the_terminal(tmp_path: Path) -> None:
    done = run_task(tmp_path, r'raise HostError("\x1b[2Jgone\u202e\r\nsecond")')
    assert done.stderr == "error: \\x1b[2Jgone\\u202e\nerror: second\n"


def test_a_bug_of_ours_is_not_dressed_up(tmp_path: Path) -> None:
    done = run_task(tmp_path, "raise ZeroDivisionError")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_the_traceback_is_there_when_asked_for(tmp_path: Path) -> None:
    done = run_task(tmp_path, 'raise HostError("off")', LAUNCH_READY_DEBUG="1")
    assert "Traceback" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_a_command_clean_up(tmp_path: Path, number: signal.Signals) -> None:
    write_task(tmp_path, 'try:\n    open("on", "w").close()\n    time.sleep(20)\nfinally:\n    print("let go")')
    with subprocess.Popen(
        [*INVOKE, "it"], cwd=tmp_path, env=settings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 10
        while not (tmp_path / "on").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (130, "let go\n", "error: interrupted\n")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    write_task(tmp_path, 'for _ in range(100000): print("x" * 100)')
    shell = f'"{sys.executable}" -m invoke it 2>err | head -1'
    done = subprocess.run(shell, shell=True, cwd=tmp_path, env=settings(), capture_output=True, text=True, timeout=20)
    assert done.stdout == "x" * 100 + "\n"
    assert "Traceback" not in (tmp_path / "err").read_text()


@pytest.mark.parametrize("words", [("--dry", "it"), ("it", "--dry"), ("-R", "it")])
def test_invokes_own_dry_run_would_do_it_all_the_same_and_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    write_task(tmp_path, 'print("done for real")')
    done = subprocess.run([*INVOKE, *words], cwd=tmp_path, env=settings(), capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: --dry (-R) is an option of Invoke's, which these commands do not go by: nothing was done; a command"
        " that can be tried out has --dry-run\n"
    )


def test_the_list_of_tasks_is_quick_because_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; sys.path.insert(0, '.'); import tasks;"
        "heavy = {'pulumi', 'boto3', 'fabric', 'paramiko', 'cloudflare', 'rich', 'requests', 'pydantic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize(
    ("body", "shown", "status"),
    [
        ('raise HealthError("app1 is ill\\nsecond")', {"error": "app1 is ill\nsecond", "exit_status": 4}, 4),
        ("raise KeyboardInterrupt", {"error": "interrupted", "exit_status": 130}, 130),
        ('show({"done": 1})\nraise RollbackError("the edge")', {"done": 1}, 6),
    ],
)
def test_a_program_gets_one_document_of_a_failure_too(
    tmp_path: Path, body: str, shown: dict[str, object], status: int
) -> None:
    write_task(tmp_path, "from cli.output import show\n" + body)
    done = subprocess.run(
        [*INVOKE, "it", "--json"], cwd=tmp_path, env=settings(), capture_output=True, text=True, timeout=20
    )
    assert (json.loads(done.stdout), done.returncode) == (shown, status)
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("closed", [">&-", ">/dev/full", "2>&-", "<&-", ">&- 2>&- <&-", "| true"])
def test_what_is_under_way_goes_on_where_nobody_listens(tmp_path: Path, closed: str) -> None:
    write_task(
        tmp_path,
        """\
        from cli.release_text import progress
        for quiet in (False, True):
            lines = progress(quiet=quiet)
            for number in range(3):
                time.sleep(0.05)
                lines.phase("switch", 1.0, {"app-1": "verified"})
                lines.note("went on")
        open("done", "w").close()
        """,
    )
    subprocess.run(
        f'"{sys.executable}" -m invoke it {closed}', shell=True, cwd=tmp_path, env=settings(), check=False, timeout=20
    )
    assert (tmp_path / "done").exists()


def test_what_the_terminal_has_no_letter_for_is_its_escape(tmp_path: Path) -> None:
    body = 'from cli.release_text import progress\nprogress(quiet=False).phase("switch", 1.0, {"a": "verified"})'
    done = run_task(tmp_path, body, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "\\u2713 switch         1.00 s  a verified\n", "")


def test_a_result_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    write_task(tmp_path, 'from cli.output import show\nshow({"whole": True})')
    shell = f'"{sys.executable}" -m invoke it --json >/dev/full'
    done = subprocess.run(shell, shell=True, cwd=tmp_path, env=settings(), capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stderr == ("error: the result could not be written to standard output (No space left on device)\n")


def test_every_task_says_what_it_does_and_shows_an_example() -> None:
    import tasks

    bare = [name for name, task in tasks.namespace.tasks.items() if "invoke " not in (task.__doc__ or "")]
    assert bare == []
