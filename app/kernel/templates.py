"""The templates' engine: each template is compiled once for each language, and what can be known then is worked out then.

A page asks for dozens of texts, signs and addresses of the build that are the same in every request of a language. Here they become part
of the compiled template: `{{ _("Cari") }}` costs nothing when the page is drawn, and `{{ _("Halo, %(name)s", name=x) }}` no more than `x`.
Features say with `fold` which of their functions answer the same for the same arguments as long as the process runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

from flask import Flask, request
from flask.templating import Environment
from jinja2 import Template, nodes
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

TEXT = "_"
_PLACE = re.compile(r"%\((\w+)\)([sd])|%%|%")
_PLAIN = (str, int, float, bool)
_SPECIAL = frozenset({"_external", "_scheme", "_method"})  # what makes an address depend on more than its values


class _Context(Context):
    """Jinja's context, that asks macros and plain functions less often whether they want something of it."""

    def call(self, called: Any, /, *args: Any, **named: Any) -> Any:
        kind = type(called)
        if kind is Macro:
            named.pop("_block_vars", None)
            named.pop("_loop_vars", None)
            return called(self.eval_ctx, *args, **named)
        if kind is FunctionType and not called.__dict__:
            named.pop("_block_vars", None)
            named.pop("_loop_vars", None)
            return called(*args, **named)
        return super().call(called, *args, **named)


class Templates(Environment):
    """Flask's environment, with compiled templates kept by language and constant calls folded away."""

    context_class = _Context

    def __init__(self, app: Any, **options: Any):
        super().__init__(app, **options)
        self.language: Callable[[], str] = str
        self.text: Callable[[str], str] = str
        self.functions: dict[str, Callable[..., Any]] = {}
        self.imports: dict[tuple[str, str], Callable[..., Any]] = {}
        self.objects: dict[str, Any] = {}
        self._compiled: dict[tuple[str, str], Template] = {}

    def _load_template(self, name: str, globals: Any) -> Template:
        key = (self.language(), name)
        found = self._compiled.get(key)
        if found is None or (self.auto_reload and not found.is_up_to_date):
            if self.loader is None:
                raise TypeError("no loader for these templates")
            found = self._compiled[key] = self.loader.load(self, name, self.make_globals(globals))
        elif globals:
            found.globals.update(globals)
        return found

    def _generate(self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False) -> str:
        if self.autoescape(name) if callable(self.autoescape) else self.autoescape:
            source = _Folded(self, source).visit(source)
        return super()._generate(source, name, filename, defer_init)


def prepare(app: Flask) -> None:
    """Before anything asks for the application's templates."""
    app.jinja_environment = Templates


def keep_addresses(app: Flask) -> None:
    """Give templates a `url_for` that remembers: building an address costs as much as drawing a paragraph, and pages name dozens."""
    kept = lru_cache(maxsize=8192)(lambda _root, endpoint, values: app.url_for(endpoint, **{name: value for name, value, _type in values}))

    def url_for(endpoint: str, **values: Any) -> str:
        if endpoint.startswith(".") or not values.keys().isdisjoint(_SPECIAL) or not all(isinstance(value, (str, int)) for value in values.values()):
            return app.url_for(endpoint, **values)
        return kept(request.script_root if request else None, endpoint, tuple((name, value, type(value)) for name, value in values.items()))

    _of(app).globals["url_for"] = url_for


def speak(app: Flask, language: Callable[[], str], text: Callable[[str], str], in_template: Callable[..., Any]) -> None:
    """Say how texts are found: the language of this request, a text in it with its places open, and the function templates call `_`."""
    environment = _of(app)
    environment.language, environment.text = language, text
    fold(app, **{TEXT: in_template})


def fold(app: Flask, **functions: Callable[..., Any]) -> None:
    """Give templates these functions, which answer the same for the same arguments in one language for as long as the process runs."""
    environment = _of(app)
    environment.globals.update(functions)
    environment.functions.update(functions)


def fold_object(app: Flask, name: str, value: Any) -> None:
    """Give templates an object whose plain attributes never change."""
    environment = _of(app)
    environment.globals[name] = environment.objects[name] = value


def fold_import(app: Flask, template: str, name: str, function: Callable[..., Any]) -> None:
    """Say that what templates import under this name from this template is `function`, which answers as those of `fold` do."""
    _of(app).imports[template, name] = function


