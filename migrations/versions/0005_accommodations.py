"""Accommodations, pauses and moved ends.

Open attempts with an end keep it, and get the limit that it came from. Going down, accommodations are lost, and a pause
that is on leaves its attempt with all that was left to pause. Steps that moved an end stay, though the code before this
knows no reason for them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AMOUNTS = ("extra_percent", "extra_minutes", "pause_minutes", "extra_attempts")


def upgrade() -> None:
    op.create_table(
        "accommodation",
        sa.Column("person_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _AMOUNTS),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_accommodation_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_accommodation"),
    )
    op.add_column("attempt", sa.Column("limit_minutes", sa.Integer(), nullable=True))
    for name in ("pause_seconds", "paused_seconds"):
        op.add_column("attempt", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("attempt", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    _fill_limits()


def _fill_limits() -> None:
    """Only open attempts: an end that is past is never moved."""
    times = [sa.column(name, sa.DateTime(timezone=True)) for name in ("started_at", "due_at", "finished_at")]
    attempt = sa.table("attempt", sa.column("id", sa.Integer()), sa.column("limit_minutes", sa.Integer()), *times)
    is_open = attempt.c.due_at.is_not(None) & attempt.c.finished_at.is_(None)
    connection = op.get_bind()
    for row in connection.execute(sa.select(attempt.c.id, attempt.c.started_at, attempt.c.due_at).where(is_open)).all():
        minutes = round((row.due_at - row.started_at).total_seconds() / 60)
        connection.execute(attempt.update().where(attempt.c.id == row.id).values(limit_minutes=minutes))


def downgrade() -> None:
    for name in ("paused_at", "paused_seconds", "pause_seconds", "limit_minutes"):
        op.drop_column("attempt", name)
    op.drop_table("accommodation")
