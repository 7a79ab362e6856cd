"""A client of the daemon's API over its Unix socket, by the standard library alone, and how the daemon is found."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from daemon.errors import DaemonError, NotRunning, UnknownStrategy, Unreachable
from daemon.net import check_socket_path

DEFAULT_CONFIG = Path("config.yaml")
_HOW_TO_FIND = "start it by `bulkhead run`, or say where it is: --socket, BULKHEAD_STATE, or -c CONFIG"


def find_state(config: Path | None, environ: Mapping[str, str]) -> Path:
    """The state directory: BULKHEAD_STATE, else what the named config says, else what `./config.yaml` says."""
    if state := environ.get("BULKHEAD_STATE"):
        return Path(state).expanduser().absolute()
    if config is None and not DEFAULT_CONFIG.exists():
        raise NotRunning("no daemon is named, and there is no config.yaml here", mend=_HOW_TO_FIND)
    from daemon.config.source import state_folder

    return state_folder(config or DEFAULT_CONFIG, environ)


class Client:
    """Asks one daemon. Raises NotRunning, Unreachable, UnknownStrategy, and DaemonError for other refusals."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        check_socket_path(path)
        self._path = path
        self._timeout_seconds = timeout_seconds

    def get(self, path: str, **query: str | int | None) -> Any:
        """Ask; parameters that are None are left out."""
        given = urlencode({name: value for name, value in query.items() if value is not None})
        return self._ask("GET", f"{path}?{given}" if given else path, None)

    def post(self, path: str, **body: object) -> Any:
        """Ask for something to be done."""
        return self._ask("POST", path, json.dumps(body))

    def _ask(self, method: str, target: str, body: str | None) -> Any:
        from http.client import BAD_REQUEST, HTTPException

        from daemon.cli.connection import UnixConnection

        connection = UnixConnection(self._path, self._timeout_seconds)
        try:
            connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except FileNotFoundError:
            raise NotRunning(f"no daemon runs: there is no socket {self._path}", mend=_HOW_TO_FIND)
        except ConnectionRefusedError:
            raise NotRunning(
                f"no daemon runs: the socket {self._path} is left from one that was killed",
                mend="start it again by `bulkhead run`; it goes on where it was",
            )
        except PermissionError:
            raise Unreachable(
                f"the daemon's socket {self._path} is not yours", mend="ask as the daemon's own user, or as root"
            )
        except TimeoutError:
            raise self._unreachable(f"no answer within {self._timeout_seconds:g} s")
        except (OSError, HTTPException, ValueError) as error:
            raise self._unreachable(str(error) or type(error).__name__)
        finally:
            connection.close()
        if response.status >= BAD_REQUEST:
            raise _refusal(answer)
        return answer

    def _unreachable(self, why: str) -> Unreachable:
        return Unreachable(
            f"the daemon at {self._path} does not answer: {why}",
            mend="try again with a longer --timeout, and look at its log; killing and starting it again loses nothing",
        )


def _refusal(answer: Mapping[str, str]) -> DaemonError:
    kind = UnknownStrategy if answer.get("error") == "unknown_strategy" else DaemonError
    return kind(answer.get("message", "the daemon refused"), mend=answer.get("mend", ""))
