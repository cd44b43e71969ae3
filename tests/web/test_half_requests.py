"""A request that broke off is no request."""

from io import BytesIO

from flask.testing import FlaskClient

from tests.people import ALICE
from tests.web.taker import JSON, begin


def test_half_a_form_changes_nothing(alice: FlaskClient) -> None:
    """As granian hands it over: what came of the body, and the word that this was all."""
    taker = begin(alice.application, alice, ALICE)
    assert taker.save(1, ["A"], seq="0").status_code == 200
    whole = b"n=1&q1-seq=9&q1-answer=B"
    half = whole[: whole.index(b"&q1-answer")]
    answer = alice.post(
        f"{taker.url}/save",
        headers=JSON,
        content_type="application/x-www-form-urlencoded",
        input_stream=BytesIO(half),
        environ_overrides={"CONTENT_LENGTH": str(len(whole)), "wsgi.input_terminated": True},
    )
    assert answer.status_code == 400
    assert taker.questions()[0].chosen == {"A"}
