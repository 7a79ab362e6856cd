"""Group K: what would run if it were believed."""

import ast
import hashlib
import pickle  # noqa: TID251  (what must be refused is made with it)
import site
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from daemon.config.problems import ConfigProblems
from daemon.hosts import wire
from daemon.journal.reader import JournalReader
from daemon.journal.segments import segment_at
from tests.config_builders import CONFIG, edited, plan_of, problems_of
from tests.simulation.disk import SimulatedDisk
from tests.unit.test_cli import Bulkhead, bulkhead, state  # noqa: F401  (fixtures)
from trading.errors import UnsupportedState
from trading.state import decode_state, encode_state
from trading.strategy import Strategy

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("trading", "brokers", "strategies", "daemon", "scripts")


class Owner(Strategy):
    """The strategy whose state is hostile."""


# F109: a config that is a program.


def hostile_tags(canary: Path) -> list[str]:
    return [
        f'!!python/object/apply:os.system ["touch {canary}"]',
        f'!!python/object/apply:subprocess.check_call [["touch", "{canary}"]]',
        f'!!python/object/new:os.system ["touch {canary}"]',
        f'!!python/object/apply:builtins.eval ["open({str(canary)!r}, {"w"!r})"]',
        "!!python/object:daemon.disk.RealDisk {}",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!!python/tuple [1, 2]",
        "!ruby/object:Gem::Installer {}",
    ]


@pytest.mark.parametrize("number", range(9))
def test_a_tag_that_makes_an_object_is_refused_wherever_it_stands_and_makes_none(tmp_path: Path, number: int) -> None:
    canary = tmp_path / "canary"
    tag = hostile_tags(canary)[number]
    for text in (
        edited("mode: paper", f"mode: {tag}"),
        edited("id: sma-aaa", f"id: {tag}"),
        edited("params: {symbol: AAA, fast: 10}", f"params:\n      symbol: {tag}"),
        f"{CONFIG}extra:\n  - {tag}\n",
        f"{tag}: paper\n",
        f"--- {tag}\n",
    ):
        with pytest.raises(ConfigProblems):
            plan_of(tmp_path, text)
        assert not canary.exists(), text
    assert problems_of(tmp_path, CONFIG, {"BULKHEAD_FEED__SEED": tag})
    assert not canary.exists()


# F110: state, records and messages that are programs.


class Bomb:
    """What runs when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self.canary), "w"))


CODE = {"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle", "copyreg"}
RUNS = {"eval", "exec", "compile"}


def what_runs_data(tree: ast.AST) -> Iterator[str]:
    """Imports of formats that carry code, processes that are handed objects, and calls that run text or load anything
    that YAML can name."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names if one.name.partition(".")[0] in {*CODE, "multiprocessing"})
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in {*CODE, "multiprocessing"}:
                yield module
            case ast.Call(func=ast.Name(id=name)) if name in RUNS:
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr=name), args=[_, ast.Name(id=loader)]):
                if loader not in {"PlainLoader", "_ExactLoader"}:
                    yield f"yaml.{name}({loader})"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "full_load" | "unsafe_load")):
                yield "yaml.load without a loader of ours"
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                yield "allow_pickle"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_format_that_carries_code_is_read_anywhere(package: str) -> None:
    found = {
        f"{file.relative_to(ROOT)}: {what}"
        for file in sorted((ROOT / package).rglob("*.py"))
        for what in what_runs_data(ast.parse(file.read_text()))
    }
    assert found == set()


def test_one_that_is_brought_in_is_seen() -> None:
    lines = ("import pickle", "from marshal import loads", "eval(x)", "yaml.load(x, Other)", "yaml.full_load(x)")
    assert len([*what_runs_data(ast.parse("\n".join(lines)))]) == len(lines)


def heap(*nodes: object) -> bytes:
    return msgspec.msgpack.encode([1, [["dict", [["x", ["ref", 1]]]], *nodes]])


