"""A module that, as some libraries do, starts a thread when it is imported."""

from threading import Event, Thread

Thread(target=Event().wait, daemon=True).start()
