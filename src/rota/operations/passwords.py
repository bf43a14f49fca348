"""Passwords: kept as Argon2id hashes, and checked in a time that does not tell whether there was one to check."""

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

# OWASP's first choice: 19 MiB and one lane per hash. The library's default of 64 MiB would let a server's 16 threads
# take 1 GiB while somebody guesses.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """The hash to keep; it names its own salt and parameters. Takes tens of milliseconds on purpose."""
    return _HASHER.hash(password)


def verify(password: str, password_hash: str | None) -> bool:
    """Is this the password? Without a hash (no such user, or none set) the answer is no, after the same work."""
    if password_hash is None:
        _HASHER.hash(password)
        return False
    try:
        return _HASHER.verify(password_hash, password)
    except VerificationError:
        return False
