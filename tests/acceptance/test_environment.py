"""`./bulkhead` makes its environment once, alone and whole, and says in a line what it lacks."""

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_IN_A_CLONE = shutil.ignore_patterns(".git", ".environment", "*_cache", "__pycache__", "state")
SHELL_TOOLS = ("sh", "cksum", "dirname", "flock", "id", "mkdir", "readlink", "rm")
VERSION = "bulkhead 0.1.0\n"
WAITING = "bulkhead: another start makes the environment; waiting for it\n"

NO_ENSUREPIP = """#!/bin/sh
case "$*" in
    *realpath*) echo "$0" ;;
    *ensurepip*) exit 1 ;;
esac
"""


class Machine:
    """A copy of the tree and a PATH of one's own to start it with."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "tree"
        self.programs = folder / "bin"
        self.programs.mkdir()
        shutil.copytree(ROOT, self.tree, ignore=NOT_IN_A_CLONE)
        for tool in SHELL_TOOLS:
            self.link(tool, shutil.which(tool))

    def link(self, name: str, program: str | Path | None) -> None:
        assert program is not None, f"{name} is missing on this machine"
        (self.programs / name).symlink_to(program)

    def script(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def python(self) -> None:
        self.link("python3", Path(sys.executable).resolve())

    def uv(self) -> None:
        self.link("uv", Path(sys.executable).with_name("uv"))

    @property
    def environ(self) -> dict[str, str]:
        own = {"PATH": str(self.programs)}
        return {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")} | own

    def spawn(self, *arguments: str, program: Path | None = None, cwd: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [program or self.tree / "bulkhead", *(arguments or ("--version",))],
            cwd=cwd or self.tree,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(self, *arguments: str, program: Path | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of one start."""
        process = self.spawn(*arguments, program=program, cwd=cwd)
        out, err = process.communicate()
        return process.returncode, out, err

    def environments(self, group: str = "core") -> set[Path]:
        return set((self.tree / ".environment").glob(f"{group}-*"))

    def making(self, group: str = "core") -> str:
        (environment,) = self.environments(group)
        return f"bulkhead: making {environment} from requirements/{group}.txt\n"


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """A machine with a shell, and neither Python nor uv."""
    return Machine(tmp_path)


@pytest.fixture(params=["uv", "venv"])
def machine(bare: Machine, request: pytest.FixtureRequest) -> Machine:
    """A machine with Python 3.11 or newer, with and without uv."""
    bare.python()
    if request.param == "uv":
        bare.uv()
    return bare


@pytest.fixture
def quick(bare: Machine) -> Machine:
    """A machine with uv, for what does not depend on the installer."""
    bare.python()
    bare.uv()
    return bare


def test_the_first_start_makes_the_environment_and_later_ones_only_use_it(machine: Machine) -> None:
    assert machine.start() == (0, VERSION, machine.making())
    assert machine.start() == (0, VERSION, "")


def test_later_starts_need_neither_python_on_the_path_nor_a_writable_tree(quick: Machine) -> None:
    quick.start()
    shutil.rmtree(quick.programs)
    quick.programs.mkdir()
    for tool in ("sh", "cksum", "dirname"):
        quick.link(tool, shutil.which(tool))
    assert quick.start() == (0, VERSION, "")


def test_two_first_starts_make_one_environment(machine: Machine) -> None:
    starts = [machine.spawn() for _ in range(2)]
    answers = sorted((*start.communicate(), start.returncode) for start in starts)
    assert answers == [(VERSION, WAITING, 0), (VERSION, machine.making(), 0)]


def test_an_install_that_was_killed_is_made_good_by_the_next_start(machine: Machine) -> None:
    first = machine.spawn()
    assert first.stderr is not None
    first.stderr.readline()
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert all(not (environment / "built").exists() for environment in machine.environments())
    status, out, err = machine.start()
    assert (status, out, err.removeprefix(WAITING)) == (0, VERSION, machine.making())


