"""Passwords: who has one, who has none, and what is kept."""

from rota.operations.passwords import hash_password, verify


def test_only_the_password_itself_is_right() -> None:
    kept = hash_password("correct horse \0 ü")
    assert "correct" not in kept
    assert verify("correct horse \0 ü", kept)
    assert not verify("correct horse", kept)
    assert not verify("", kept)


def test_the_same_password_is_kept_differently_each_time() -> None:
    assert hash_password("correct horse") != hash_password("correct horse")


def test_nobody_signs_in_without_a_password_set() -> None:
    assert not verify("", None)
    assert not verify("correct horse", None)
