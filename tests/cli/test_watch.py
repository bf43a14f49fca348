"""The progress of a job, on a clock of the test's own."""

from itertools import count
from typing import Any

import pytest

from rota.cli.watch import LINE_S, POLL_S, watch


def job(rows: int, status: str = "executing", total: int | None = 1_000) -> dict[str, Any]:
    return {"id": "j", "status": status, "success_count": rows, **({"total_count": total} if total else {})}


def run(jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """Watch these, one per poll, with time passing only in the pauses."""
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    looks = iter(jobs)
    return dict(watch(lambda: next(looks), pause=pause, clock=lambda: now[0]))


def test_it_looks_about_four_times_a_second_until_the_job_has_ended() -> None:
    pauses: list[float] = []
    looks = iter([*[job(n) for n in range(5)], job(1_000, "success")])
    ended = watch(lambda: next(looks), pause=pauses.append, clock=count().__next__)
    assert ended["status"] == "success"
    assert pauses == [POLL_S] * 5
    assert next(looks, None) is None


def test_a_line_per_second_says_how_far_how_fast_and_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    run([*[job(100 * n) for n in range(9)], job(1_000, "success")])
    assert LINE_S == 1.0
    assert capsys.readouterr().err.splitlines() == [
        "rota: executing, 0 of 1000 rows, 0 rows/s",
        "rota: executing, 400 of 1000 rows, 400 rows/s, 2 s left",
        "rota: executing, 800 of 1000 rows, 400 rows/s, 0 s left",
        "rota: job j: success, 1000 rows succeeded, 0 failed of 1000.",
    ]


def test_a_job_without_a_total_has_no_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    run([{"id": "j", "status": "pending"}, *[job(100 * n, total=None) for n in range(5)], job(500, "stopped", None)])
    assert capsys.readouterr().err.splitlines() == [
        "rota: pending, 0 rows, 0 rows/s",
        "rota: executing, 300 rows, 300 rows/s",
        "rota: job j: stopped, 500 rows succeeded, 0 failed.",
    ]
