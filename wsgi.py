"""The WSGI entry point: any WSGI server can serve `wsgi:app`."""

from quizapp.app import create_app, settle_memory

app = create_app()
settle_memory()
