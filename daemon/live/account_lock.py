"""One daemon for one account on a host: the kernel holds a name for it, and lets go of it with the process.

The name is of no file (an abstract Unix socket), so there is nothing to be left behind, copied or deleted. It is known
to this host alone; elsewhere the fencing epochs of client order ids tell.
"""

import hashlib
import socket

from daemon.errors import AccountInUse


def hold_account(account: str) -> socket.socket:
    """Hold an account, as its broker names it, until what is returned is closed; AccountInUse while another does."""
    digest = hashlib.blake2b(account.encode(), digest_size=16).hexdigest()
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        holder.bind(f"\0bulkhead-account-{digest}")
    except OSError:
        holder.close()
        raise AccountInUse(
            f"another daemon on this host trades this account ({account})",
            mend="stop that one, or give this one another account",
        ) from None
    return holder
