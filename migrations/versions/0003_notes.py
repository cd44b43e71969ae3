"""Own notes on sections.

Going down, the notes are lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "note",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("module_id", sa.String(length=60), nullable=False),
        sa.Column("section_id", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["module_id"], ["course_module.id"], name="fk_note_module_id_course_module"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_note_person_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "module_id", "section_id", name="pk_note"),
    )


def downgrade() -> None:
    op.drop_table("note")
