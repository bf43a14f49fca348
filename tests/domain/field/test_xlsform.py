"""Forms in spreadsheets: what their questions ask for, and that nothing crafted gets past their reader."""

import io
import json
import subprocess
import sys
import zipfile
from typing import Any

import pytest

from rota.domain.faults import Unfit
from rota.domain.field import xlsform
from rota.domain.field.schemas import DEFAULT_DRAFT, faults_of, schema_faults
from rota.domain.field.xlsform import form_of_xlsform
from sheets import workbook

HEAD = ("type", "name", "label", "hint", "required", "relevant", "constraint", "constraint_message", "parameters")
CHOICES = (
    ("list_name", "name", "label"),
    ("colour", "red", "Red"),
    ("colour", "blue", "Blue"),
    ("sure", 1, "Yes"),
    ("sure", 0, "No"),
    ("never used", "x", "X"),
)
SETTINGS = (("form_title", "form_id", "version"), ("Water points", "water_points", 2018062701))
VISIT = (
    HEAD,
    ("start", "started"),
    ("text", "name", "Who answers?", "as in the passport", "yes"),
    ("integer", "age", "Age", "", "yes", "", ". >= 0 and . <= 120", "A number of years"),
    ("select_one sure", "works", "Does it work?", "", "true()"),
    ("text", "why", "Why not?", "", "yes", "${works} = '0'"),
    ("note", "thanks", "Thank you"),
    ("select_multiple colour", "colours", "Colours"),
    ("begin group", "place", "The place"),
    ("geopoint", "point", "Where?", "", "yes"),
    ("end group",),
    ("begin repeat", "taps", "Taps"),
    ("decimal", "flow", "Flow", "litres a second", "yes", "", ". > 0 and . < 10.5"),
    ("end repeat",),
    ("range", "rating", "Rating", "", "", "", "", "", "start=1 end=5 step=1"),
    ("acknowledge", "agreed", "Agreed?"),
    ("date", "built", "Built on", "", "", "", ". <= today()"),
    ("image", "picture", "A picture"),
)
GOLDEN = {
    "$schema": DEFAULT_DRAFT,
    "title": "Water points",
    "type": "object",
    "properties": {
        "started": {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?$",
        },
        "name": {"title": "Who answers?", "description": "as in the passport", "type": "string"},
        "age": {"title": "Age", "description": "A number of years", "type": "integer", "minimum": 0, "maximum": 120},
        "works": {"title": "Does it work?", "type": "string", "$ref": "#/$defs/sure"},
        "why": {"title": "Why not?", "type": "string"},
        "colours": {
            "title": "Colours",
            "type": ["array", "string"],
            "items": {"$ref": "#/$defs/colour"},
            "uniqueItems": True,
            "pattern": "^(?:red|blue)(?: (?:red|blue))*$",
        },
        "place": {
            "title": "The place",
            "type": "object",
            "properties": {
                "point": {
                    "title": "Where?",
                    "type": ["string", "object"],
                    "pattern": r"^-?\d+(?:\.\d+)? -?\d+(?:\.\d+)?(?: -?\d+(?:\.\d+)?)?(?: -?\d+(?:\.\d+)?)?$",
                    "required": ["type", "coordinates"],
                }
            },
            "required": ["point"],
        },
        "taps": {
            "title": "Taps",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "flow": {
                        "title": "Flow",
                        "description": "litres a second",
                        "type": "number",
                        "exclusiveMinimum": 0,
                        "exclusiveMaximum": 10.5,
                    }
                },
                "required": ["flow"],
            },
        },
        "rating": {"title": "Rating", "type": "integer", "minimum": 1, "maximum": 5},
        "agreed": {"title": "Agreed?", "enum": [True, "OK"]},
        "built": {
            "title": "Built on",
            "description": "Constraint: . <= today()",
            "type": "string",
            "format": "date",
        },
        "picture": {"title": "A picture", "type": "string"},
    },
    "required": ["name", "age", "works", "place"],
    "$defs": {
        "colour": {"oneOf": [{"const": "red", "title": "Red"}, {"const": "blue", "title": "Blue"}]},
        "sure": {"oneOf": [{"const": "1", "title": "Yes"}, {"const": "0", "title": "No"}]},
    },
}


def survey(*rows: tuple[Any, ...], **sheets: Any) -> dict[str, Any]:
    book = workbook({"survey": (HEAD, *rows), "choices": CHOICES, **sheets})
    fields: dict[str, Any] = form_of_xlsform(book, "a form.xlsx")["fields"]
    assert schema_faults(fields) == []
    return fields


