"""A canceller as a venue's would be: it asks a server on this machine to cancel. Options say where, and how to fail."""

import http.client
import json
import time
from collections.abc import Mapping


def cancel_everything(options: Mapping[str, object]) -> list[str]:
    """What the server says that it has cancelled."""
    if options.get("hangs"):
        time.sleep(3600)
    connection = http.client.HTTPConnection("127.0.0.1", int(str(options["port"])), timeout=2)
    connection.request("DELETE", "/orders", headers={"X-Key": str(options.get("key", ""))})
    answer = connection.getresponse()
    told = answer.read().decode()
    if answer.status != 200:
        raise RuntimeError(f"status {answer.status} for key={options.get('key', '')}: {told}")
    cancelled: list[str] = json.loads(told)
    return cancelled
