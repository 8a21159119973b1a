"""A reader that somebody ends before it answers."""

import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
