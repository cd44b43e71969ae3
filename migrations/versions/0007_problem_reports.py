"""Reports of a problem with a question.

Going down, the reports and their answers are lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "problem_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_version_id", sa.Integer(), nullable=False),
        sa.Column("module_id", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["person.id"], name="fk_problem_report_answered_by_person", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.id"], name="fk_problem_report_attempt_id_attempt", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["item_version_id"], ["item_version.id"], name="fk_problem_report_item_version_id_item_version"
        ),
        sa.ForeignKeyConstraint(["module_id"], ["course_module.id"], name="fk_problem_report_module_id_course_module"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_problem_report_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_problem_report"),
        sa.UniqueConstraint("person_id", "key", name="uq_problem_report_person_id_key"),
    )
    for columns in (("attempt_id",), ("item_version_id",), ("state", "id")):
        op.create_index(f"ix_problem_report_{'_'.join(columns)}", "problem_report", list(columns))


def downgrade() -> None:
    op.drop_table("problem_report")
