"""What /metrics says: requests from this process, rows, chunks, leases and takeovers from the database's totals."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric

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


class _Totals:
    """Reads the running totals at the moment of a scrape: they count every process of every machine."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        with self._store.read() as tx:
            amounts = {row["name"]: row["amount"] for row in tx.all("totals_all")}
        for name, help_text in TOTALS.items():
            yield CounterMetricFamily(f"rota_{name}", help_text, value=amounts.get(name, 0))


class Metrics:
    """Counts requests, and renders everything in Prometheus' text format. `streams` are those that are open."""

    def __init__(self, store: Store, streams: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        labels = ["dialect", "method", "status"]
        self._requests = Counter("rota_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "rota_request_seconds", "Time until the answer began.", ["dialect"], registry=self._registry
        )
        Gauge("rota_streams", "Event streams that are open.", registry=self._registry).set_function(streams)
        self._registry.register(_Totals(store))

    def note(self, dialect: str, method: str, status: str, seconds: float) -> None:
        self._requests.labels(dialect, method if method in _METHODS else "other", status).inc()
        self._seconds.labels(dialect).observe(seconds)

    def render(self) -> bytes:
        text: bytes = generate_latest(self._registry)
        return text


_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"})
