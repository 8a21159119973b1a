"""Tables as files for a spreadsheet, made beside the event loop."""

from __future__ import annotations

from flask import Response

from app.kernel.off_the_loop import off_the_loop
from app.people import spreadsheets

KINDS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table_answer(name: str, kind: str, headings: list[str], rows: list[list[str]]) -> Response:
    """A table as the file `name.csv` or `name.xlsx`; cells that a spreadsheet would run are neutralized, and no copy is kept on the way."""

    def build() -> bytes:
        return spreadsheets.write_csv(headings, rows) if kind == "csv" else spreadsheets.write_xlsx(name, headings, rows)

    mimetype = XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"}
    return Response(off_the_loop(build), content_type=mimetype, headers=headers)
