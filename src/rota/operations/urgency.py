"""The weights of urgency that hold, and the scores that follow from them.

The weights are kept in the database: every process that writes an item reads them there, whatever its own settings
say. A change of the settings is a new generation of weights.
"""

from rota.domain.urgency import Weights, parse_weights, score
from rota.operations.moves import from_row
from rota.store.port import Store, Tx

BATCH = 500
"""Items whose scores are reckoned anew in one transaction."""


def weights_of(tx: Tx) -> tuple[int, Weights]:
    """The generation, and the weights; the defaults are generation 0."""
    row = tx.one("weights_latest")
    return (row["generation"], parse_weights(row["weights"])) if row else (0, Weights())


def adopt(store: Store, weights: Weights) -> int:
    """Let these weights hold, and reckon the scores of all items that have others; how many items that were.

    Where it is broken off the next call goes on. Items that somebody is writing are passed over, and taken in the end.
    """
    with store.write() as tx:
        generation, held = weights_of(tx)
        if held != weights:
            tx.run("weights_insert", generation=generation + 1, weights=str(weights))
    done = 0
    while changed := _rescore(store):
        done += changed
    return done


def _rescore(store: Store) -> int:
    with store.write() as tx:
        generation, weights = weights_of(tx)
        items = [from_row(row) for row in tx.all("items_of_old_weights", generation=generation, limit=BATCH)]
        scores = [{"id": item.id, "generation": generation, "score": score(item, weights)} for item in items]
        if scores:
            tx.batch("item_score", scores)
        return len(scores)
