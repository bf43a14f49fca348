"""The commands that move everything at once: backup, restore and migrate-store."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rota import __version__
from rota.cli import choices
from rota.cli.output import CommandError, say, show_json
from rota.cli.serve import Data
from rota.clock import new_id, now

if TYPE_CHECKING:
    from rota.moving.manifest import Content
    from rota.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what the target holds.")]


def backup(
    path: Annotated[Path, typer.Argument(metavar="FILE.tar|FOLDER", help="Where to; nothing is overwritten.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Keep everything, the database and its blobs, in a file or a folder, while the server goes on.

    Whoever has the archive has hashes of passwords and tokens, and the secrets of webhooks: it is readable for its
    owner alone.
    """
    settings = choices.settings(data=data)
    from rota import bootstrap
    from rota.moving.backup import backup as make

    _refuse_among_blobs(settings, path)
    with _told():
        whole, blobs = bootstrap.open_whole(settings.database), bootstrap.open_blobs(settings)
        made = make(whole, blobs, path, archive_id=new_id(32), version=__version__, now=now(), tell=say)
    say(f"{path} holds {made.rows:,} rows and {made.blobs:,} blobs.")
    if as_json:
        show_json({"path": str(path.absolute()), "id": made.id, **_summary(made.tables, made.blobs, made.blob_bytes)})


def restore(
    path: Annotated[Path, typer.Argument(metavar="FILE.tar|FOLDER", help="What `rota backup` has made.")],
    data: Data = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back, into an empty database of either kind; no server may be running.

    All of the archive is verified before anything is touched. Where it was interrupted it is run again.
    """
    settings = choices.settings(data=data)
    from rota import bootstrap
    from rota.folder import RestoreMark
    from rota.moving.archive import Reader
    from rota.moving.restore import restore as bring_back

    with _told(), _alone(settings.data):
        whole, blobs = bootstrap.open_whole(settings.database), bootstrap.open_blobs(settings)
        found = bring_back(Reader(path), whole, blobs, RestoreMark(settings.data), force=force, tell=say)
    say(f"{found.rows:,} rows and {found.blobs:,} blobs are back.")
    if as_json:
        show_json({"id": found.id, **_summary(found.tables, found.blobs, found.blob_bytes)})


def migrate_store(
    source: Annotated[str, typer.Option("--from", metavar="URL", help="What to move. [ROTA_DATABASE_URL]")] = "",
    target: Annotated[str, typer.Option("--to", metavar="URL", help="Where it is to go.")] = "",
    blobs_from: Annotated[str, typer.Option(metavar="URL", help="The blobs to move. [ROTA_BLOBS_URL]")] = "",
    blobs_to: Annotated[str, typer.Option(metavar="URL", help="Where the blobs are to go, if they are.")] = "",
    data: Data = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Move the database, its blobs or both to another place, such as from SQLite to PostgreSQL.

    Ids stay as they are. Each table is read again where it has arrived, and compared. The source is not changed. Where
    it was interrupted it is run again.
    """
    settings = choices.settings(data=data, **({"database_url": source} if source else {}))
    if not (target or blobs_to):
        raise CommandError("Nothing is to move: give --to, --blobs-to or both.", exit_code=2)
    from rota import bootstrap
    from rota.moving.transfer import transfer

    places = None
    if blobs_to:
        there = replace(settings, blobs_url=blobs_to)
        here = replace(settings, blobs_url=blobs_from) if blobs_from else settings
        places = (bootstrap.open_blobs(here), bootstrap.open_blobs(there))
    urls = [settings.database, *filter(None, [target])]
    with _told(), _alone(settings.data, *(_folder(url) for url in urls)):
        wholes = [bootstrap.open_whole(_database(url)) for url in urls]
        moved = transfer(wholes[0], wholes[1] if target else None, places=places, force=force, tell=say)
    if as_json:
        show_json({"anew": moved.anew, **_summary(moved.tables, moved.blobs, moved.blob_bytes)})


def _summary(tables: "tuple[Content, ...]", blobs: int, blob_bytes: int) -> dict[str, Any]:
    kept = [{"name": each.table.name, "rows": each.rows, "sha256": each.sha256} for each in tables]
    return {"rows": sum(each.rows for each in tables), "tables": kept, "blobs": blobs, "blob_bytes": blob_bytes}


def _database(url: str) -> str:
    if not url.startswith(("sqlite:///", "postgresql://")):
        raise CommandError(f"{url!r} is no database: give sqlite:///PATH or postgresql://…", exit_code=2)
    return url


def _path(url: str) -> Path:
    return Path(url.removeprefix("file://")).absolute()


def _folder(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")).absolute().parent if url.startswith("sqlite:///") else None


@contextmanager
def _alone(*folders: Path | None) -> Iterator[None]:
    """Hold the locks of these data folders, which servers hold. Raises CommandError."""
    from rota.folder import sole_server

    with ExitStack() as held:
        for folder in sorted({each.absolute() for each in folders if each}):
            folder.mkdir(parents=True, exist_ok=True)
            if not held.enter_context(sole_server(folder)):
                raise CommandError(f"A server works on {folder}: stop it first.")
        yield


def _refuse_among_blobs(settings: "Settings", path: Path) -> None:
    """An archive among the blobs would be taken for one of them."""
    if settings.blobs.startswith("file://") and _path(settings.blobs) in path.absolute().parents:
        raise CommandError(f"{path} lies within the blobs: give another place.", exit_code=2)


@contextmanager
def _told() -> Iterator[None]:
    from rota.store.whole import Unmovable

    try:
        yield
    except Unmovable as error:
        raise CommandError(str(error)) from error
