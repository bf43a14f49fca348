"""What the questions of an XLSForm ask for, as a JSON Schema of their answers.

A group is an object, a repeat a list of objects; a question that is asked only at times is never required. Lists of
choices stand in `$defs`. An answer may hold more than was asked for, such as ODK's `meta`. What ODK sends in a form of
its own is taken beside what JSON has for it: several choices as a list or as names between spaces, a point as GeoJSON
or as `latitude longitude altitude accuracy`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from rota.domain.field.schemas import DEFAULT_DRAFT, is_pattern

Question = Mapping[str, Any]
Schema = dict[str, Any]

TRUE = frozenset({"yes", "true", "true()"})
MATCHED_CHOICES = 100
"""Of longer lists it is not told whether names between spaces are in them."""

_ZONE = r"(?:Z|[+-]\d\d:?\d\d)?"
_TIME = rf"\d\d:\d\d(?::\d\d(?:\.\d+)?)?{_ZONE}"
_NUMBER = r"-?\d+(?:\.\d+)?"
_POINT: Schema = {
    "type": ["string", "object"],
    "pattern": f"^{_NUMBER} {_NUMBER}(?: {_NUMBER})?(?: {_NUMBER})?$",
    "required": ["type", "coordinates"],
}

_PLAIN: Mapping[str, Schema] = {
    "int": {"type": "integer"},
    "decimal": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": f"^{_TIME}$"},
    "dateTime": {"type": "string", "pattern": rf"^\d{{4}}-\d\d-\d\d[T ]{_TIME}$"},
    "geopoint": _POINT,
}
"""By the type of XForms. All others are answered by a text: a picture by its name, a line on a map by its points."""

_UNANSWERED = frozenset({"note", "audit", "xml-external", "csv-external"})

_ONE = frozenset({"select one", "select one external", "select1"})
_SEVERAL = frozenset({"select all that apply", "select"})


def schema_of(form: Mapping[str, Any], kinds: Mapping[str, str]) -> Schema:
    """The schema of a form as pyxform reads it from a spreadsheet; `kinds` are the XForms types of question types."""
    asked = _Asked(str(form.get("default_language") or ""), form.get("choices") or {}, kinds)
    schema = {"$schema": DEFAULT_DRAFT, "title": form.get("title"), **asked.group(form)}
    return {**schema, "$defs": asked.lists()} if asked.used else schema


class _Asked:
    """Notes which lists of choices are used while it goes through the questions."""

    def __init__(self, language: str, choices: Mapping[str, Any], kinds: Mapping[str, str]) -> None:
        self.language, self.choices, self.kinds = language, choices, kinds
        self.used: set[str] = set()

    def group(self, group: Question) -> Schema:
        properties: dict[str, Schema] = {}
        required = []
        for each in group.get("children") or ():
            schema = self._of(each)
            if schema is not None:
                properties[each["name"]] = schema
                if _is_required(each, schema):
                    required.append(each["name"])
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}

    def lists(self) -> dict[str, Schema]:
        """The lists that were used, in the order of the spreadsheet."""
        return {
            name: {"oneOf": self._constants(choices)} for name, choices in self.choices.items() if name in self.used
        }

    def _of(self, question: Question) -> Schema | None:
        """None where there is nothing to answer."""
        kind = str(question.get("type"))
        if kind in _UNANSWERED or (kind == "group" and question.get("name") == "meta"):
            return None
        find = _KINDS.get(kind)
        schema = find(self, question) if find else dict(_PLAIN.get(self.kinds.get(kind, ""), {"type": "string"}))
        if kind == "group" and not schema["properties"]:
            return None
        limits, told = _limits(question, schema)
        return {**self._said(question, told), **schema, **limits}

    def _said(self, question: Question, told: str | None) -> Schema:
        label, hint = (self._text(question.get(name)) for name in ("label", "hint"))
        description = "\n".join(each for each in (hint, told and self._text(told)) if each)
        return {**({"title": label} if label else {}), **({"description": description} if description else {})}

    def _text(self, words: Any) -> str:
        """A text in the form's language, or in the first that there is."""
        if isinstance(words, Mapping):
            words = words.get(self.language) or next(iter(words.values()), "")
        return words.strip() if isinstance(words, str) else ""

    def _constants(self, choices: Iterable[Mapping[str, Any]]) -> list[Schema]:
        by_name = {str(each["name"]): self._text(each.get("label")) for each in choices}
        return [{"const": name, **({"title": label} if label else {})} for name, label in by_name.items()]

    def _repeat(self, question: Question) -> Schema:
        return {"type": "array", "items": self.group(question)}

    def _range(self, question: Question) -> Schema:
        found = question.get("parameters") or {}
        start, end, step = (_number(found.get(name, usual)) for name, usual in _RANGE)
        whole = all(isinstance(each, int) for each in (start, end, step))
        return {"type": "integer" if whole else "number", "minimum": min(start, end), "maximum": max(start, end)}

    def _choice(self, question: Question) -> Schema:
        ref = self._ref(question)
        return {"type": "string", **ref}

    def _choices(self, question: Question) -> Schema:
        ref = self._ref(question)
        schema: Schema = {"type": ["array", "string"], "items": ref or {"type": "string"}, "uniqueItems": True}
        names = [str(each["name"]) for each in self.choices[question["list_name"]]] if ref else []
        if 0 < len(names) <= MATCHED_CHOICES:
            any_of = f"(?:{'|'.join(map(_literally, dict.fromkeys(names)))})"
            schema["pattern"] = f"^{any_of}(?: {any_of})*$"
        return schema

    def _ref(self, question: Question) -> Schema:
        """Nothing where the choices stand in another file, or are looked up while the question is asked."""
        name = question.get("list_name")
        appearance = (question.get("control") or {}).get("appearance") or ""
        if not isinstance(name, str) or name not in self.choices or "search(" in appearance:
            return {}
        self.used.add(name)
        return {"$ref": f"#/$defs/{quote(name.replace('~', '~0').replace('/', '~1'))}"}


