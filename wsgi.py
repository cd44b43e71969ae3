"""The WSGI entry point: any WSGI server can serve `wsgi:app`."""

import gc

from quizapp.app import create_app

app = create_app()

# What was loaded until now stays for good: the collector need not walk through it again at every round.
gc.collect()
gc.freeze()
