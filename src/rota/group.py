"""The processes of one server or one worker, under a supervisor: which there are, and in what order they begin."""

import sys
from contextlib import suppress
from functools import partial

from rota import __version__, folder, processes
from rota.bootstrap import configure_log, log, migrate, open_blobs, open_store
from rota.clock import new_id, now
from rota.domain.errors import StorageFull, StoreUnavailable
from rota.engine import ledger
from rota.engine.embedded import Supervisor, aside
from rota.engine.lifeline import Gate
from rota.operations import deliveries, nodes, seal, sweeps
from rota.operations.nodes import Node
from rota.settings import BadSettings, Settings
from rota.web import address


def serve(settings: Settings, *, host: str, port: int, workers: int) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. Prints one line when it is ready."""
    configure_log(settings)
    try:
        port = address.free_port(host, port)
    except OSError as error:
        print(f"rota: cannot listen on {address.url(host, port)}: {error.strerror}", file=sys.stderr)
        return 1
    settings.data.mkdir(parents=True, exist_ok=True)
    with folder.sole_server(settings.data) as sole:
        node, owners, supervisor = _node(settings, "server"), _owners(settings, sole=sole), _supervisor(settings)
        gate = Gate()
        with supervisor.killing():
            # First, because it takes longest: it begins while the database is brought up to date, and answers then.
            supervisor.start("http", partial(processes.serve_http, settings, host, port, gate))
            aside(partial(_prepare_server, settings, node, sole=sole))
            gate.open()
            _start_runners(supervisor, settings, owners, workers)
            supervisor.start(f"{owners}courier", partial(processes.run_courier, settings))
            supervisor.start("scheduler", partial(processes.run_scheduler, settings, node))
            code = supervisor.run(
                ready=lambda: address.answers(host, port), announce=partial(_announce, address.url(host, port))
            )
        nodes.leave(open_store(settings), node)
        return code


def worker(settings: Settings, *, workers: int) -> int:
    """Run engine processes only, until SIGTERM or SIGINT; the exit code."""
    configure_log(settings)
    node, supervisor = _node(settings, "worker"), _supervisor(settings)
    aside(partial(_prepare, settings, node))
    with supervisor.killing():
        _start_runners(supervisor, settings, _owners(settings, sole=False), workers)
        supervisor.start("beacon", partial(processes.run_beacon, settings, node))
        code = supervisor.run(ready=lambda: True, announce=lambda: None)
    nodes.leave(open_store(settings), node)
    return code


def _announce(url: str) -> None:
    # Whoever has started the server may have closed its output.
    with suppress(OSError):
        print(f"rota: listening on {url}", flush=True)


def _node(settings: Settings, kind: str) -> Node:
    return Node(new_id(16), settings.node_name, kind, __version__, open_store(settings).knows(), started_at=now())


def _owners(settings: Settings, *, sole: bool) -> str:
    """How the names of this group's runners and its courier begin, in a database that other machines and `rota worker`
    may share.

    Only those of a sole server may be freed by the next one.
    """
    return f"{folder.server_id(settings.data)}.{'sole' if sole else 'more'}."


def _supervisor(settings: Settings) -> Supervisor:
    return Supervisor(log, freeze_s=settings.lease_s + 2)


def _start_runners(supervisor: Supervisor, settings: Settings, owners: str, workers: int) -> None:
    for number in range(workers):
        supervisor.start(f"{owners}{number}", partial(processes.run_runner, settings))


def _prepare_server(settings: Settings, node: Node, *, sole: bool) -> None:
    _prepare(settings, node)
    if sole:
        _recover(settings)


def _prepare(settings: Settings, node: Node) -> None:
    """Raises BadSettings and UnfitSchema."""
    migrate(settings, node)
    _check_blobs(settings)


def _recover(settings: Settings) -> None:
    """Nobody else serves this folder: what its earlier runners and its courier held is free, with no lease to wait
    for."""
    store, owners = open_store(settings), _owners(settings, sole=True)
    with store.write() as tx:
        ledger.recover(tx, owners, now=now())
        deliveries.free(tx, owners, now=now())
    if not settings.shares_blobs:
        # Else nobody can be seen to have died, and there may be much to look through: runners do so as they go.
        sweeps.remove_orphans(store, open_blobs(settings))
    store.close()


def _check_blobs(settings: Settings) -> None:
    """Raises BadSettings when no blob can be written, or when others' are there. A full disk is no fault of the
    settings, and may end."""
    store, blobs = open_store(settings), open_blobs(settings)
    try:
        blobs.check()
        seal.put(store, blobs)
    except StoreUnavailable as trouble:
        raise BadSettings(f"ROTA_BLOBS_URL is {settings.blobs!r}, which cannot be used: {trouble}.") from None
    except StorageFull:
        log.warning("blobs.full")
    finally:
        store.close()
