"""Databases in moto's server: one secret for the password that RDS keeps.

Moto makes another secret each time a change says again that RDS is to keep the password, and
forgets the one before.
"""

from typing import Any

from moto.rds.models import DBInstance

__all__ = ["keep_one_managed_secret"]


def keep_one_managed_secret() -> None:
    """Let a change that says what is so already make no second secret."""
    change = DBInstance.update

    def change_once(self: Any, **changes: Any) -> None:
        if self.manage_master_user_password:
            changes = {name: value for name, value in changes.items() if not _keeps(name, value)}
        change(self, **changes)

    DBInstance.update = change_once


def _keeps(name: str, value: object) -> bool:
    return name == "manage_master_user_password" and value is True
