"""Functions below generated stacks of wrappers, and calls of them in every style."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from types import MethodType
from typing import Any

from hypothesis import strategies as st

from cachetory._runtime.async_ import AWAIT, DEF


class Opaque:
    """An object without an identity."""

    def __repr__(self) -> str:
        return "<opaque>"


SESSION = Opaque()


@dataclass(frozen=True)
class Holder:
    """The instance of methods."""

    number: int


class Owner1(Holder):
    tag = 1


class Owner2(Holder):
    tag = 2


class Callee(Holder):
    def __call__(self) -> Any:
        raise NotImplementedError


def _bind(member: Any, instance: Any, owner: type) -> Any:
    return member.__get__(instance, owner) if hasattr(member, "__get__") else member


DESCRIPTORS: dict[str, Any] = {
    "method": lambda it: it,
    "class method": classmethod,
    "static method": staticmethod,
}


class Passing:
    """A decorator that is a class."""

    def __init__(self, function: Any, log: list[Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.log = log

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.log.append(("object", args, kwargs))
        return await self.function(*args, **kwargs)


def renamed(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {"x" if name == "name" else name: it for name, it in kwargs.items()}


FUNCTIONS = {
    "plain": "x, y=2, *, z=3",
    "with session": "x, y=2, *, session=None, z=3",
    "session first": "session, x, y=2, z=3",
    "by position": "x, y=2, /, **kwargs",
    "by name": "*, x, y=2, session=None",
    "anything": "*args, **kwargs",
    "mixed": "x, /, y=2, *rest, z=3, **kwargs",
    "no defaults": "x, y",
}
"""The parameters of the function inside."""

WRAPPERS = {
    "pass on": ("*args, **kwargs", "*args, **kwargs"),
    "inject first": ("*args, **kwargs", "SESSION, *args, **kwargs"),
    "inject keyword": ("*args, **kwargs", "*args, **{'session': SESSION, **kwargs}"),
    "inject by signature": ("x, y=2, *, session=None", "x, y, session=session or SESSION"),
    "inject hidden": ("x, y=2", "SESSION, x, y"),
    "inject hidden positions": ("*args", "SESSION, *args"),
    "rename": ("*args, **kwargs", "*args, **renamed(kwargs)"),
    "require keywords": ("**kwargs", "**kwargs"),
    "other defaults": ("x, y=10", "x, y"),
    "other default by name": ("x='d', *, y=10", "x, y=y"),
    "by position": ("x, y=5, /, **kwargs", "x, y, **kwargs"),
    "keep the first": ("first, *args, **kwargs", "first, *args, **kwargs"),
    "swap": ("x, y=1", "y, x"),
    "mark what is given": ("*args, **kwargs", "*args, **kwargs"),
}
"""The parameters of a wrapper, and what it passes on."""

OTHERS = ("object", "lru_cache")


@dataclass(frozen=True)
class Layer:
    kind: str
    wraps: bool
    instance: str  # the name under which a wrapper of a method takes the instance


@dataclass(frozen=True)
class Call:
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    holder: int

    @property
    def is_opaque(self) -> bool:
        return any(isinstance(it, Opaque) for it in (*self.args, *self.kwargs.values()))


@dataclass
class Stack:
    """A function, the wrappers around it, and the way in which it is held."""

    function: str
    layers: list[Layer]
    held: str
    ignore: tuple[str, ...]
    version: int | None
    log: list[Any] = field(default_factory=list)

    @property
    def is_wrapped_honestly(self) -> bool:
        return all(it.wraps for it in self.layers)

    def holding(self, decorate: Any) -> Any:
        """Return what finds the decorated stack for a call, as a user's program would."""
        stack = self._build()
        if self.held == "object":
            return self._as_object(stack, decorate)
        if self.held in DESCRIPTORS:
            member = decorate(DESCRIPTORS[self.held](stack))
            owners = (Owner1, Owner2)
            if self.held == "method":
                return lambda call: _bind(member, Owner1(call.holder), Owner1)
            return lambda call: _bind(member, None, owners[call.holder - 1])
        made = {
            "partial": lambda: functools.partial(stack, y=7),
            "partial position": lambda: functools.partial(stack, "p"),
            "bound method": lambda: MethodType(stack, Owner1(1)),
        }
        held = decorate(made.get(self.held, lambda: stack)())
        return lambda call: held

    def _as_object(self, stack: Any, decorate: Any) -> Any:
        def found(call: Call) -> Any:
            Callee.__call__ = stack  # type: ignore[method-assign]
            return decorated

        Callee.__call__ = stack  # type: ignore[method-assign]
        decorated = decorate(Callee(1))
        return found

    def _build(self) -> Any:
        first = {"method": "self", "object": "self", "class method": "cls", "bound method": "self"}
        instance = first.get(self.held, "")
        function = self._compile(
            "function", FUNCTIONS[self.function], instance, "return shown(seen, hidden)"
        )
        if instance:
            function.__qualname__ = f"Owner1.{function.__name__}"
        for layer in self.layers:
            function = self._wrap(function, layer, instance)
        return function

    def _wrap(self, function: Any, layer: Layer, instance: str) -> Any:
        if layer.kind == "object":
            return Passing(function, self.log)
        if layer.kind == "lru_cache":
            if iscoroutinefunction(self._compile("f", "", "", "return 1")):
                return function
            return functools.lru_cache(typed=True)(function)
        header, passed = WRAPPERS[layer.kind]
        if instance and layer.kind not in {"pass on", "rename"}:
            instance = layer.instance
            passed = f"{instance}, {passed}"
        else:
            instance = ""
        body = f"return {AWAIT}inner({passed})"
        if layer.kind == "mark what is given":
            marks = "sorted(set(kwargs) - set(hidden))"
            body = f"return f'{{{AWAIT}inner({passed})}} {{{marks}}}'"
        wrapper = self._compile("wrapper", header, instance, body, inner=function)
        return functools.wraps(function)(wrapper) if layer.wraps else wrapper

    def _compile(self, name: str, header: str, instance: str, body: str, **scope: Any) -> Any:
        parameters = ", ".join(filter(None, (instance, header)))
        source = (
            f"{DEF} {name}({parameters}):\n"
            f"    seen = dict(locals())\n"
            f"    log.append(({name!r}, seen))\n"
            f"    {body}\n"
        )
        scope |= {
            "__name__": __name__,
            "SESSION": SESSION,
            "renamed": renamed,
            "shown": shown,
            "log": self.log,
            "hidden": self.ignore,
        }
        exec(compile(source, __file__, "exec"), scope)
        return scope[name]


