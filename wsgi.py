"""The WSGI entry point: any WSGI server can serve `wsgi:app`."""

from quizapp.app import create_app

app = create_app()
