"""The application on a machine whose clock is set back and forth: what the file CLOCK_OFFSET_FILE says, in seconds.

The clock is moved for everything in the process that asks Python for the time: ours, and the signatures of cookies.
"""

import datetime as dt
import os
import time
from pathlib import Path

from quizapp.app import create_app

_file = Path(os.environ["CLOCK_OFFSET_FILE"])
_real_time = time.time


def _moved_time() -> float:
    return _real_time() + float(_file.read_text() or 0)


def _moved_now() -> dt.datetime:
    return dt.datetime.fromtimestamp(_moved_time(), dt.UTC)


time.time = _moved_time
app = create_app({"CLOCK": _moved_now})
