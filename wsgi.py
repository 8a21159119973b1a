"""The application object, for `flask` commands and for WSGI servers."""

import sys

from app.factory import create_app
from config import BadSettings, Settings

try:
    app = create_app(Settings.from_environment(), async_mode="threading")
except BadSettings as bad:
    sys.exit("\n".join(f"gurindam: {fault}" for fault in bad.faults))
