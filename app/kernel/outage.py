"""The database did not take it: told to the operator in one line of the log, with the reason."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from app.kernel import schema
from app.kernel.errors import Busy

log = structlog.get_logger()


def tell_outage(error: Busy | DBAPIError | NoConnectionFree) -> None:
    """The reason is `database_locked`, `schema_behind` (beside it what the statement missed), or what the driver said."""
    if isinstance(error, Busy):
        log.error("database_unavailable", reason=error.code)
    elif isinstance(error, DBAPIError) and schema.explains(error):
        log.error("database_unavailable", reason="schema_behind", missed=str(error.orig), needed=schema.NEEDED)
    else:
        log.error("database_unavailable", reason=str(getattr(error, "orig", error)))


def is_outage(error: Busy | DBAPIError | NoConnectionFree) -> bool:
    """False for a statement that is wrong in itself: that is a fault of the code."""
    return not isinstance(error, ProgrammingError) or schema.explains(error)
