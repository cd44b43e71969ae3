"""The end of an attempt's time: when it is due, and until when an answer still counts.

Attempts that are there have no end. Going down, late answers stay among the steps, though the code before this does not
know them and cannot open an attempt that has any.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attempt", sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_attempt_open_closes_at",
        "attempt",
        ["closes_at"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_attempt_open_closes_at", table_name="attempt")
    op.drop_column("attempt", "closes_at")
    op.drop_column("attempt", "due_at")
