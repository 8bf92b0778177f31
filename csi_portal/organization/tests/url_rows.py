"""How a floor says who may open which page: the rows that desk/tests/test_every_url.py walks.

Every app has `tests/url_table.py` with `ROWS` and, where its pages show objects, `furnish(at)`:

    from csi_portal.organization.tests.url_rows import ALL, Row

    CARE = "care_agent care_manager"
    ROWS = [
        Row("surveys:queue", get=CARE),                                    # a page without an object
        Row("surveys:call", args=lambda at: [at.callback.pk], get=CARE, post=CARE, sees="general_manager"),
        Row("surveys:link", args=lambda at: [at.token], get=PUBLIC, post=PUBLIC),
    ]

    def furnish(at):
        "One object of each kind, made through the services; runs once per store, lower floors first."
        at.callback = ...

What the walk demands of a row, for every role, `nobody` (signed in, without any right) and `anonymous`:

    role is named in `get` / `post`   an answer under 400; POST may also say 400 or 409 (body: `data(at)` or empty)
    role is not named, no `args`      403
    role is not named, with `args`    403 if the role is named elsewhere in the row (`get`, `post`, `sees`), else 404
    object of the other store         404 for everybody signed in
    `get` or `post` left out          405 for the roles of the row
    PUT, PATCH, DELETE                405 for the roles of the row
    anonymous                         a redirect to the sign-in, unless the method is PUBLIC
    any refusal, and any GET          not one row written (a GET that must write says why in `get_writes`)

`denied=403` is for views that refuse a role before they look for the object: then 403 replaces 404 for that role.
Roles are given as words in one string; `ALL` is everybody signed in, also `nobody`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from csi_portal.organization.enums import DepartmentCode, Role
from csi_portal.organization.models import Department, Employee, RoleGrant, Store, User

NOBODY = "nobody"
ANONYMOUS = "anonymous"
SIGNED_IN = [*Role.values, NOBODY]
ALL = " ".join(SIGNED_IN)
PUBLIC = f"{ALL} {ANONYMOUS}"


@dataclass(frozen=True)
class Row:
    name: str
    get: str | None = None
    post: str | None = None
    args: Callable[["Place"], list | dict] | None = None
    sees: str = ""
    denied: int | None = None
    query: str = ""
    data: Callable[["Place"], dict] | None = None
    get_writes: str = ""

    def __post_init__(self):
        unknown = set(f"{self.get or ''} {self.post or ''} {self.sees}".split()) - {*SIGNED_IN, ANONYMOUS}
        if unknown or (self.get is None and self.post is None):
            raise ValueError(f"{self.name}: unknown roles {sorted(unknown)} or no method at all")

    def roles(self, method: str) -> set[str]:
        """Who may use the method."""
        return set((getattr(self, method.lower()) or "").split())

    def named(self) -> set[str]:
        """Who sees the object, whatever they may do to it."""
        return self.roles("get") | self.roles("post") | set(self.sees.split())


class Place:
    """One store with every department, a login per role, and whatever the floors' furnish() put into it.

    Each login holds exactly one role in this store (the department manager in after-sales); only `employee` is an
    Employee of the roster, in after-sales. `users["nobody"]` has no right at all.
    """

    def __init__(self, code: str, now: datetime | None = None):
        self.now = now or timezone.now()
        self.store = Store.objects.create(code=code, name=f"例{code}店", timezone="Asia/Shanghai")
        self.departments = {
            value: Department.objects.create(store=self.store, code=value) for value in DepartmentCode.values
        }
        self.department = self.departments["after_sales"]
        self.users = {role: self._login(role) for role in SIGNED_IN}
        self.employee = self.hire("例员工", user=self.users["employee"])

    def _login(self, role: str) -> User:
        user = User(username=f"{role}.{self.store.code}".lower())
        user.set_unusable_password()
        user.save()
        if role not in (NOBODY, Role.EMPLOYEE):
            department = self.department if role == Role.DEPARTMENT_MANAGER else None
            RoleGrant.objects.create(user=user, role=role, store=self.store, department=department)
        return user

    def hire(self, name: str, user: User | None = None, department: Department | None = None) -> Employee:
        """Add an employee to the store, in after-sales unless told."""
        number = Employee.objects.filter(store=self.store).count() + 1
        return Employee.objects.create(
            store=self.store,
            department=department or self.department,
            staff_number=f"{number:03}",
            name=name,
            user=user,
        )
