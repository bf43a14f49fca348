"""Hosts on one machine: network namespaces on a bridge, each of which can be cut off and healed. For root, on Linux."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Host:
    """`link` is the end of its only cable that others hold."""

    name: str
    link: str

    @property
    def inside(self) -> Sequence[str]:
        """What to put before a command that is to run there."""
        return ("ip", "netns", "exec", self.name)

    def cut(self) -> None:
        _ip("link", "set", self.link, "down")

    def heal(self) -> None:
        _ip("link", "set", self.link, "up")


@dataclass(frozen=True)
class Network:
    """`address` is that of everybody else, who is no host of it."""

    address: str
    hosts: Sequence[Host]


@contextmanager
def network(count: int) -> Iterator[Network | None]:
    """None where namespaces cannot be made."""
    mark = os.getpid() % 60_000
    bridge, prefix = f"rb{mark}", f"10.{200 + mark // 256 % 50}.{mark % 256}"
    hosts = [Host(f"rh{mark}n{number}", f"rv{mark}n{number}") for number in range(count)]
    try:
        try:
            _begin(bridge, prefix, hosts)
        except (subprocess.CalledProcessError, FileNotFoundError):
            yield None
            return
        yield Network(f"{prefix}.1", hosts)
    finally:
        with suppress(FileNotFoundError):
            for host in hosts:
                subprocess.run(["ip", "netns", "del", host.name], capture_output=True)
            subprocess.run(["ip", "link", "del", bridge], capture_output=True)


def _begin(bridge: str, prefix: str, hosts: Sequence[Host]) -> None:
    _ip("link", "add", bridge, "type", "bridge")
    _ip("addr", "add", f"{prefix}.1/24", "dev", bridge)
    _ip("link", "set", bridge, "up")
    for number, host in enumerate(hosts):
        _ip("netns", "add", host.name)
        _ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.name)
        _ip("link", "set", host.link, "master", bridge, "up")
        _ip("-n", host.name, "addr", "add", f"{prefix}.{number + 2}/24", "dev", "eth0")
        _ip("-n", host.name, "link", "set", "eth0", "up")
        _ip("-n", host.name, "link", "set", "lo", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
