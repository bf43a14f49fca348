"""What an operator may choose: read once from the environment, frozen, and refused with sentences."""

import os
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from rota.domain.accounts import email_fault
from rota.domain.field.terms import DAY_US, Terms
from rota.domain.sharing import Rules, parse_numbers
from rota.domain.urgency import Weights, parse_weights
from rota.domain.walltime import zone_named


class BadSettings(Exception):
    """All faults of the settings, one sentence each."""


def _text(value: str) -> str:
    return value


def _word(value: str) -> str:
    """What was pasted with a line end is meant without it."""
    return value.strip()


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError
        return number

    return read


def _rate(value: str) -> float:
    number = float(value)
    if not 0 <= number <= 1e6:
        raise ValueError
    return number


def _email(value: str) -> str:
    if email_fault(value):
        raise ValueError
    return value


def _seconds(value: str) -> float:
    number = float(value)
    if not 0.1 <= number <= 86_400:
        raise ValueError
    return number


def _long(value: str) -> float:
    number = float(value)
    if not 1 <= number <= 3_153_600_000:
        raise ValueError
    return number


def _bytes(value: str) -> int:
    match = re.fullmatch(r"(\d+)\s*([KMGT]?)i?B?", value.strip(), re.IGNORECASE)
    if not match:
        raise ValueError
    power: int = " KMGT".index(match[2].upper() or " ")
    return int(match[1]) * int(1024**power)


