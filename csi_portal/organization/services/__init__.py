"""Changes of state on the ground floor: stores, people and their logins, rights, the duty roster."""

from .people import (
    add_employee,
    change_employee,
    change_own_password,
    close_login,
    give_login,
    new_first_password,
    reopen_login,
)
from .rights import grant_role, needs_second_person, withdraw_role
from .roster import cancel_off, set_off
from .stores import add_department, change_store, open_store, rename_department

__all__ = [
    "add_department",
    "add_employee",
    "cancel_off",
    "change_employee",
    "change_own_password",
    "change_store",
    "close_login",
    "give_login",
    "grant_role",
    "needs_second_person",
    "new_first_password",
    "open_store",
    "rename_department",
    "reopen_login",
    "set_off",
    "withdraw_role",
]
