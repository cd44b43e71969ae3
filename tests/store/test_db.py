"""The two paths into the database."""

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from quizapp.store.db import reading, unit_of_work
from quizapp.store.people import Person

pytestmark = pytest.mark.each_database


def test_a_reading_refuses_to_write_and_a_unit_of_work_does_not(app: Flask) -> None:
    rename = update(Person).values(name="X")
    renamed = select(func.count()).where(Person.name == "X")
    with app.app_context():
        with pytest.raises(RuntimeError, match="never writes"), reading() as connection:
            connection.execute(rename)
        with reading() as connection:
            assert connection.scalar(renamed) == 0
        with unit_of_work() as connection:
            connection.execute(rename)
        with reading() as connection:
            assert connection.scalar(renamed) > 0