_RANGE = (("start", "0"), ("end", "10"), ("step", "1"))


def _tick(asked: _Asked, question: Question) -> Schema:
    return {"enum": [True, "OK"]}


_KINDS: Mapping[str, Callable[[_Asked, Question], Schema]] = {
    "group": _Asked.group,
    "repeat": _Asked._repeat,
    "loop": lambda asked, question: {"type": "object"},
    "calculate": lambda asked, question: {"type": ["string", "number", "boolean"]},
    **dict.fromkeys(("acknowledge", "trigger", "add acknowledge prompt", "q acknowledge"), _tick),
    "range": _Asked._range,
    "rank": _Asked._choices,
    **dict.fromkeys(_ONE, _Asked._choice),
    **dict.fromkeys(_SEVERAL, _Asked._choices),
}


def _is_required(question: Question, schema: Schema) -> bool:
    """A group is, where something in it is."""
    bind = question.get("bind") or {}
    if bind.get("relevant"):
        return False
    return "required" in schema if question.get("type") == "group" else str(bind.get("required")).lower() in TRUE


def _literally(name: str) -> str:
    return re.sub(r"([\\^$.|?*+()\[\]{}/])", r"\\\1", name)


def _number(words: Any) -> int | float:
    found = Decimal(str(words))
    return int(found) if found == found.to_integral_value() else float(found)


_COMPARED = re.compile(rf"(\.|string-length\(\s*\.\s*\))\s*(>=|<=|>|<)\s*({_NUMBER})")
_MATCHED = re.compile(r"regex\(\s*\.\s*,\s*('[^']*'|\"[^\"]*\")\s*\)")
_OF_NUMBERS = {">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum", "<": "exclusiveMaximum"}


def _limits(question: Question, schema: Schema) -> tuple[Schema, str | None]:
    """The keywords of a simple constraint; and what is told of any other, which nobody checks here."""
    bind = question.get("bind") or {}
    constraint = bind.get("constraint")
    if not constraint:
        return {}, None
    limits: Schema = {}
    for term in re.split(r"\s+and\s+", constraint.strip()):
        found = _limit(term, schema.get("type"))
        if not found or found.keys() & limits.keys():
            return {}, bind.get("jr:constraintMsg") or f"Constraint: {constraint}"
        limits |= found
    return limits, bind.get("jr:constraintMsg")


def _limit(term: str, kind: Any) -> Schema:
    if kind == "string" and (match := _MATCHED.fullmatch(term)):
        pattern = f"^(?:{match[1][1:-1]})$"
        return {"pattern": pattern} if is_pattern(pattern) else {}
    match = _COMPARED.fullmatch(term)
    if match is None:
        return {}
    try:
        number = _number(match[3])
    except InvalidOperation:
        return {}
    if match[1] == ".":
        return {_OF_NUMBERS[match[2]]: number} if kind in {"integer", "number"} else {}
    return _length(match[2], number) if kind == "string" and isinstance(number, int) else {}


def _length(sign: str, number: int) -> Schema:
    name = "minLength" if sign.startswith(">") else "maxLength"
    least = {">": number + 1, "<": number - 1}.get(sign, number)
    return {name: least} if least >= 0 else {}
