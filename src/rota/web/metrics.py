"""What /metrics says: requests from this process; from the database totals, nodes, and what waits for a runner."""

from collections import Counter as Tally
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from rota.operations import nodes
from rota.store.port import Store

TOTALS = {
    "jobs_created": "Bulk jobs created.",
    "jobs_ended": "Bulk jobs that came to an end.",
    "rows_succeeded": "Rows settled as done.",
    "rows_failed": "Rows settled as failed.",
    "chunks": "Chunks settled.",
    "leases": "Leases of chunks granted.",
    "takeovers": "Chunks taken over from a runner whose lease ran out.",
    "runner_deaths": "Runners that died with a chunk in hand or without.",
    "deliveries_delivered": "Messages that webhooks have taken.",
    "deliveries_failed": "Messages to webhooks that were given up.",
}


MOST_WAITING = 10_000
"""Chunks that are counted at most: more runners than that nobody starts."""


class _Totals:
    """Reads the database at the moment of a scrape: it knows every process of every machine."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        with self._store.read() as tx:
            amounts = {row["name"]: row["amount"] for row in tx.all("totals_all")}
            waiting = tx.value("chunks_waiting", limit=MOST_WAITING)
            alive = Tally((node.kind, node.version) for node in nodes.alive(tx, now=self._clock()))
        for name, help_text in TOTALS.items():
            yield CounterMetricFamily(f"rota_{name}", help_text, value=amounts.get(name, 0))
        yield GaugeMetricFamily(
            "rota_chunks_waiting", f"Chunks that a runner could take, up to {MOST_WAITING}.", value=waiting
        )
        yield from _nodes(alive)


def _nodes(alive: Tally[tuple[str, str]]) -> Iterator[Metric]:
    family = GaugeMetricFamily("rota_nodes", "Servers and workers alive.", labels=["kind", "version"])
    for labels, number in sorted(alive.items()):
        family.add_metric(labels, number)
    yield family


class Metrics:
    """Counts requests, and renders everything in Prometheus' text format. `streams` are those that are open, `clock` is
    microseconds since 1970."""

    def __init__(self, store: Store, streams: Callable[[], int], clock: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        labels = ["dialect", "method", "status"]
        self._requests = Counter("rota_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "rota_request_seconds", "Time until the answer began.", ["dialect"], registry=self._registry
        )
        Gauge("rota_streams", "Event streams that are open.", registry=self._registry).set_function(streams)
        self._registry.register(_Totals(store, clock))

    def note(self, dialect: str, method: str, status: str, seconds: float) -> None:
        self._requests.labels(dialect, method if method in _METHODS else "other", status).inc()
        self._seconds.labels(dialect).observe(seconds)

    def render(self) -> bytes:
        text: bytes = generate_latest(self._registry)
        return text


_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"})
