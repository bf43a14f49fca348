"""`make conformance`: what a server does with each statement; without a URL, a server that is started for it.

python -m dialects.jsonapi.conformance [URL TOKEN]
"""

import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from dialects.jsonapi.conformance.peer import Peer
from dialects.jsonapi.conformance.statements import STATEMENTS, failure, listed
from web.serving import Server


def main(words: list[str]) -> int:
    if words:
        return judge(*words)
    with TemporaryDirectory(prefix="rota-conformance-") as folder:
        server = Server(Path(folder), workers=0)
        try:
            return judge(f"http://{server.host}:{server.port}", server.token)
        finally:
            server.kill()


def judge(url: str, token: str) -> int:
    """Prints a line for each statement and a count of them; 1 where any is not kept."""
    counts = Counter[str]()
    with Peer(url, token) as peer:
        for number, (statement, said) in enumerate(zip(STATEMENTS, listed(), strict=True), 1):
            fault = failure(statement, peer)
            verdict = "for clients" if not statement.checks else "FAIL" if fault else "pass"
            counts[verdict] += 1
            line = f"{number:3}  {said['level']:11}  {verdict:11}  {statement.id}"
            print(line if verdict == "pass" else f"{line}: {fault or statement.reason}")  # noqa: T201
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()), f"of {len(STATEMENTS)}")  # noqa: T201
    return 1 if counts["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main([word for word in sys.argv[1:] if word]))
