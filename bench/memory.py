"""The most memory that any process of a server ever held while a large file is uploaded, run and downloaded.

The file is made as it is sent and dropped as it comes back: only the server keeps it, on disk. Size: MB.
"""

from collections.abc import Iterator

from bench import table
from bench.measure import Finding, at_most, brief, scratch, timed
from bench.scan import HEADER
from bench.server import Client, Server, repeated, serving

ASKED_MB = 150


def measure(megabytes: int = 2000) -> Iterator[Finding]:
    with scratch(3 * megabytes * 10**6) as folder, serving(folder) as server:
        client, made = server.client(), []
        idle = _largest(server)
        for phase, work in (
            ("upload", lambda: made.append(_upload(client, megabytes * 10**6))),
            ("run", lambda: client.run(made[0], 0.1)),
            ("download", lambda: client.download(f"{made[0]}/output")),
        ):
            seconds = timed(lambda work=work: work() and None)
            print(f"   {phase}: {brief(seconds)}; {_shown(server)}")
        more = f"{_largest(server)[0]}; {idle[1] / 1e6:.0f} MB idle"
        claim = f"largest process over upload, run and download of {megabytes:,} MB"
        yield at_most(claim, ASKED_MB, _largest(server)[1] / 1e6, "MB", more)


def _upload(client: Client, size: int) -> str:
    header, rows = HEADER.encode(), table.rows_of("quoted")
    times = size // len(rows)
    return client.create(repeated(header, rows, times), len(header) + times * len(rows))


def _largest(server: Server) -> tuple[str, int]:
    return max(server.peaks().values(), key=lambda peak: peak[1])


def _shown(server: Server) -> str:
    return ", ".join(f"{role} {peak / 1e6:.0f} MB" for role, peak in sorted(server.peaks().values()))
