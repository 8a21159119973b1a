"""Answers as a plain form sends them, for browsers without our script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

Form = MultiDict[str, str]
Shown = Mapping[str, Any]


def _one(shown: Shown, form: Form) -> Any:
    return form.get("jawaban") or None


def _several(shown: Shown, form: Form) -> Any:
    return form.getlist("jawaban") or None


def _pairs(shown: Shown, form: Form) -> Any:
    chosen = {left["id"]: form.get(f"pasangan-{left['id']}") for left in shown["lefts"]}
    return {left: right for left, right in chosen.items() if right} or None


def _order(shown: Shown, form: Form) -> Any:
    """Each item says its place. Nothing said is no answer; a place said twice or missing leaves an order that is not whole."""
    places = {item["id"]: form.get(f"urutan-{item['id']}", "") for item in shown["items"]}
    if not any(places.values()):
        return None
    wanted = {str(place): name for name, place in places.items()}
    return [wanted[place] for place in map(str, range(1, len(places) + 1)) if place in wanted] or ["?"]


_READERS: Mapping[str, Callable[[Shown, Form], Any]] = {
    "single_choice": _one,
    "multiple_choice": _several,
    "true_false": _one,
    "short_answer": _one,
    "numerical": _one,
    "matching": _pairs,
    "ordering": _order,
}


def response_from(shown: Shown, form: Form) -> Any:
    """What the form says about a presented question, as a browser's script would send it; the question type checks it."""
    return _READERS[shown["type"]](shown, form)
