"""Names of time zones, as far as this machine knows them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from daemon.config.problems import nearest


def no_zone(name: str) -> str:
    """Why a name is no time zone's here, and which may be meant; empty when it is one."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zones = available_timezones()
        none = "" if zones else "; this machine has no time zones: install tzdata"
        return f"{name!r} is no time zone{none or nearest(name, zones)}"
    return ""