@pytest.mark.parametrize(
    "named",
    ["os:system", "posix:system", "subprocess:Popen", "builtins:eval", "builtins:open", "pathlib:Path", "io:FileIO",
     "daemon.disk:RealDisk", "trading.container:ScopedContainer", "trading.state:decode_state", ":Owner", "os.path:os",
     "daemon.api.routes:Asked", "daemon.api.stream:Heartbeat"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["object", "struct", "dataclass"])
def test_a_kept_state_names_no_class_that_is_none_of_its_strategys_or_the_cores_values(named: str, form: str) -> None:
    content: object = "touch canary" if form == "object" else {}
    with pytest.raises(UnsupportedState):
        decode_state(heap([form, named, content]), owner=Owner)


def test_a_pickle_is_read_as_damage_by_everything_that_reads(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    bomb = pickle.dumps(Bomb(canary))
    with pytest.raises(UnsupportedState):
        decode_state(bomb, owner=Owner)
    with pytest.raises(UnsupportedState):
        encode_state({"x": Bomb(canary)}, owner=Owner)
    with pytest.raises(wire.Garbage):
        wire.from_child(bomb)
    disk = SimulatedDisk()
    disk.make_directory(Path("/state/journal"))
    segment = segment_at(Path("/state/journal"), 1)
    file = disk.create(segment.path, 4_096)
    file.write_at(bomb, 0)
    assert list(JournalReader(disk, Path("/state/journal")).entries()) == []
    assert not canary.exists()


# F112: dependencies that are not what was locked.


def wheel_of(folder: Path, extra: dict[str, str]) -> Path:
    """A wheel as anybody can make one."""
    files = {
        "harmless.py": "",
        **extra,
        "harmless-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: harmless\nVersion: 1.0\n",
        "harmless-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in files.items()]
    files["harmless-1.0.dist-info/RECORD"] = "\n".join([*record, "harmless-1.0.dist-info/RECORD,,", ""])
    wheel = folder / "harmless-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return wheel


def _digest(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize("case", ["as locked", "another file", "no hash"])
def test_a_wheel_that_is_not_the_locked_one_is_not_installed(tmp_path: Path, case: str) -> None:
    """By the installer and the flags of `./bulkhead`; the other file brings a line that runs at every start."""
    sound = hashlib.sha256(wheel_of(tmp_path, {}).read_bytes()).hexdigest()
    if case == "another file":
        wheel_of(tmp_path, {"harmless.pth": "import os; os.abort()\n"})
    locked = tmp_path / "locked.txt"
    locked.write_text("harmless==1.0" + ("" if case == "no hash" else f" --hash=sha256:{sound}") + "\n")
    target = tmp_path / "installed"
    uv = Path(sys.executable).with_name("uv")
    words = ["pip", "install", "--quiet", "--require-hashes", "--offline", "--no-cache", "--no-index"]
    done = subprocess.run(
        [uv, *words, "--find-links", tmp_path, "--target", target, "-r", locked],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (case == "as locked"), done.stderr
    assert (target / "harmless.py").exists() is (case == "as locked")
    assert not (target / "harmless.pth").exists()


def test_whatever_installs_asks_for_hashes() -> None:
    script = (ROOT / "bulkhead").read_text().replace("\\\n", " ")
    installs = [line for line in script.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line and '-r "$requirements"' in line for line in installs)


LINES_AT_START = {"distutils-precedence.pth", "_virtualenv.pth"}
"""Of setuptools, which an environment is born with, and of uv's environments."""


def test_nothing_runs_at_every_start_of_python_but_what_an_environment_is_born_with() -> None:
    folders = [Path(folder) for folder in {*site.getsitepackages(), site.getusersitepackages()}]
    found = {file.name: file for folder in folders if folder.is_dir() for file in folder.glob("*.pth")}
    running = {
        name
        for name, file in found.items()
        if any(line.startswith(("import ", "import\t")) for line in file.read_text(errors="replace").splitlines())
    }
    assert running <= LINES_AT_START
