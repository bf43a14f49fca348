"""Works on a data folder where no server is named: /admin/v1 answers in this very process, over the store itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from rota import bootstrap
from rota.cli import choices
from rota.cli.client import Client
from rota.cli.output import CommandError
from rota.clock import new_id, now
from rota.domain.accounts import Actor
from rota.operations import accounts
from rota.store.port import Store
from rota.web import admin


@contextmanager
def open_folder() -> Iterator[Client]:
    """The folder of ROTA_DATA, as the root account's superuser: who may read it may do all. Raises CommandError."""
    settings = choices.settings()
    store = bootstrap.open_store(settings)
    try:
        superuser = _superuser(store, settings.data)
        app = admin.create(
            store=store, clock=now, new_id=new_id, session_s=settings.session_s, who=lambda request: superuser
        )
        with Client("http://folder", transport=httpx.WSGITransport(app)) as client:
            yield client
    finally:
        store.close()


def _superuser(store: Store, data: Path) -> Actor:
    try:
        store.check()
        with store.read() as tx:
            return accounts.superuser(tx)
    # Whatever the database's driver raises, it comes down to this.
    except Exception as error:
        why = str(error).strip() or "it has no root account"
        raise CommandError(
            f"No rota can be used in {data.absolute()}: {why}. `rota migrate` makes one; ROTA_DATA names the folder, "
            "ROTA_URL a server."
        ) from error