def shown(seen: dict[str, Any], hidden: tuple[str, ...]) -> str:
    """Return what a function has seen, except for what takes no part in the key."""
    parts = []
    for name, value in seen.items():
        if name in hidden:
            continue
        content = value.tag if name == "cls" else value
        if name == "kwargs":
            content = {key: it for key, it in sorted(value.items()) if key not in hidden}
        parts.append(f"{name}={content!r}")
    return " ".join(parts)


xs = st.sampled_from([1, True, 1.0, "1", "", None, (1,), 2, 3, 10])
ys = st.sampled_from([2, 10, 5, 1, 7, "2", 2.0])
sessions = st.sampled_from([None, "s", SESSION])


@st.composite
def calls(draw: Any) -> Call:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    if draw(st.sampled_from([0, 0, 0, 1])):
        args.append(draw(sessions))
    by = draw(st.sampled_from(["position", "position", "position", "name", "other name", "none"]))
    if by == "position":
        args.append(draw(xs))
    elif by != "none":
        kwargs["x" if by == "name" else "name"] = draw(xs)
    by = draw(st.sampled_from(["none", "none", "position", "name"]))
    if by == "position":
        args.append(draw(ys))
    elif by == "name":
        kwargs["y"] = draw(ys)
    for name, some in (("z", st.sampled_from([3, 4])), ("session", sessions)):
        if draw(st.sampled_from([0, 0, 1])):
            kwargs[name] = draw(some)
    return Call(tuple(args), kwargs, draw(st.sampled_from([1, 1, 2])))


layers = st.builds(
    Layer,
    kind=st.sampled_from([*WRAPPERS, *OTHERS]),
    wraps=st.booleans() | st.just(True),
    instance=st.sampled_from(["self", "obj"]),
)
stacks = st.builds(
    Stack,
    function=st.sampled_from(list(FUNCTIONS)),
    layers=st.lists(layers, max_size=3),
    held=st.sampled_from(
        [
            *("function", "function", "function", "partial", "partial position"),
            *("method", "class method", "static method", "object", "bound method"),
        ]
    ),
    ignore=st.sampled_from(
        [(), (), ("session",), ("session",), ("z",), ("self",), ("session", "z")]
    ),
    version=st.sampled_from([None, 1]),
    log=st.builds(list),
)
