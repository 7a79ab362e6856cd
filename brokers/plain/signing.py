"""The account's key and secret, from a file of its own, and what is signed with them. Standard library only, since the
canceller uses it too.

A request carries the headers `X-Key`, `X-Timestamp` (Unix nanoseconds by the venue's clock), `X-Within` (nanoseconds
after that in which it may be carried out) and `X-Signature`: HMAC-SHA256 (RFC 2104), as hexadecimal digits, of the
lines timestamp, within, method, target and body. The stream is opened by signing the nonce that the venue sends first.
"""

import hashlib
import hmac
import json
import os
import stat
from pathlib import Path
from typing import Final

from brokers.errors import BadCredentials

_FIELDS: Final = frozenset({"key", "secret"})
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class Credentials:
    """A key and the secret that goes with it, and the file that has them. Nothing but `sign` sees the secret, and no
    text has it."""

    __slots__ = ("__secret", "file", "key")

    def __init__(self, key: str, secret: str, *, file: str | Path) -> None:
        self.key = key
        self.file = file
        self.__secret = secret.encode()

    @classmethod
    def load(cls, path: str | Path) -> "Credentials":
        """From a file `{"key": "...", "secret": "..."}` that nobody else may read; BadCredentials otherwise."""
        try:
            # Opened without waiting, as a pipe would wait for somebody who writes to it.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise BadCredentials(f"the credentials file {path} cannot be opened: {error.strerror}") from None
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            os.close(descriptor)
            what = "a folder" if stat.S_ISDIR(kind) else "no regular file"
            raise BadCredentials(f"the credentials file {path} is {what}; name the file with key and secret")
        with os.fdopen(descriptor, "rb") as file:
            mode = stat.S_IMODE(kind)
            if mode & _OTHERS:
                raise BadCredentials(
                    f"the credentials file {path} has mode {mode:04o}: others may use it; chmod 600 it"
                )
            text = file.read()
        # What is wrong is not quoted: it may be the secret. Nor does the error that says so go along.
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in _FIELDS):
            raise BadCredentials(f'the credentials file {path} is not of the form {{"key": "...", "secret": "..."}}')
        if not (found["key"] and found["secret"]):
            raise BadCredentials(f"the credentials file {path} has an empty key or secret")
        return cls(found["key"], found["secret"], file=path)

    def headers(self, *, method: str, target: str, body: bytes, stamp_ns: int, within_ns: int) -> dict[str, str]:
        """The headers of one request; `target` is its path and query."""
        signed = f"{stamp_ns}\n{within_ns}\n{method}\n{target}\n".encode() + body
        return {
            "X-Key": self.key,
            "X-Timestamp": str(stamp_ns),
            "X-Within": str(within_ns),
            "X-Signature": self.sign(signed),
        }

    def sign(self, text: bytes) -> str:
        """HMAC-SHA256 in hexadecimal digits."""
        return hmac.new(self.__secret, text, hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return "Credentials(...)"

    def __reduce__(self) -> str:
        raise TypeError("credentials are not copied")
