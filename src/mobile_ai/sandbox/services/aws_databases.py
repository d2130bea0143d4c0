"""Patches moto: a single managed password secret per database.

Moto creates another secret for each modification that repeats `manage_master_user_password`, and
loses the previous one.
"""

from typing import Any

from moto.rds.models import DBInstance


def keep_one_managed_secret() -> None:
    """Patch moto to create no second secret for a repeated setting."""
    change = DBInstance.update

    def change_once(self: Any, **changes: Any) -> None:
        if self.manage_master_user_password:
            changes = {name: value for name, value in changes.items() if not _keeps(name, value)}
        change(self, **changes)

    DBInstance.update = change_once


def _keeps(name: str, value: object) -> bool:
    return name == "manage_master_user_password" and value is True
