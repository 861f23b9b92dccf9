"""What a configuration needs of its stores, refused at start-up where no store promises it."""

from __future__ import annotations

from ..errors import CapabilityError
from ..settings import Settings, mask_url
from .routing import Stores

__all__ = ["check_capabilities"]


def check_capabilities(settings: Settings, stores: Stores, *, workers: int) -> None:
    """Return if the open stores promise what the settings and so many processes need.

    `CapabilityError` lists every role that is ill served.
    """
    complaints = []
    for role, name in stores.routes.items():
        store = settings.stores.get(name)
        url = f" ({mask_url(store.url)})" if store else ""
        where = f"The role {role!r} is kept by the store {name!r}{url}"
        promised = stores.capabilities(role)
        if workers > 1 and not (promised.shared and promised.atomic == "store"):
            complaints.append(
                f"{where}, which is of one process only, but {workers} workers are asked for. "
                f"Run one worker, or route `roles.{role}` to a database."
            )
        descriptor = stores.descriptors.get(name)
        if descriptor and descriptor.capabilities.durable and not promised.durable:
            complaints.append(
                f"{where}, which can keep what it acknowledged, but as it is set up does not. "
                "Turn its eviction off and its persistence on, "
                f"or route `roles.{role}` to another store."
            )
    if complaints:
        raise CapabilityError("\n".join(complaints))
