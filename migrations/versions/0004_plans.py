"""What a draw looks at beside objective and level; when the quiz of an attempt closes for everybody.

Pools that are there are filled from the items as they were published. Attempts that are there have a quiz that never
closes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = {
    "sqlite": {
        "difficulty": "json_extract(content, '$.difficulty')",
        "tags": "coalesce((SELECT group_concat(value, char(10)) FROM json_each(content, '$.tags')), '')",
        "case_id": "json_extract(content, '$.case.id')",
        "case_part": "coalesce(json_extract(content, '$.case.part'), 0)",
        "case_size": "coalesce(json_extract(content, '$.case.n_parts'), 0)",
    },
    "postgresql": {
        "difficulty": "content->>'difficulty'",
        "tags": "coalesce((SELECT string_agg(tag, chr(10)) FROM json_array_elements_text(content->'tags') tag), '')",
        "case_id": "content->'case'->>'id'",
        "case_part": "coalesce((content->'case'->>'part')::integer, 0)",
        "case_size": "coalesce((content->'case'->>'n_parts')::integer, 0)",
    },
}


def upgrade() -> None:
    op.add_column("attempt", sa.Column("stops_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("pool_entry", sa.Column("difficulty", sa.String(10), nullable=False, server_default=""))
    op.add_column("pool_entry", sa.Column("tags", sa.Text(), nullable=False, server_default=""))
    op.add_column("pool_entry", sa.Column("case_id", sa.String(80), nullable=True))
    op.add_column("pool_entry", sa.Column("case_part", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("pool_entry", sa.Column("case_size", sa.Integer(), nullable=False, server_default="0"))
    for name, value in COLUMNS[op.get_context().dialect.name].items():
        read = f"SELECT {value} FROM item_version WHERE item_version.id = pool_entry.item_version_id"  # noqa: S608
        op.execute(f"UPDATE pool_entry SET {name} = ({read})")  # noqa: S608


def downgrade() -> None:
    for name in ("case_size", "case_part", "case_id", "tags", "difficulty"):
        op.drop_column("pool_entry", name)
    op.drop_column("attempt", "stops_at")
