"""The fields of an answer by their paths: picking some, and laying them out as columns.

    id, country, findings.substance

The columns of a file are the leaves in the order of the model, so they stay where they are. A list
inside a row ("; " between its items) is one cell.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from app.api.asking import nearest
from app.errors import Problem, Refused, shown

Picked = dict[str, Any]  # a field's name -> what is picked inside it, {} for all


@cache
def leaves(model: type[BaseModel], before: str = "") -> tuple[str, ...]:
    """The paths of all that a model holds, in its order."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        inner = _model_inside(field.annotation)
        found += leaves(inner, f"{before}{name}.") if inner else [f"{before}{name}"]
    return tuple(found)


@cache
def paths(model: type[BaseModel]) -> tuple[str, ...]:
    """All paths that may be asked for: the leaves, and what holds several of them."""
    found = dict.fromkeys(leaves(model))
    for leaf in leaves(model):
        parts = leaf.split(".")
        found |= dict.fromkeys(".".join(parts[:n]) for n in range(1, len(parts)))
    return tuple(found)


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for arg in get_args(annotation) if (m := _model_inside(arg))), None)


def chosen(model: type[BaseModel], fields: str | None) -> tuple[str, ...]:
    """The leaves that were asked for, in the order of asking; all when nothing was.

    Raises Refused for a path that the model does not hold.
    """
    if fields is None:
        return leaves(model)
    asked = fields.split(",")
    problems = tuple(
        Problem("fields", f'"{shown(path)}" is no field here{nearest(path, paths(model))}')
        for path in asked
        if path not in paths(model)
    )
    if problems:
        raise Refused("; ".join(str(p) for p in problems[:5]), problems)
    found = (
        leaf
        for path in asked
        for leaf in leaves(model)
        if leaf == path or leaf.startswith(f"{path}.")
    )
    return tuple(dict.fromkeys(found))


def picker(columns: Sequence[str]) -> Picked:
    """The same as a tree.

    >>> picker(["id", "findings.name", "findings.grade"])
    {'id': {}, 'findings': {'name': {}, 'grade': {}}}
    """
    tree: Picked = {}
    for path in columns:
        node = tree
        for part in path.split("."):
            node = node.setdefault(part, {})
    return tree


def pick(value: Any, tree: Picked) -> Any:
    """What is left of an answer when only some fields are wanted."""
    if not tree or value is None:
        return value
    if isinstance(value, list):
        return [pick(item, tree) for item in value]
    return {name: pick(value[name], inner) for name, inner in tree.items() if name in value}


def cell(value: Any, path: Sequence[str]) -> Any:
    """What stands in the column of that path: text, a number, or nothing."""
    for depth, part in enumerate(path):
        if isinstance(value, list):
            inside = [cell(item, path[depth:]) for item in value]
            return "; ".join("" if one is None else str(one) for one in inside)
        if value is None:
            return None
        value = value.get(part)
    return _written(value)


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "; ".join(str(_written(item)) for item in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
