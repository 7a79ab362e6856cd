"""An environment of its own for each peer, as one's pins exclude another's: made once, under `.environment/peers`."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
_PLACE: Final = ROOT / ".environment" / "peers"


class NotInstalled(Exception):
    """A peer's environment could not be made."""


def python_of(peer: str) -> Path:
    """The Python of a peer's environment, which is made from its pinned requirements where it is not there yet;
    NotInstalled with the last words of whoever failed.

    It is named by the checksum of its requirements, never changed, and counts once it holds the file `built`, which is
    written last. Another's of the same peer is removed."""
    requirements = Path(__file__).with_name(f"requirements-{peer}.txt")
    checksum = hashlib.blake2b(requirements.read_bytes(), digest_size=4).hexdigest()
    environment = _PLACE / f"{peer}-{checksum}"
    python = environment / "bin" / "python"
    if not (environment / "built").is_file():
        for older in _PLACE.glob(f"{peer}-*"):
            shutil.rmtree(older)
        _say(f"making an environment for {peer}")
        _run([sys.executable, "-m", "venv", str(environment)])
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*pip, "--require-hashes", "-r", str(requirements)])
        (environment / "built").touch()
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise NotInstalled(words[-1] if words else f"{command[0]} ended with {done.returncode}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
