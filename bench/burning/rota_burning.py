"""An action that takes as much of a core as its rows ask for."""

import hashlib
import time
from collections.abc import Mapping

from rota.actions.registry import Context, action

ROUNDS_A_MS = 1_200
"""Of SHA-256 over few bytes, on a slow core: each is too short to let another thread run."""


@action("burning", "ms", description="Burns milliseconds of a core", mandatory=("ms",), chunk_rows=100)
def ms(context: Context, row: Mapping[str, str]) -> None:
    burn(int(row["ms"]))


def burn(milliseconds: int) -> None:
    digest = b"rota"
    for _ in range(milliseconds * ROUNDS_A_MS):
        digest = hashlib.sha256(digest).digest()


@action("burning", "none", description="Nothing, a row a chunk", mandatory=("ms",), chunk_rows=1)
def none(context: Context, row: Mapping[str, str]) -> None:
    return None


@action("burning", "wait", description="Waits for milliseconds, a row a chunk", mandatory=("ms",), chunk_rows=1)
def wait(context: Context, row: Mapping[str, str]) -> None:
    time.sleep(int(row["ms"]) / 1_000)