def question(*row: Any) -> dict[str, Any]:
    found: dict[str, Any] = survey(row)["properties"][row[1]]
    return found


def told(data: bytes) -> str:
    with pytest.raises(Unfit) as raised:
        form_of_xlsform(data, "x.xlsx")
    assert raised.value.path == ()
    return raised.value.sentence


def test_a_spreadsheet_becomes_this_form() -> None:
    book = workbook({"survey": VISIT, "choices": CHOICES, "settings": SETTINGS})
    warnings: list[str] = []
    form = form_of_xlsform(book, "visit.xlsx", warnings)
    assert form == {"title": "Water points", "id_string": "water_points", "version": "2018062701", "fields": GOLDEN}
    assert json.dumps(form) == json.dumps(form_of_xlsform(book, "other.xlsx"))
    assert schema_faults(GOLDEN) == []
    assert len(warnings) == 1
    assert "max-pixels" in warnings[0]


def test_answers_of_a_form_that_was_a_spreadsheet() -> None:
    schema = json.dumps(GOLDEN)
    answer: dict[str, Any] = {
        "name": "Ann",
        "age": 30,
        "works": "0",
        "colours": ["red"],
        "place": {"point": "-1.28 36.81 0 5"},
        "taps": [{"flow": 0.5}],
        "agreed": "OK",
        "meta": {"instanceID": "uuid:1"},
    }
    assert faults_of(schema, answer) == []
    assert faults_of(schema, answer | {"colours": "blue red", "agreed": True}) == []
    point = {"type": "Point", "coordinates": [36.81, -1.28]}
    assert faults_of(schema, answer | {"place": {"point": point}}) == []
    wrong = {"age": 121, "works": "2", "colours": "green", "place": {}, "taps": [{"flow": 11}, {}], "built": "soon"}
    assert dict(faults_of(schema, wrong)) == {
        ("name",): "is required",
        ("age",): "must be 120 at most",
        ("works",): "must be one of 1, 0",
        ("colours",): "does not match ^(?:red|blue)(?: (?:red|blue))*$",
        ("place", "point"): "is required",
        ("taps", 0, "flow"): "must be less than 10.5",
        ("taps", 1, "flow"): "is required",
        ("built",): "must be in the form of date",
    }


def test_without_settings_the_name_of_the_file_stands_in() -> None:
    book = workbook({"survey": (HEAD, ("text", "a", "A"))})
    form = form_of_xlsform(book, "C:\\forms\\Site visit.xlsx")
    assert (form["title"], form["id_string"], "version" in form) == ("Site visit", "Site visit", False)
    assert form_of_xlsform(book, "")["title"] == "form"


@pytest.mark.parametrize(
    ("kind", "constraint", "limits"),
    [
        ("integer", ". > 3", {"exclusiveMinimum": 3}),
        ("decimal", ".<=3.5", {"maximum": 3.5}),
        ("text", "string-length(.) <= 10 and string-length(.) > 2", {"maxLength": 10, "minLength": 3}),
        ("text", "regex(., '[A-Z]+')", {"pattern": "^(?:[A-Z]+)$"}),
    ],
)
def test_simple_constraints_are_checked(kind: str, constraint: str, limits: dict[str, Any]) -> None:
    assert question(kind, "a", "A", "", "", "", constraint).items() >= limits.items()


@pytest.mark.parametrize(
    ("kind", "constraint"),
    [
        ("text", ". > 3"),
        ("integer", ". > 3 or . < 1"),
        ("integer", ". > 3 and . > 4"),
        ("text", "regex(., '(?=a)b')"),
        ("text", "string-length(.) < 0"),
    ],
)
def test_other_constraints_are_told_and_not_checked(kind: str, constraint: str) -> None:
    plain = {"title": "A", "type": "integer" if kind == "integer" else "string"}
    assert question(kind, "a", "A", "", "", "", constraint) == plain | {"description": f"Constraint: {constraint}"}
    assert question(kind, "a", "A", "", "", "", constraint, "No!") == plain | {"description": "No!"}


@pytest.mark.parametrize(("kind", "plain"), [("barcode", "string"), ("geoshape", "string"), ("hidden", "string")])
def test_kinds_that_json_has_nothing_for_are_texts(kind: str, plain: str) -> None:
    assert question(kind, "a", "A")["type"] == plain


def test_choices_from_elsewhere_are_free() -> None:
    fields = survey(("select_one_from_file towns.csv", "town", "Town"), ("rank colour", "order", "Order"))
    assert fields["properties"]["town"] == {"title": "Town", "type": "string"}
    assert fields["properties"]["order"]["items"] == {"$ref": "#/$defs/colour"}
    assert list(fields["$defs"]) == ["colour"]


