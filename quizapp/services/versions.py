"""Published versions, read back and cached: what a web worker needs of publishing, without reading any text bank.

A version never changes, so it is cached by its id alone.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection
from sqlalchemy.pool import Pool

from quizapp.domain.errors import NotFound
from quizapp.domain.evidence import find_citations
from quizapp.domain.items import Item, restore_item
from quizapp.domain.modules import Module
from quizapp.store import content as store

CACHE_BYTES = 32_000_000
"""Of JSON text per database; the objects made from it take a small multiple."""


def canonical_json(content: Any) -> str:
    """Keys sorted, no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


T = TypeVar("T")
Load = Callable[[Connection, Iterable[int]], dict[int, dict[str, Any]]]


class _Cache:
    """The versions of one database that were used last, bounded in bytes of their JSON."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._held: OrderedDict[tuple[type, int], tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def find(self, kind: type[T], version_id: int) -> T | None:
        with self._lock:
            found = self._held.get((kind, version_id))
            if found is None:
                return None
            self._held.move_to_end((kind, version_id))
            return found[0]  # type: ignore[no-any-return]

    def hold(self, kind: type, version_id: int, value: object, n_bytes: int) -> None:
        with self._lock:
            _, before = self._held.pop((kind, version_id), (None, 0))
            self._held[kind, version_id] = (value, n_bytes)
            self.n_bytes += n_bytes - before
            while self.n_bytes > self.max_bytes:
                _, (_, freed) = self._held.popitem(last=False)
                self.n_bytes -= freed


_CACHES: WeakKeyDictionary[Pool, _Cache] = WeakKeyDictionary()
_CACHES_LOCK = Lock()


def _cache_of(connection: Connection) -> _Cache:
    """The cache of the database behind `connection`: one per pool of connections, gone when that is."""
    with _CACHES_LOCK:
        return _CACHES.setdefault(connection.engine.pool, _Cache(CACHE_BYTES))


def get_module_version(connection: Connection, version_id: int) -> Module:
    """A published module version."""
    return get_module_versions(connection, [version_id])[version_id]


def get_module_versions(connection: Connection, version_ids: Iterable[int]) -> dict[int, Module]:
    """Published module versions by id, in the order asked for; one select at most, none when all are cached."""
    return _get(connection, version_ids, Module, store.load_module_versions, Module.model_validate)


def get_items(connection: Connection, version_ids: Iterable[int]) -> dict[int, Item]:
    """Published item versions by id, in the order asked for; one select at most, none when all are cached."""
    return _get(connection, version_ids, Item, store.load_item_versions, restore_item)  # type: ignore[type-abstract]


@dataclass(frozen=True, slots=True)
class CitingItem:
    """A published item with the claims that any of its texts cites. For educators: claims can hint at the key."""

    id: str
    title: str
    use: str
    claims: tuple[str, ...]


def get_citing_items(connection: Connection, version_ids: Iterable[int]) -> dict[int, CitingItem]:
    """Published item versions as what they cite, in the order asked for; read and cached as by `get_items`."""
    return _get(connection, version_ids, CitingItem, store.load_item_versions, _read_citing_item)


def _read_citing_item(content: dict[str, Any]) -> CitingItem:
    item = restore_item(content)
    claims = dict.fromkeys(cited.claim for text in item.texts() for cited in find_citations(text))
    return CitingItem(item.id, item.title, item.use, tuple(claims))


def _get(
    connection: Connection,
    version_ids: Iterable[int],
    kind: type[T],
    load: Load,
    restore: Callable[[dict[str, Any]], T],
) -> dict[int, T]:
    cache = _cache_of(connection)
    wanted = list(dict.fromkeys(version_ids))
    found = {i: value for i in wanted if (value := cache.find(kind, i)) is not None}
    absent = [i for i in wanted if i not in found]
    if absent:
        loaded = load(connection, absent)
        if len(loaded) < len(absent):
            raise NotFound("There is no such version of this content.")
        for i, content in loaded.items():
            found[i] = restore(content)
            cache.hold(kind, i, found[i], len(canonical_json(content)))
    return {i: found[i] for i in wanted}
