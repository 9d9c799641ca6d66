"""To whom tasks can be given: who may work on them, and sees the customers they are about."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from serving.people.scopes import ROLES
from serving.people.users import User, all_users, normal
from serving.store.published import Found


@dataclass(frozen=True)
class Assignees:
    """Users by name, and the owners of the release's customers, as far as a reader sees them.

    Of an owner who is no user here nobody knows what they see: a system of their own may show it.
    """

    users: Mapping[str, User]
    owners: frozenset[str]

    def names(self) -> list[str]:
        """Who may work on tasks of some of these customers, by name."""
        every = {*self.users, *self.owners}
        return sorted(name for name in every if self.may_work(name))

    def names_for(self, owner: str | None) -> list[str]:
        """Who may work on the task of a customer of this owner, by name."""
        return [name for name in self.names() if self.sees(name, owner)]

    def is_known(self, name: str | None) -> bool:
        """Whether anybody is called so."""
        return name is not None and (self._user(name) is not None or name in self.owners)

    def may_work(self, name: str) -> bool:
        """Whether somebody who is known works on tasks, and sees any of these customers."""
        user = self._user(name)
        if user is None:
            return name in self.owners
        sees_some = user.owners is None or bool(user.owners & self.owners)
        return "work:write" in ROLES[user.role] and sees_some

    def sees(self, name: str, owner: str | None) -> bool:
        """Whether somebody who is known sees the customers of this owner."""
        user = self._user(name)
        return user is None or user.owners is None or owner in user.owners

    def _user(self, name: str) -> User | None:
        return self.users.get(normal(name))


def assignees(connection: Connection, found: Found) -> Assignees:
    """Those of the release, as far as this reader sees its customers."""
    users = {user.name: user for user in all_users(connection)}
    return Assignees(users, frozenset(found.release.owners))
