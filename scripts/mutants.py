#!/usr/bin/env python3
"""Puts each fault's bug back, one at a time, and holds that the test which is named for it fails.

python -m scripts.mutants                 every patch of tests/mutants
python -m scripts.mutants --only F62      those whose name has that in it; may be given again

A patch is a unified diff with a head: `fault:` the fault's id, `test:` the test that must fail, then why. It is applied
to a copy of the tree, never to the tree itself, and must fit to the letter: `git apply` takes no fuzz. A test counts as
failed where it itself fails; one that cannot be collected or set up has noticed nothing.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "tests" / "mutants"
WORKERS: Final = 2

_NAME: Final = re.compile(r"F\d{2,3}-[a-z0-9-]+")
_HEAD: Final = re.compile(r"fault: (?P<fault>F\d{2,3})\ntest: (?P<test>tests/\S+\.py::\w+)\n(?P<why>(?:.+\n)+)\n--- a/")


class Mutant(NamedTuple):
    """A bug that is put back, and the test that has to notice it."""

    path: Path
    fault: str
    test: str
    why: str

    @property
    def name(self) -> str:
        """The patch's name without its ending."""
        return self.path.stem


class Outcome(NamedTuple):
    """What became of a mutant: `caught`, or why not."""

    mutant: Mutant
    verdict: str
    seconds: float


def mutants(folder: Path = FOLDER) -> list[Mutant]:
    """Every patch, by name; ValueError for one whose name or head is not as it should be."""
    return [_read(path) for path in sorted(folder.glob("*.patch"))]


def _read(path: Path) -> Mutant:
    head = _HEAD.match(path.read_text(encoding="utf-8"))
    if head is None:
        raise ValueError(f"{path.name}: begin with the lines `fault: F62`, `test: tests/...::test_...` and why")
    if not _NAME.fullmatch(path.stem) or path.stem.partition("-")[0] != head["fault"]:
        raise ValueError(f"{path.name}: the name is {head['fault']}-some-words.patch")
    return Mutant(path, head["fault"], head["test"], " ".join(head["why"].split()))


def drift(mutant: Mutant, tree: Path) -> str:
    """What is wrong with a patch on a tree, empty where it fits."""
    done = _git(tree, "apply", "--check", str(mutant.path))
    return done.stderr.strip() if done.returncode else ""


def run(chosen: Sequence[Mutant], *, root: Path = ROOT, workers: int = WORKERS) -> Iterator[Outcome]:
    """The outcomes, as they come."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-mutants-") as folder:
        trees = [Path(folder) / str(number) for number in range(workers)]
        _copy(root, trees[0])
        green = _results(trees[0], sorted({mutant.test for mutant in chosen}))
        for tree in trees[1:]:
            shutil.copytree(trees[0], tree)
        free: SimpleQueue[Path] = SimpleQueue()
        for tree in trees:
            free.put(tree)
        stopped = threading.Event()

        def judge(mutant: Mutant) -> Outcome:
            began, tree = time.perf_counter(), free.get()
            try:
                verdict = "not looked at" if stopped.is_set() else _verdict(mutant, tree, green)
            finally:
                free.put(tree)
            return Outcome(mutant, verdict, time.perf_counter() - began)

        with ThreadPoolExecutor(workers) as pool:
            try:
                yield from pool.map(judge, chosen)
            finally:
                stopped.set()


def _verdict(mutant: Mutant, tree: Path, green: Mapping[str, str]) -> str:
    if green[mutant.test] != "passed":
        return f"the test is not green without it: {green[mutant.test]}"
    try:
        with _applied(mutant, tree):
            found = _results(tree, [mutant.test])[mutant.test]
    except ValueError as error:
        return str(error)
    return {"failed": "caught", "passed": "NOT NOTICED"}.get(found, found)


@contextmanager
def _applied(mutant: Mutant, tree: Path) -> Iterator[None]:
    if wrong := drift(mutant, tree):
        raise ValueError(f"does not apply: {wrong}")
    _git(tree, "apply", str(mutant.path)).check_returncode()
    try:
        yield
    finally:
        _git(tree, "apply", "--reverse", str(mutant.path)).check_returncode()


def _results(tree: Path, tests: Sequence[str]) -> dict[str, str]:
    """Of each test `passed` or `failed`, of all its parameters together, else in words why it is neither."""
    report = tree / ".results.xml"
    report.unlink(missing_ok=True)
    words = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    # No bytecode is kept: two patches of one file may be of one size and one second.
    environ = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, f"--junit-xml={report}", *tests],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1) or not report.exists():
        if len(tests) > 1:  # one that is not there keeps all others from being looked at
            return {test: _results(tree, [test])[test] for test in tests}
        told = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or [""]
        return dict.fromkeys(tests, f"pytest could not run it (exit code {done.returncode}): {told[-1]}")
    found = dict.fromkeys(tests, "no such test was found")
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314  (pytest's own report, written a moment ago)
        test = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        if test in found:
            found[test] = _worse(found[test], _result(case))
    return found


def _result(case: ET.Element) -> str:
    if case.find("failure") is not None:
        return "failed"
    if case.find("error") is not None:
        return "it cannot be set up or taken down"
    return "it is skipped" if case.find("skipped") is not None else "passed"


def _worse(one: str, other: str) -> str:
    order = ["no such test was found", "passed", "it is skipped", "it cannot be set up or taken down", "failed"]
    return max(one, other, key=order.index)


def _copy(root: Path, tree: Path) -> None:
    """The files of a tree as they are now, committed or not, and nothing that is ignored."""
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed.check_returncode()
    for name in filter(None, listed.stdout.split("\0")):
        source, target = root / name, tree / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Git in a folder, which need not be a repository; one around it is none of its own."""
    environ = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    return subprocess.run(["git", *words], cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S607


def report(outcomes: Iterable[Outcome]) -> bool:
    """Print a line for each and how many there were; whether all were caught."""
    began, missed, count = time.perf_counter(), 0, 0
    for mutant, verdict, seconds in outcomes:
        count += 1
        missed += verdict != "caught"
        print(f"{mutant.name:<52} {seconds:5.1f} s  {verdict}", flush=True)
        if verdict != "caught":
            print(f"    {mutant.why}\n    {mutant.test}", flush=True)
    print(f"{count} mutants, {count - missed} caught, {missed} not; {time.perf_counter() - began:.0f} s")
    return not missed


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 where every chosen mutant is caught."""
    parser = argparse.ArgumentParser(description="Put each fault's bug back and see that its test fails.")
    parser.add_argument("--only", action="append", default=[], help="a fault's id, or a part of a patch's name")
    parser.add_argument("--workers", type=int, default=WORKERS, help="copies of the tree that are tried at a time")
    given = parser.parse_args(arguments)
    chosen = [one for one in mutants() if not given.only or any(_named(one, words) for words in given.only)]
    if not chosen:
        parser.error(f"no patch of {FOLDER} has {' or '.join(given.only) or '.patch'} in its name")
    return 0 if report(run(chosen, workers=given.workers)) else 1


def _named(mutant: Mutant, words: str) -> bool:
    return mutant.fault == words or (not re.fullmatch(r"F\d+", words) and words in mutant.name)


if __name__ == "__main__":
    sys.exit(main())