def _of(app: Flask) -> Templates:
    environment = app.jinja_env
    if not isinstance(environment, Templates):
        raise TypeError("templates were asked for before kernel.templates prepared them")
    return environment


class _Folded(NodeTransformer):
    """Puts values in the place of calls with constant arguments, and texts taken apart in the place of texts with variables."""

    def __init__(self, environment: Templates, template: nodes.Template):
        self.environment = environment
        own = {name.name for name in template.find_all(nodes.Name) if name.ctx != "load"}
        own |= {macro.name for macro in template.find_all(nodes.Macro)} | {tag.target for tag in template.find_all(nodes.Import)}
        calls = dict(environment.functions)
        for tag in template.find_all(nodes.FromImport):
            for entry in tag.names:
                imported, name = entry if isinstance(entry, tuple) else (entry, entry)
                known = environment.imports.get((tag.template.value, imported)) if isinstance(tag.template, nodes.Const) else None
                if known is None:
                    own.add(name)
                else:
                    calls[name] = known
        # A template that gives a name a meaning of its own keeps it.
        self.calls = {name: function for name, function in calls.items() if name not in own}
        self.objects = {name: value for name, value in environment.objects.items() if name not in own}

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        if not isinstance(node.node, nodes.Name) or node.node.name not in self.calls or node.dyn_args or node.dyn_kwargs:
            return node
        try:
            given, named = [value.as_const() for value in node.args], {pair.key: pair.value.as_const() for pair in node.kwargs}
        except nodes.Impossible:
            return self._taken_apart(node) if node.node.name == TEXT else node
        return self._constant(self.calls[node.node.name](*given, **named), node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.node, nodes.Name) and node.node.name in self.objects and node.ctx == "load":
            value = getattr(self.objects[node.node.name], node.attr)
            if isinstance(value, _PLAIN):
                return self._constant(value, node)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        """Constants of which one is markup: Jinja would join them as plain texts and escape them a second time."""
        self.generic_visit(node)
        if all(isinstance(part, nodes.Const) for part in node.nodes):
            values = [part.as_const() for part in node.nodes]
            if any(isinstance(value, Markup) for value in values):
                return self._constant(Markup("").join(map(_text, values)), node)
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802
        """What is joined only to be written is written part by part: each is escaped either way."""
        self.generic_visit(node)
        node.nodes = [part for child in node.nodes for part in (child.nodes if isinstance(child, nodes.Concat) else [child])]
        for part in node.nodes:
            if isinstance(part, nodes.CondExpr) and part.expr2 is None:
                part.expr2 = self._constant("", part)  # nothing, rather than something undefined that Jinja looks at for long
        return node

    def _taken_apart(self, node: nodes.Call) -> nodes.Expr:
        """`_("a %(x)s b", x=y)` as `"a " ~ y ~ " b"`; a text that cannot be read that way stays a call."""
        if len(node.args) != 1 or not isinstance(node.args[0], nodes.Const):
            return node
        text, values = self.environment.text(node.args[0].value), {pair.key: pair.value for pair in node.kwargs}
        parts: list[nodes.Expr] = []
        used, end = set(), 0
        for place in _PLACE.finditer(text):
            name, kind = place.groups()
            if place[0] != "%%" and name not in values:
                return node
            parts.append(self._constant(Markup(text[end : place.start()]), node))  # noqa: S704  (texts are ours)
            parts.append(self._constant(Markup("%"), node) if name is None else self._placed(_formatted(values[name], kind), node))
            used.add(name)
            end = place.end()
        if not values.keys() <= used:
            return node
        parts.append(self._constant(Markup(text[end:]), node))  # noqa: S704
        return self._placed(nodes.Concat(parts), node)

    def _constant(self, value: Any, instead_of: nodes.Node) -> nodes.Const:
        return self._placed(nodes.Const(value), instead_of)

    def _placed(self, made: Any, instead_of: nodes.Node) -> Any:
        return made.set_lineno(instead_of.lineno).set_environment(self.environment)


def _formatted(value: nodes.Expr, kind: str) -> nodes.Expr:
    return value if kind == "s" else nodes.Mod(nodes.Const("%d"), value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
