"""Who changed what, when, from what, to what, and why: written in the transaction of the change."""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, String, Text, insert
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.store.db import Base


class AuditEntry(Base):
    """One change. `actor_id` is None where a command on the server did it."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (Index(None, "subject", "at"),)


def add_audit(
    connection: Connection,
    *,
    at: dt.datetime,
    actor_id: int | None,
    action: str,
    subject: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write one entry. `before` and `after` carry `format: 1` so that their shape can change later."""
    stamped = [None if side is None else {"format": 1, **side} for side in (before, after)]
    row = {"at": at, "actor_id": actor_id, "action": action, "subject": subject, "reason": reason}
    connection.execute(insert(AuditEntry).values(**row, before=stamped[0], after=stamped[1]))
