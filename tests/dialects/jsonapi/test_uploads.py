"""Forms that are sent as spreadsheets become forms like any other."""

import uuid

import pytest

from dialects.jsonapi.outpost import MEDIA_TYPE, Outpost
from ground import ANN
from sheets import workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SURVEY = (("type", "name", "label", "required"), ("integer", "age", "Age", "yes"))
BOOK = workbook({"survey": SURVEY})
NAMED = workbook({"survey": SURVEY, "settings": (("form_title", "form_id", "version"), ("Ages", "ages_1", "2"))})
RAW = {"Content-Type": XLSX}


def multipart(*files: tuple[str | None, bytes]) -> tuple[dict[str, str], bytes]:
    """Headers and body of an HTML form with these files; a file without a name is a plain field."""
    boundary = uuid.UUID(int=7).hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="f"'.encode()
        + (f'; filename="{name}"\r\nContent-Type: {XLSX}'.encode() if name else b"")
        + b"\r\n\r\n"
        + data
        + b"\r\n"
        for name, data in files
    ]
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, b"".join(parts) + f"--{boundary}--".encode()


def test_a_spreadsheet_becomes_a_form(outpost: Outpost) -> None:
    made = outpost.ask("POST", "/forms/", NAMED, headers=RAW)
    assert made.status_code == 201, made.text
    attributes = made.json["data"]["attributes"]
    assert (attributes["title"], attributes["id_string"], attributes["version"]) == ("Ages", "ages_1", "2")
    assert attributes["fields"]["properties"] == {"age": {"title": "Age", "type": "integer"}}
    assert attributes["fields"]["required"] == ["age"]
    assert outpost.get(made.headers["location"].partition("/api/v1")[2])["data"] == made.json["data"]
    again = outpost.refused("POST", "/forms", NAMED, headers=RAW)
    assert again == (400, [("/data/attributes/id_string", "id_string is taken.")])


def test_without_a_title_it_has_its_files_name(outpost: Outpost) -> None:
    asked = outpost.ask("POST", "/forms?file_name=Site%20visit.xlsx&fields[Form]=title", BOOK, headers=RAW)
    assert asked.json["data"]["attributes"] == {"title": "Site visit"}
    headers, body = multipart(("Ages of 2018.xlsx", BOOK))
    sent = outpost.ask("POST", "/forms", body, headers=headers)
    assert (sent.status_code, sent.json["data"]["attributes"]["title"]) == (201, "Ages of 2018")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"type,name,label", "The file is no .xlsx workbook."),
        (workbook({"survey": (("type", "name"), ("txt", "a"))}), "The file is no XLSForm: "),
        (workbook({"survey": (("type", "name"),)}), "The file asks nothing."),
    ],
)
def test_what_is_no_form_is_refused_in_a_sentence(door: Outpost, data: bytes, words: str) -> None:
    status, told = door.refused("POST", "/forms", data, headers=RAW)
    assert status == 400
    assert told[0][1].startswith(words)


def test_bodies_that_are_no_single_file_are_refused(door: Outpost) -> None:
    for files in ((), (("a.xlsx", BOOK), ("b.xlsx", BOOK))):
        headers, body = multipart(*files)
        assert door.refused("POST", "/forms", body, headers=headers)[0] == 400
    headers, body = multipart((None, BOOK))
    assert door.refused("POST", "/forms", body, headers=headers) == (400, [("", "The part 'f' is no file.")])
    for broken in ({"Content-Type": "multipart/form-data"}, {"Content-Type": "multipart/form-data; boundary=x"}):
        assert door.refused("POST", "/forms", BOOK, headers=broken)[0] == 400
    large = bytes(10 * 1024 * 1024 + 1)
    assert door.refused("POST", "/forms", large, headers=RAW)[0] == 413


def test_only_admins_send_them_and_only_to_forms(door: Outpost) -> None:
    assert door.refused("POST", "/forms", BOOK, headers=RAW, who=ANN)[0] == 403
    assert door.refused("POST", "/clients", BOOK, headers=RAW)[0] == 415
    assert door.refused("PATCH", "/forms/1", BOOK, headers=RAW)[0] == 415
    assert door.refused("POST", "/forms", BOOK, headers={"Content-Type": "text/csv"})[0] == 415
    assert door.refused("POST", "/forms", BOOK, headers={**RAW, "Accept": f"{MEDIA_TYPE}; a=b"})[0] == 406
    parameters = door.refused("POST", "/forms?file_name=a&file_name=b&x=1", BOOK, headers=RAW)
    assert parameters == (400, [("x", "x is not a parameter that is known here.")])
    assert door.refused("POST", "/forms?file_name=a", {"data": {}})[0] == 400