def test_an_install_that_outlives_its_start_is_waited_for(machine: Machine) -> None:
    first = machine.spawn()
    assert first.stderr is not None
    first.stderr.readline()
    first.kill()
    first.wait()
    assert machine.start() == (0, VERSION, WAITING)
    first.communicate()


def test_an_environment_that_cannot_be_made_is_not_used(machine: Machine) -> None:
    requirements = machine.tree / "requirements/core.txt"
    right = requirements.read_text()
    requirements.write_text(right.replace("sha256:", "sha256:0000")[:-4])
    status, out, err = machine.start()
    assert (status, out) == (1, "")
    assert err.endswith("bulkhead: the environment could not be made; mend what is said above, then start again\n")
    requirements.write_text(right)
    assert machine.start()[:2] == (0, VERSION)


def test_changed_requirements_make_another_environment_and_leave_the_one_in_use(quick: Machine) -> None:
    quick.start()
    before = quick.environments()
    with (quick.tree / "requirements/core.txt").open("a") as requirements:
        requirements.write("# another\n")
    status, out, err = quick.start()
    assert (status, out) == (0, VERSION)
    assert err.startswith("bulkhead: making ")
    assert quick.environments() > before


def test_a_moved_tree_makes_its_environment_anew(quick: Machine) -> None:
    quick.start()
    quick.tree = quick.tree.rename(quick.tree.with_name("elsewhere"))
    assert quick.start() == (0, VERSION, quick.making())


def test_it_starts_by_a_link_from_a_folder_with_names_like_ours(quick: Machine, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a user's folder"
    for package in ("daemon", "strategies", "click"):
        (elsewhere / package).mkdir(parents=True)
        (elsewhere / package / "__init__.py").write_text("raise SystemExit('not ours')")
    (elsewhere / "bulkhead").symlink_to(quick.tree / "bulkhead")
    assert quick.start(program=elsewhere / "bulkhead", cwd=elsewhere) == (0, VERSION, quick.making())


def test_a_development_tool_runs_with_the_tree_on_its_path(quick: Machine, tmp_path: Path) -> None:
    program = "import hypothesis, daemon; print(daemon.__file__)"
    status, out, _ = quick.start("--yes", "--dev", "--", "python", "-c", program, cwd=tmp_path)
    assert (status, out) == (0, f"{quick.tree / 'daemon/__init__.py'}\n")
    assert quick.start("--dev")[::2] == (1, "bulkhead: which tool? for example: ./bulkhead --dev -- pytest -q\n")


@pytest.mark.parametrize("python3", [None, "#!/bin/sh\nexit 1\n"], ids=["none", "too old"])
def test_without_a_suitable_python_it_says_what_to_install(bare: Machine, python3: str | None) -> None:
    if python3:
        bare.script("python3", python3)
    status, out, err = bare.start()
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == (
        "bulkhead: no Python 3.11 or newer; install it (Debian, Ubuntu: apt-get install python3-venv) or uv"
    )


@pytest.fixture
def debian(bare: Machine) -> Iterator[Machine]:
    """A machine whose Python has no ensurepip, as Debian's has none, and whose apt-get must not be called."""
    bare.script("python3", NO_ENSUREPIP)
    called = bare.tree / "apt-get was called"
    bare.script("apt-get", f"#!/bin/sh\n: >'{called}'\nexit 1\n")
    yield bare
    assert not called.exists()


def test_without_ensurepip_and_a_terminal_it_says_the_line_to_run(debian: Machine) -> None:
    status, out, err = debian.start()
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == (
        f"bulkhead: {debian.programs / 'python3'} has no ensurepip; run as root: apt-get install -y python3-venv"
    )


def test_without_ensurepip_it_asks_on_a_terminal_and_heeds_a_no(debian: Machine) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [debian.tree / "bulkhead", "--version"], env=debian.environ, stdin=theirs, stderr=subprocess.PIPE, text=True
    )
    os.write(ours, b"n\n")
    _, err = process.communicate()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 1
    assert err.endswith("with apt-get now? [y/N] bulkhead: run as root: apt-get install -y python3-venv\n")
