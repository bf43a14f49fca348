"""What somebody typed, taken apart."""

import pytest

from rota.dialects.queue.slack.words import plain, split


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<mailto:a@x.org|a@x.org> <https://x.org|x> <http://x.org>", "a@x.org https://x.org http://x.org"),
        ("<@U123|ann> <@U123> <#C1|general> <#C1>", "@U123 @U123 #general #"),
        ("1 < 2 > 3 <b>", "1 < 2 > 3 <b>"),
    ],
)
def test_slacks_markup_is_what_was_typed(typed: str, meant: str) -> None:
    assert plain(typed) == meant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"a b" c', ["a b", "c"]),
        ("„a b“ ‘c d’ “e f” ”g", ["a b", "c d", "e f", "”g"]),
        (r'"a \"b\" \n" \"', [r'a "b" \n', r"\""]),
        ("rock 'n' roll isn't 'over yet'", ["rock", "n", "roll", "isn't", "over yet"]),
        ('"open and "shut"', ['"open', "and", "shut"]),
        ('a"b c"d', ['a"b', 'c"d']),
        ("\"\" ''", ["", ""]),
        ("“line\none”\ntwo", ["line\none", "two"]),
    ],
)
def test_words_are_told_apart_as_in_a_shell(text: str, words: list[str]) -> None:
    assert split(text) == words
