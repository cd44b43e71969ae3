"""The first tables: people, content, attempts, jobs, the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "course",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_course"),
    )
    op.create_table(
        "item_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.String(length=80), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_item_version"),
        sa.UniqueConstraint("item_id", "hash", name="uq_item_version_item_id_hash"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("kind", "key", name="uq_job_kind_key"),
    )
    op.create_index("ix_job_done_at_failed_at_due_at", "job", ["done_at", "failed_at", "due_at"])
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tf_primary_method", sa.String(length=64), nullable=True),
        sa.Column("tf_totp_secret", sa.String(length=255), nullable=True),
        sa.Column("tf_phone_number", sa.String(length=128), nullable=True),
        sa.Column("tf_last_counter", sa.Integer(), nullable=True),
        sa.Column("mf_recovery_codes", sa.UnicodeText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("email", name="uq_person_email"),
        sa.UniqueConstraint("fs_uniquifier", name="uq_person_fs_uniquifier"),
    )
    op.create_table(
        "role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=False),
        sa.Column("permissions", sa.UnicodeText(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_role"),
        sa.UniqueConstraint("name", name="uq_role_name"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["person.id"], name="fk_audit_entry_actor_id_person", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_subject_at", "audit_entry", ["subject", "at"])
    op.create_table(
        "course_module",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("course_id", sa.String(length=60), nullable=False),
        sa.Column("current_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name="fk_course_module_course_id_course"),
        sa.PrimaryKeyConstraint("id", name="pk_course_module"),
    )
    op.create_table(
        "person_role",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_person_role_person_id_person", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name="fk_person_role_role_id_role", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "role_id", name="pk_person_role"),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_sign_in_person_id_person", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_token_hash"),
    )
    op.create_index("ix_sign_in_person_id_created_at", "sign_in", ["person_id", "created_at"])
    op.create_table(
        "module_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("module_id", sa.String(length=60), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["module_id"], ["course_module.id"], name="fk_module_version_module_id_course_module"),
        sa.PrimaryKeyConstraint("id", name="pk_module_version"),
        sa.UniqueConstraint("module_id", "hash", name="uq_module_version_module_id_hash"),
    )
    with op.batch_alter_table("course_module") as batch_op:  # a module points at its versions, and they at it
        batch_op.create_foreign_key("fk_course_module_current", "module_version", ["current_id"], ["id"])
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("module_id", sa.String(length=60), nullable=False),
        sa.Column("module_version_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("n_slots", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_passed", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["module_id"], ["course_module.id"], name="fk_attempt_module_id_course_module"),
        sa.ForeignKeyConstraint(
            ["module_version_id"], ["module_version.id"], name="fk_attempt_module_version_id_module_version"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_attempt_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.UniqueConstraint(
            "person_id", "module_id", "kind", "number", name="uq_attempt_person_id_module_id_kind_number"
        ),
    )
    op.create_index(
        "uq_attempt_open",
        "attempt",
        ["person_id", "module_id", "kind"],
        unique=True,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "pool_entry",
        sa.Column("module_version_id", sa.Integer(), nullable=False),
        sa.Column("item_version_id", sa.Integer(), nullable=False),
        sa.Column("use", sa.String(length=10), nullable=False),
        sa.Column("objective", sa.String(length=20), nullable=False),
        sa.Column("bloom", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_version_id"], ["item_version.id"], name="fk_pool_entry_item_version_id_item_version"
        ),
        sa.ForeignKeyConstraint(
            ["module_version_id"], ["module_version.id"], name="fk_pool_entry_module_version_id_module_version"
        ),
        sa.PrimaryKeyConstraint("module_version_id", "item_version_id", name="pk_pool_entry"),
    )
    op.create_table(
        "section_read",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("module_id", sa.String(length=60), nullable=False),
        sa.Column("section_id", sa.String(length=80), nullable=False),
        sa.Column("module_version_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["module_id"], ["course_module.id"], name="fk_section_read_module_id_course_module"),
        sa.ForeignKeyConstraint(
            ["module_version_id"], ["module_version.id"], name="fk_section_read_module_version_id_module_version"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_section_read_person_id_person", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "module_id", "section_id", name="pk_section_read"),
    )
    op.create_table(
        "attempt_step",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("tab", sa.String(length=40), nullable=False),
        sa.Column("tab_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_attempt_step_attempt_id_attempt"),
        sa.PrimaryKeyConstraint("attempt_id", "seq", name="pk_attempt_step"),
    )
    op.create_index("ix_attempt_step_attempt_id_position_seq", "attempt_step", ["attempt_id", "position", "seq"])
    op.create_table(
        "contribution",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_version_id", sa.Integer(), nullable=False),
        sa.Column("objective", sa.String(length=20), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("response_class", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name="fk_contribution_attempt_id_attempt"),
        sa.ForeignKeyConstraint(
            ["item_version_id"], ["item_version.id"], name="fk_contribution_item_version_id_item_version"
        ),
        sa.PrimaryKeyConstraint("attempt_id", "position", name="pk_contribution"),
    )
    op.create_index("ix_contribution_item_version_id", "contribution", ["item_version_id"])


def downgrade() -> None:
    op.drop_index("ix_contribution_item_version_id", table_name="contribution")
    op.drop_table("contribution")
    op.drop_index("ix_attempt_step_attempt_id_position_seq", table_name="attempt_step")
    op.drop_table("attempt_step")
    op.drop_table("section_read")
    op.drop_table("pool_entry")
    op.drop_index("uq_attempt_open", table_name="attempt")
    op.drop_table("attempt")
    with op.batch_alter_table("course_module") as batch_op:
        batch_op.drop_constraint("fk_course_module_current", type_="foreignkey")
    op.drop_table("module_version")
    op.drop_index("ix_sign_in_person_id_created_at", table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_table("person_role")
    op.drop_table("course_module")
    op.drop_index("ix_audit_entry_subject_at", table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_table("role")
    op.drop_table("person")
    op.drop_index("ix_job_done_at_failed_at_due_at", table_name="job")
    op.drop_table("job")
    op.drop_table("item_version")
    op.drop_table("course")
