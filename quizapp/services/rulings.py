"""What was decided about published items, for whoever marks or shows them."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection

from quizapp.domain.corrections import Correction, Ruling, rule
from quizapp.domain.items import Item
from quizapp.store.corrections import NEWEST, list_corrections


def get_rulings(
    connection: Connection, items: Mapping[int, Item], upto_id: int = NEWEST, *, hold: bool = False
) -> dict[int, Ruling]:
    """The rulings on those of these item versions that were ever corrected, by the corrections up to that id.

    `hold`: see `list_corrections`.
    """
    return rule_all(items, list_corrections(connection, items, upto_id, hold=hold))


def rule_all(items: Mapping[int, Item], corrections: list[Correction]) -> dict[int, Ruling]:
    """The rulings that these corrections, oldest first, come to."""
    by_item: dict[int, list[Correction]] = defaultdict(list)
    for correction in corrections:
        by_item[correction.item_version_id].append(correction)
    return {i: rule(items[i], decided) for i, decided in by_item.items()}
