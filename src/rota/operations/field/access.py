"""Who may do what with the collections of the field. Nobody sees what another account has."""

from dataclasses import dataclass
from enum import StrEnum

from rota.domain.accounts import Actor, Role
from rota.domain.errors import Forbidden


class Who(StrEnum):
    """OWN: admins, and members with what is their own; their collection sees to it."""

    NOBODY = "nobody"
    ADMINS = "admins"
    OWN = "own"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Access:
    read: Who = Who.MEMBERS
    create: Who = Who.ADMINS
    change: Who = Who.ADMINS
    delete: Who = Who.ADMINS


def is_admin(actor: Actor) -> bool:
    return actor.user.role is Role.ADMIN or actor.user.superuser


def permits(actor: Actor, who: Who) -> bool:
    return who is not Who.NOBODY and (who is not Who.ADMINS or is_admin(actor))


def permit(actor: Actor, who: Who) -> None:
    """Raises Forbidden unless the actor is among them."""
    if not permits(actor, who):
        raise Forbidden
