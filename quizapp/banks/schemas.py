"""JSON Schemas of the content files, made from the models, so that an editor completes and checks while one types."""

import json
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, create_model

from quizapp.domain.credit import Methods
from quizapp.domain.evidence import Register
from quizapp.domain.glossary import Glossary
from quizapp.domain.items import ITEM_TYPES
from quizapp.domain.modules import SLUG, Course, FinalFacts, ModuleFacts, Part
from quizapp.domain.waivers import Waivers


def make_schemas() -> dict[str, str]:
    """File name → JSON Schema text."""
    models: dict[str, Any] = {
        "course": Course,
        "module": ModuleFacts | FinalFacts,
        "bank": _bank_model(),
        "evidence": Register,
        "credit": Methods,
        "glossary": Glossary,
        "content-waivers": Waivers,
    }
    return {f"{name}.schema.json": _write(name, model) for name, model in models.items()}


def list_stale(folder: Path) -> list[str]:
    """The schema files that are missing or say something else than the code."""
    return [
        name
        for name, text in make_schemas().items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text
    ]


def write_schemas(folder: Path) -> list[str]:
    """Bring the schema files up to date; the names of those that changed."""
    stale = list_stale(folder)
    schemas = make_schemas()
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (folder / name).write_text(schemas[name], "utf-8")
    return stale


def _bank_model() -> type[BaseModel]:
    item: Any = Annotated[reduce(or_, (ITEM_TYPES[name] for name in sorted(ITEM_TYPES))), Field(discriminator="type")]
    return create_model(
        "Bank",
        __base__=Part,
        __doc__="`bank.yaml`: the items of a module.",
        format=(Literal[1], ...),
        module=(Annotated[str, Field(pattern=SLUG, max_length=60)], ...),
        items=(tuple[item, ...], Field(min_length=1)),
    )


def _write(name: str, model: Any) -> str:
    schema: dict[str, Any] = TypeAdapter(model).json_schema()
    for definition in schema.get("$defs", {}).values():
        if "type" in definition.get("properties", {}):  # an item says what it is, though the class knows it
            definition["required"] = sorted({*definition.get("required", ()), "type"})
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.schema.json"}
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"