def _flag(value: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[value.lower()]


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        return dict(zip(words, words, strict=True))[value]

    return read


def _database(value: str) -> str:
    if not re.match(r"sqlite:///.|postgresql://.", value):
        raise ValueError
    return value


def _blobs(value: str) -> str:
    # Without what comes before an @: credentials are no part of an address, which is shown and logged.
    if not re.fullmatch(r"file:///.*|(s3|gs|az)://[^/@]+(/[^@]*)?", value):
        raise ValueError
    return value


def _zone(value: str) -> str:
    if zone_named(value) is None:
        raise ValueError
    return value


def _currency(value: str) -> str:
    # Babel knows them all; it takes 60 ms to import, which most starts do not need.
    from babel.numbers import is_currency

    if not is_currency(value):
        raise ValueError
    return value


def _urgency(value: str) -> str:
    return str(parse_weights(value))


def _networks(value: str) -> str:
    for word in value.split(","):
        ip_network(word.strip())
    return value


def _numbers(least: int, most: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not all(least <= number <= most for number in parse_numbers(value).values()):
            raise ValueError
        return value

    return read


def _choice(default: Any, read: Callable[[str], Any], wants: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "wants": wants})


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the environment variable ROTA_<FIELD>. Sizes are bytes, times end in `_s` and are seconds."""

    data: Path = _choice(Path("data"), Path, "a folder")
    database_url: str = _choice("", _database, "sqlite:///PATH or postgresql://…")
    blobs_url: str = _choice("", _blobs, "file:///FOLDER or s3://BUCKET/PREFIX (or gs://…, az://…)")
    engine: str = _choice("embedded", _one_of("embedded", "procrastinate"), "embedded or procrastinate")
    priorities: str = _choice("", _numbers(-1_000, 1_000), "priorities from -1000 to 1000 such as http.call=-5")
    action_limits: str = _choice("", _numbers(1, 100_000), "whole numbers from 1 to 100000 such as http.call=4")
    account_limit: int = _choice(0, _whole(0, 100_000), "a whole number from 0 to 100000, 0 for no limit")
    durability: str = _choice("full", _one_of("full", "normal"), "full or normal")
    node: str = _choice("", _text, "a name")
    admin_token: str = _choice("", _text, "a token of at least 16 characters", secret=True)
    admin_email: str = _choice("admin@localhost", _email, "an e-mail address")
    max_upload: int = _choice(5 * 1024**3, _bytes, "a size such as 5GB")
    max_json: int = _choice(32 * 1024**2, _bytes, "a size such as 32MB")
    lease_s: float = _choice(10.0, _seconds, "seconds from 0.1 to 86400")
    stop_s: float = _choice(1.5, _seconds, "seconds from 0.1 to 86400")
    proxies: str = _choice("", _networks, "addresses or networks such as 127.0.0.1,10.0.0.0/8")
    session_s: float = _choice(86_400.0, _seconds, "seconds from 0.1 to 86400")
    threads: int = _choice(64, _whole(1, 1024), "a whole number from 1 to 1024")
    streams: int = _choice(128, _whole(0, 1024), "a whole number from 0 to 1024")
    stall_s: float = _choice(60.0, _seconds, "seconds from 0.1 to 86400")
    busy_s: float = _choice(30.0, _seconds, "seconds from 0.1 to 86400")
    statement_s: float = _choice(60.0, _seconds, "seconds from 0.1 to 86400")
    log_level: str = _choice("info", _one_of("debug", "info", "warning", "error"), "debug, info, warning or error")
    urgency: str = _choice("", _urgency, "weights such as priority=10,deadline=1,age=0.5,blocking=5,tag.NAME=2")
    http_call_private: bool = _choice(False, _flag, "yes or no")
    http_call_rate: float = _choice(50.0, _rate, "calls a second, 0 for no limit")
    slack_signing_secret: str = _choice("", _word, "the signing secret of a Slack app", secret=True)
    slack_respond: bool = _choice(False, _flag, "yes or no")
    webhooks_private: bool = _choice(False, _flag, "yes or no")
    webhooks_keep_s: float = _choice(30 * 86_400.0, _long, "seconds from 1 to 3153600000")
    timezone: str = _choice("UTC", _zone, "a time zone such as Africa/Nairobi")
    currency: str = _choice("KES", _currency, "a currency such as KES (ISO 4217)")
    horizon_days: int = _choice(400, _whole(1, 3_660), "a whole number from 1 to 3660")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data.absolute() / 'rota.db'}"

    @property
    def blobs(self) -> str:
        return self.blobs_url or f"file://{self.data.absolute() / 'blobs'}"

    @property
    def shares_blobs(self) -> bool:
        """Whether other machines may write to the blobs: not to a folder in the data folder, which is this machine's,
        nor to one beside SQLite, which has one machine only."""
        return bool(self.blobs_url) and not (self.blobs_url.startswith("file:") and self.database.startswith("sqlite:"))

    @property
    def weights(self) -> Weights:
        return parse_weights(self.urgency)

    def unknown(self, actions: Iterable[str]) -> list[str]:
        """The actions that the settings name and that are not among these."""
        return sorted({*parse_numbers(self.priorities), *parse_numbers(self.action_limits)}.difference(actions))

    def rules(self, priorities: Mapping[str, int]) -> Rules:
        """How runners are shared, with the priorities that actions declare."""
        overruled = {**priorities, **parse_numbers(self.priorities)}
        return Rules(overruled, parse_numbers(self.action_limits), self.account_limit)

    @property
    def terms(self) -> Terms:
        zone = zone_named(self.timezone)
        assert zone is not None
        return Terms(zone, self.timezone, self.currency, self.horizon_days * DAY_US)

    @property
    def node_name(self) -> str:
        return self.node or f"rota@{socket.gethostname()}"


def read_settings(environ: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings from ROTA_* variables; `given` (from the command line) wins.

    Raises BadSettings with one sentence per variable that cannot be read, all at once.
    """
    values, faults = dict(given), []
    for choice in fields(Settings):
        name = f"ROTA_{choice.name.upper()}"
        if choice.name in given or not environ.get(name):
            continue
        try:
            values[choice.name] = choice.metadata["read"](environ[name])
        except (ValueError, KeyError):
            faults.append(f"{name} is {environ[name]!r}, but must be {choice.metadata['wants']}.")
    if 0 < len(values.get("admin_token", "")) < 16:
        faults.append("ROTA_ADMIN_TOKEN is too short: it must be a token of at least 16 characters.")
    if values.get("engine") == "procrastinate" and not values.get("database_url", "").startswith("postgresql:"):
        faults.append(
            "ROTA_ENGINE is 'procrastinate', which needs PostgreSQL: set ROTA_DATABASE_URL to postgresql://…."
        )
    if faults:
        raise BadSettings("\n".join(faults))
    return Settings(**values)
