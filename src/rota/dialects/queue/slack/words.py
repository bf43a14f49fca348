"""Takes apart what somebody typed: words and quotes, options, numbers, durations, moments."""

import re
from collections.abc import Mapping, Sequence

from rota.domain.durations import Unreadable, duration

SECOND = 1_000_000
DAY_S = 86_400.0


class Misuse(Exception):
    """What is wrong with a command, as a sentence for the person who typed it."""


_MARKUP = re.compile(r"<(?:mailto:([^<>|\s]+)|(https?://[^<>|\s]+)|(@[0-9A-Z]+)|#[0-9A-Z]+)(?:\|([^<>]*))?>")
_WORD = re.compile(
    # A quote that does not stand around a whole word is an apostrophe, or an inch.
    r"""(?:["“”„]((?:[^"“”„\\]|\\.)*)["“”]|'([^']*)'|‘([^‘’]*)’)(?=\s|$)|(\S+)""",
    re.DOTALL,
)


def split(text: str) -> list[str]:
    """The words, as a shell would tell them apart, with the quotes that keyboards make of `"` and `'`; nothing that can
    be typed is wrong.

    >>> split('add -t “Don’t panic” 5" pipe')
    ['add', '-t', 'Don’t panic', '5"', 'pipe']
    """
    return [_unquoted(match) for match in _WORD.finditer(plain(text))]


def plain(text: str) -> str:
    """What was typed, before Slack made links of it and escaped the three characters that it escapes.

    >>> plain("finger <mailto:ann@x.org|ann@x.org> &lt;3")
    'finger ann@x.org <3'
    """
    text = _MARKUP.sub(lambda found: found[1] or found[2] or found[3] or f"#{found[4] or ''}", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _unquoted(match: re.Match[str]) -> str:
    double, single, curly, bare = match.groups()
    if double is not None:
        return re.sub(r"\\([\"\\])", r"\1", double)
    return next(each for each in (single, curly, bare) if each is not None)


def read_options(words: Sequence[str], options: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The values of the options, by what `options` calls them, and the words that belong to none. Of an option that is
    given twice the last counts. Raises Misuse."""
    values: dict[str, str] = {}
    rest: list[str] = []
    left = iter(words)
    for word in left:
        # Keyboards make one dash of two.
        name = re.sub("^[—–](?=.)", "--", word)
        if name in options:
            value = next(left, None)
            if value is None:
                raise Misuse(f"{name} needs a value.")
            values[options[name]] = value
        elif re.match("-{1,2}[A-Za-z]", name):
            raise Misuse(f"{name} is no option here; put quotes around words that begin with a dash.")
        else:
            rest.append(word)
    return values, rest


def read_id(word: str) -> int:
    """The number of a task, with or without `#`. Raises Misuse."""
    digits = word.removeprefix("#")
    if not re.fullmatch("[0-9]{1,18}", digits):
        raise Misuse(f"“{word}” is not the number of a task.")
    return int(digits)


def read_count(word: str, most: int) -> int:
    """A whole number from 1 to `most`. Raises Misuse."""
    if not re.fullmatch("[0-9]{1,9}", word) or not 1 <= int(word) <= most:
        raise Misuse(f"“{word}” is not a whole number from 1 to {most}.")
    return int(word)


def read_number(word: str) -> float:
    """Raises Misuse."""
    try:
        return float(word)
    except ValueError:
        raise Misuse(f"“{word}” is not a number.") from None


def read_duration(text: str) -> float:
    """Seconds: a number of them, or such as `90m`, `1h 30m`, `2 hours and 5 minutes`. Raises Misuse.

    >>> read_duration("300"), read_duration("1h30m"), read_duration("2 days, 1 hour")
    (300.0, 5400, 176400)
    """
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return duration(text)
    except Unreadable:
        raise Misuse(f"“{text}” is no duration: say 300 (seconds), 5m, 2 hours or 1 day.") from None


def read_deadline(text: str, now: int) -> float | str:
    """What the field `deadline` takes, seconds since 1970 or ISO 8601; 0 is as soon as possible.

    Of what is neither: `asap`, `tomorrow` (this time of the day), and a duration from now, as `2h` or `in 3 days`.
    """
    wanted = text.strip().lower()
    if wanted in {"asap", "now"}:
        return 0
    try:
        return float(wanted)
    except ValueError:
        pass
    try:
        seconds = DAY_S if wanted == "tomorrow" else duration(wanted.removeprefix("in "))
    except Unreadable:
        return text
    return now / SECOND + seconds