def test_a_group_that_is_shown_at_times_is_not_required_and_one_of_notes_is_none() -> None:
    inner = ("text", "a", "A", "", "yes")
    fields = survey(
        ("integer", "age", "Age"),
        ("begin group", "adult", "Adults", "", "", "${age} > 17"),
        inner,
        ("end group",),
        ("begin group", "words", "Words"),
        ("note", "n", "Read this"),
        ("end group",),
    )
    assert "required" not in fields
    assert list(fields["properties"]) == ["age", "adult"]
    assert fields["properties"]["adult"]["required"] == ["a"]


def test_titles_are_in_the_forms_language() -> None:
    book = {
        "survey": (("type", "name", "label::English (en)", "label::Swahili (sw)"), ("text", "a", "Name", "Jina")),
        "settings": (("form_title", "form_id", "default_language"), ("T", "t", "Swahili (sw)")),
    }
    assert form_of_xlsform(workbook(book), "")["fields"]["properties"]["a"]["title"] == "Jina"
    first = form_of_xlsform(workbook({"survey": book["survey"]}), "")
    assert first["fields"]["properties"]["a"]["title"] == "Name"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((HEAD, ("txt", "a", "A")), "Unknown question type 'txt'"),
        ((HEAD, ("text", "a", "A"), ("text", "a", "B")), "a"),
        ((HEAD, ("text", "a b", "A")), "[row : 2]"),
        ((HEAD, ("text", "a", "${nobody}")), "nobody"),
        ((HEAD, ("select_one nowhere", "a", "A")), "nowhere"),
        ((HEAD, ("begin group", "a", "A")), "group"),
        ((("x", "x"), ("y", "y")), ""),
    ],
)
def test_what_is_no_xlsform_is_told_in_the_words_of_pyxform(rows: Any, words: str) -> None:
    said = told(workbook({"survey": rows, "choices": CHOICES}))
    assert said.startswith("is no XLSForm: ")
    assert words in said


def test_a_form_without_questions_is_none() -> None:
    assert told(workbook({"survey": (HEAD,)})) == "asks nothing"
    assert told(workbook({"survey": (HEAD, ("note", "n", "Read this"))})) == "asks nothing"


def test_what_is_no_workbook_is_refused() -> None:
    for data in (b"", b"type,name,label\ntext,a,A\n", b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0" + bytes(600)):
        assert told(data) == "is no .xlsx workbook"
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert told(other.getvalue()).startswith("is no XLSForm: ")


def damaged(part: str, text: bytes) -> bytes:
    """A workbook of which one part is another."""
    found = io.BytesIO()
    whole = zipfile.ZipFile(io.BytesIO(workbook({"survey": (HEAD, ("text", "a", "A"))})))
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in whole.namelist():
            archive.writestr(name, text if name == part else whole.read(name))
    return found.getvalue()


def test_crafted_workbooks_are_refused() -> None:
    assert told(bytes(10 * 1024 * 1024 + 1)) == "is larger than 10 MiB"
    bomb = damaged("xl/worksheets/sheet1.xml", bytes(100 * 1024 * 1024))
    assert len(bomb) < 1024 * 1024
    assert told(bomb) == "unpacks to more than 12 MiB or 1000 parts"
    laughs = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><worksheet><sheetData>&c;</sheetData></worksheet>'
    assert told(damaged("xl/worksheets/sheet1.xml", laughs)).startswith("is no XLSForm: ")
    assert told(damaged("xl/workbook.xml", b"<a")).startswith("is no XLSForm: ")


def test_more_rows_or_columns_than_a_form_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsform, "ROWS_LIMIT", 50)
    long = workbook({"survey": (HEAD, *[("text", f"q{at}", "Q") for at in range(51)])})
    assert told(long) == "has more than 50 rows in the sheet survey"
    wide = workbook({"survey": ([f"c{at}" for at in range(251)],)})
    assert told(wide) == "has more than 250 columns in the sheet survey"


def test_groups_nested_without_end_are_refused() -> None:
    rows = [("begin group", f"g{at}", "G") for at in range(500)]
    deep = workbook({"survey": (HEAD, *rows, ("text", "a", "A"), *[("end group",)] * 500)})
    assert told(deep).startswith("is no XLSForm: ")


def test_pyxform_is_imported_with_the_first_spreadsheet() -> None:
    look = "import sys, rota.domain.field.xlsform; sys.exit('pyxform' in sys.modules or 'openpyxl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look]).returncode == 0
