"""Reads a form from a spreadsheet that is written as an XLSForm (https://xlsform.org).

What the spreadsheet says is checked by pyxform, in this process: nothing is fetched, and no other program is run. It is
imported with the first spreadsheet, for that takes half a second. What its questions ask for is xlsform_questions.py's.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from rota.domain.faults import Unfit
from rota.domain.field.xlsform_questions import schema_of

FILE_LIMIT = 10 * 1024 * 1024
UNPACKED_LIMIT = 12 * 1024 * 1024
PARTS_LIMIT = 1_000
ROWS_LIMIT = 5_000
COLUMNS_LIMIT = 250
MESSAGE_LIMIT = 500


def form_of_xlsform(data: bytes, file_name: str, warnings: list[str] | None = None) -> dict[str, Any]:
    """The fields of a form: `title`, `id_string`, `fields` and, where the spreadsheet names one, `version`.

    Without a title or an id the file's name stands in. `warnings` is added to: what is not wrong and could be better.
    Raises Unfit for what is no workbook in the format of .xlsx, is too large, or is no XLSForm.
    """
    _check_archive(data)
    name = PurePath(file_name.replace("\\", "/")).stem.strip() or "form"
    try:
        return _form(_read(data, name, [] if warnings is None else warnings), name)
    except Unfit:
        raise
    except Exception as error:  # The libraries raise whatever a crafted file leads them to.
        raise Unfit(f"is no XLSForm: {_said(error)}") from error


def _form(found: dict[str, Any], name: str) -> dict[str, Any]:
    from pyxform.question_type_dictionary import QUESTION_TYPE_DICT

    kinds = {kind: str(said.get("bind", {}).get("type", "string")) for kind, said in QUESTION_TYPE_DICT.items()}
    version = {"version": found["version"]} if found.get("version") else {}
    named = {"title": found.get("title") or name, "id_string": found.get("id_string") or name}
    fields = schema_of(found, kinds)
    if not fields["properties"]:
        raise Unfit("asks nothing")
    return {**named, **version, "fields": fields}


def _check_archive(data: bytes) -> None:
    if len(data) > FILE_LIMIT:
        raise Unfit(f"is larger than {FILE_LIMIT // 1024**2} MiB")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise Unfit("is no .xlsx workbook") from None
    # What a part unpacks to beyond the size that it states is never read.
    if len(parts) > PARTS_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
        raise Unfit(f"unpacks to more than {UNPACKED_LIMIT // 1024**2} MiB or {PARTS_LIMIT} parts")


def _read(data: bytes, name: str, warnings: list[str]) -> dict[str, Any]:
    """The form as pyxform has it, checked to the end: it finds some faults only where it writes the XForm."""
    from pyxform.builder import create_survey_element_from_dict
    from pyxform.xls2json import workbook_to_json
    from pyxform.xls2json_backends import get_xlsform

    book = get_xlsform(_sheets(data))
    found: dict[str, Any] = workbook_to_json(book, form_name="data", fallback_form_name=name, warnings=warnings)
    create_survey_element_from_dict(found).xml()
    return found


def _sheets(data: bytes) -> dict[str, Any]:
    """The rows of the sheets that an XLSForm may have, as pyxform would read them, were they few enough."""
    import openpyxl
    from pyxform.constants import SUPPORTED_SHEET_NAMES, SURVEY

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        found: dict[str, Any] = {"sheet_names": list(book.sheetnames)}
        for title in book.sheetnames:
            name = SURVEY if len(book.sheetnames) == 1 else title.lower()
            if name in SUPPORTED_SHEET_NAMES:
                found[name], found[f"{name}_header"] = _sheet(book[title])
        return found
    finally:
        book.close()


def _sheet(sheet: Any) -> tuple[list[dict[str, Any]], list[dict[str, None]]]:
    from pyxform.xls2json_backends import get_excel_column_headers, get_excel_rows

    first = next(sheet.rows, ())
    headers = get_excel_column_headers(first_row=(cell.value for cell in first))
    if len(headers) > COLUMNS_LIMIT:
        raise Unfit(f"has more than {COLUMNS_LIMIT} columns in the sheet {sheet.title}")
    rows = sheet.iter_rows(min_row=2, max_col=len(headers))
    found = get_excel_rows(headers=headers, rows=_few(rows, sheet.title), cell_func=_cell)
    names = {name: None for name in headers if name is not None}
    return found, [names] if names else []


def _few(rows: Iterable[Any], title: str) -> Iterator[Any]:
    for number, row in enumerate(rows):
        if number >= ROWS_LIMIT:
            raise Unfit(f"has more than {ROWS_LIMIT} rows in the sheet {title}")
        yield row


def _cell(cell: Any, row: int, column: str) -> str | None:
    from pyxform.xls2json_backends import is_empty, xlsx_value_to_str

    value = cell.value.strip() if isinstance(cell.value, str) else cell.value
    return None if is_empty(value) else xlsx_value_to_str(value)


def _said(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return "".join(char for char in words if char.isprintable())[:MESSAGE_LIMIT]
