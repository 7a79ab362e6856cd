"""The processes port on the operating system's own processes."""

import os
import sys
from pathlib import Path

import pytest

from daemon.errors import ProcessNotStarted
from daemon.processes import Finished, SystemProcesses


def run(code: str, *, given: bytes = b"", deadline_seconds: float = 30.0) -> Finished:
    return SystemProcesses().run(
        (sys.executable, "-c", code), given=given, environment={}, deadline_seconds=deadline_seconds
    )


def test_a_process_reads_what_it_is_given_and_its_output_and_errors_are_kept_apart() -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('heard')"
    assert run(code, given=b"order") == Finished(exit_code=0, output=b"ORDER", errors=b"heard")


def test_a_process_gets_the_environment_it_is_given_and_nothing_else() -> None:
    finished = SystemProcesses().run(
        (sys.executable, "-c", "import os; print(os.environ.get('A'), 'HOME' in os.environ)"),
        given=b"",
        environment={"A": "1"},
        deadline_seconds=30.0,
    )
    assert finished.output == b"1 False\n"


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
def test_the_end_of_a_process_is_told_in_words(code: str, ending: str) -> None:
    assert run(code).ending == ending


def test_a_process_that_hangs_is_killed_at_its_deadline_with_its_children(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    code = f"""
import os, time
os.fork()
held = open({str(alive)!r}, "w")
print("begun", flush=True)
time.sleep(600)
"""
    finished = run(code, deadline_seconds=3.0)
    assert (finished.timed_out, finished.ending) == (True, "its deadline passed")
    assert finished.output == b"begun\n" * 2
    assert os.read(reader, 1) == b""  # the end of the pipe: nobody is left who could write
    os.close(reader)


def test_a_child_that_left_the_group_and_holds_the_pipes_is_not_waited_for() -> None:
    code = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(4)\nelse:\n    time.sleep(600)"
    assert run(code, deadline_seconds=0.5) == Finished(exit_code=-9, output=b"", errors=b"", timed_out=True)


def test_a_program_that_does_not_exist_is_an_error_that_names_it() -> None:
    with pytest.raises(ProcessNotStarted, match="cannot start /no/such/program: No such file or directory"):
        SystemProcesses().run(("/no/such/program",), given=b"", environment={}, deadline_seconds=1.0)
