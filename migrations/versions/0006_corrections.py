"""Corrections of published items, regrades, both scores.

Going down, corrections and regrades are lost: what items earned at first is what remains in the sums. Passes that a
regrade gave stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = ["attempt_id", "position"]


def upgrade() -> None:
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_version_id", sa.Integer(), nullable=False),
        sa.Column("effect", sa.String(length=10), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name="fk_correction_actor_id_person", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["item_version_id"], ["item_version.id"], name="fk_correction_item_version_id_item_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_correction"),
    )
    op.create_index("ix_correction_item_version_id", "correction", ["item_version_id"])
    op.create_table(
        "regrade",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("module_id", sa.String(length=60), nullable=False),
        sa.Column("upto_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_attempt_id", sa.Integer(), nullable=False),
        sa.Column("n_total", sa.Integer(), nullable=False),
        sa.Column("n_done", sa.Integer(), nullable=False),
        sa.Column("n_up", sa.Integer(), nullable=False),
        sa.Column("n_down", sa.Integer(), nullable=False),
        sa.Column("n_same", sa.Integer(), nullable=False),
        sa.Column("n_won", sa.Integer(), nullable=False),
        sa.Column("n_kept", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name="fk_regrade_actor_id_person", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_regrade_attempt_id_attempt"),
        sa.ForeignKeyConstraint(["module_id"], ["course_module.id"], name="fk_regrade_module_id_course_module"),
        sa.PrimaryKeyConstraint("id", name="pk_regrade"),
    )
    op.create_index("ix_regrade_module_id", "regrade", ["module_id"])
    op.create_table(
        "rescore",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("regrade_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("earned_before", sa.String(length=80), nullable=False),
        sa.Column("out_of_before", sa.Integer(), nullable=False),
        sa.Column("was_passed", sa.Boolean(), nullable=False),
        sa.Column("earned_after", sa.String(length=80), nullable=False),
        sa.Column("out_of_after", sa.Integer(), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_rescore_attempt_id_attempt"),
        sa.ForeignKeyConstraint(["regrade_id"], ["regrade.id"], name="fk_rescore_regrade_id_regrade"),
        sa.PrimaryKeyConstraint("attempt_id", "regrade_id", name="pk_rescore"),
    )
    op.create_index(
        "ix_attempt_step_late",
        "attempt_step",
        ["attempt_id"],
        sqlite_where=sa.text("kind = 'late'"),
        postgresql_where=sa.text("kind = 'late'"),
    )
    op.add_column("attempt", sa.Column("correction_id", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("contribution", recreate="auto") as batch:
        batch.add_column(sa.Column("regrade_id", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("weight", sa.Integer(), server_default="1", nullable=False))
        batch.drop_constraint("pk_contribution", type_="primary")
        batch.create_primary_key("pk_contribution", [*KEY, "regrade_id", "weight"])


def downgrade() -> None:
    op.execute("DELETE FROM contribution WHERE regrade_id <> 0")
    with op.batch_alter_table("contribution", recreate="auto") as batch:
        batch.drop_constraint("pk_contribution", type_="primary")
        batch.create_primary_key("pk_contribution", KEY)
        batch.drop_column("weight")
        batch.drop_column("regrade_id")
    op.drop_column("attempt", "correction_id")
    op.drop_index("ix_attempt_step_late", table_name="attempt_step")
    op.drop_table("rescore")
    op.drop_table("regrade")
    op.drop_table("correction")
