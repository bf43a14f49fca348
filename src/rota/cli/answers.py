"""Says in a sentence what a server's refusal means, in whichever of rota's error forms it came."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from rota.cli.output import CommandError

_MISFITS: Mapping[str, str] = {
    "unknown_fields": "the action knows no field {}",
    "missing_mandatory_fields": "the action needs the field {}",
    "missing_mandatory_values": "a mandatory value is missing in the row {}",
}

_SHELLS = frozenset({"data", "attributes", "relationships"})
"""Steps of a pointer that tell nothing but the form of a JSON:API document."""


class RefusedError(CommandError):
    """The server said no; `status` is the HTTP status, `body` what it said if that was JSON."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(explain(status, body))
        self.status, self.body = status, body

    @property
    def gives_no_reason(self) -> bool:
        """The kazoo dialect's `bad_identifier`: an id that is unknown, or whose state forbids what was asked."""
        if not isinstance(self.body, dict) or self.body.get("message") != "bad_identifier":
            return False
        return "reason" not in (self.body.get("data") or {})


def explain(status: int, body: Any) -> str:
    """One sentence, and below it a line for each fault that the server names."""
    if isinstance(body, dict):
        if isinstance(body.get("error"), dict):
            return _plain(body["error"])
        if isinstance(body.get("errors"), list) and all(isinstance(each, dict) for each in body["errors"]):
            return _pointed(status, body["errors"])
        if "status" in body and "data" in body:
            return _enveloped(status, body)
    return f"The server answered {status} {_phrase(status)}."


def _plain(error: Mapping[str, Any]) -> str:
    faults, message = error.get("faults"), str(error.get("message", error.get("code")))
    if not isinstance(faults, dict) or not faults:
        return message
    # A message that tells the faults itself would tell them twice.
    title = "These fields cannot be taken:" if any(str(fault) in message for fault in faults.values()) else message
    return _listed(title, (f"{name} {fault}" for name, fault in faults.items()))


def _pointed(status: int, errors: Sequence[Mapping[str, Any]]) -> str:
    """JSON:API: each error has a sentence, and most of them a place."""
    told = list(dict.fromkeys(filter(None, map(_placed, errors))))
    if told[1:]:
        return _listed("The server cannot take this:", told)
    return told[0] if told else f"The server answered {status} {_phrase(status)}."


def _placed(error: Mapping[str, Any]) -> str:
    """The sentence after the place, unless it begins with what stands there."""
    source, sentence = error.get("source"), str(error.get("detail") or error.get("title") or "")
    pointer = str(source.get("pointer") or "") if isinstance(source, dict) else ""
    steps = [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]
    named = ".".join(each for each in steps if each not in _SHELLS)
    return f"{named}: {sentence}" if named and not sentence.startswith(named.partition(".")[0]) else sentence


def _enveloped(status: int, body: Mapping[str, Any]) -> str:
    data, message = body["data"], str(body.get("message") or _phrase(status))
    if isinstance(data, list):
        return f"The server knows no {', '.join(map(str, data))}."
    if isinstance(data, dict) and "cause" in data:
        return f"The server refuses {data['cause']}: {data.get('reason') or data.get('message') or message}."
    faults = list(_faults(data)) if isinstance(data, dict) else []
    return (
        _listed("The server cannot take this:", faults)
        if faults[1:]
        else f"The server refuses: {[*faults, message][0]}."
    )


def _faults(data: Mapping[str, Any]) -> Iterator[str]:
    """The sentences of `{field: {rule: facts}}`, and those that stand alone."""
    for field, rules in data.items():
        if not isinstance(rules, dict):
            yield str(rules)
            continue
        for rule, facts in rules.items():
            if field == "attachment" and isinstance(facts, dict):
                yield from _misfits(facts)
            else:
                yield f"{field}: {_fault(rule, facts)}"


def _misfits(facts: Mapping[str, Any]) -> Iterator[str]:
    for kind, words in facts.items():
        if kind in _MISFITS and isinstance(words, list):
            yield from (_MISFITS[kind].format(word) for word in words)
        elif kind == "expected_content":
            yield "the action takes no input" if words == "none" else f"the action needs {words} as input"
        else:
            yield f"{kind}: {words}"


def _fault(rule: str, facts: Any) -> str:
    if not isinstance(facts, dict):
        return f"{rule}: {facts}"
    where = f" (line {facts['line']}: {facts.get('detail')})" if "line" in facts else ""
    return f"{facts.get('message') or rule}{where}"


def _listed(title: str, faults: Iterable[str]) -> str:
    return "\n  ".join([title, *faults])


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "an error"
