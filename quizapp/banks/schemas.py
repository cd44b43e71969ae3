"""JSON Schemas of the content files, made from the models, so that an editor completes and checks while one types."""

import json
from copy import deepcopy
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, create_model

from quizapp.banks.case_sets import CASE_SET, COMMON, CaseSet, PartHead
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


def _add_case_sets(schema: dict[str, Any]) -> None:
    """Let an entry of a bank be a case set too, whose parts are items without what the case says for them."""
    definitions = schema["$defs"]
    items = schema["properties"]["items"]["items"]
    names = {kind: at.removeprefix("#/$defs/") for kind, at in items["discriminator"]["mapping"].items()}
    for name in names.values():
        del definitions[name]["properties"]["case"]
        part = deepcopy(definitions[name])
        del part["properties"]["vignette"]
        part["properties"]["more"] = PartHead.model_json_schema()["properties"]["more"]
        part["required"] = [field for field in part["required"] if field not in (*COMMON, "title")]
        definitions[f"{name}Part"] = part
    parts = {kind: f"#/$defs/{name}Part" for kind, name in names.items()}
    case = CaseSet.model_json_schema()
    written = definitions[next(iter(names.values()))]["properties"]  # as an item says it: never empty
    case["properties"] |= {field: written[field] for field in COMMON}
    case["properties"]["parts"] |= {"minItems": 2, "items": _choose(parts)}
    definitions["CaseSet"] = {name: value for name, value in case.items() if name != "$defs"}
    kinds = {**items["discriminator"]["mapping"], CASE_SET: "#/$defs/CaseSet"}
    schema["properties"]["items"]["items"] = _choose(dict(sorted(kinds.items())))
    del definitions["CasePlace"]


def _choose(kinds: dict[str, str]) -> dict[str, Any]:
    """One of several definitions, told apart by `type`."""
    return {
        "discriminator": {"mapping": kinds, "propertyName": "type"},
        "oneOf": [{"$ref": at} for at in kinds.values()],
    }


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
    if name == "bank":
        _add_case_sets(schema)
    for definition in schema.get("$defs", {}).values():
        if "type" in definition.get("properties", {}):  # an item says what it is, though the class knows it
            definition["required"] = sorted({*definition.get("required", ()), "type"})
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.schema.json"}
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"
