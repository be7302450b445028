"""Where a template prints something of the customer without saying what stands in its place where it is not known."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

_NOTHING: frozenset[str] = frozenset()


def unguarded(node: nodes.Node, known: frozenset[str] = _NOTHING) -> Iterator[nodes.Getattr]:
    """The places `customer.NAME` that need a value; `known` are the names that were asked for above.

    Guarded is what stands in an `if` that asks for it, in front of `or`, and what `default` stands in for.
    """
    name = _name(node)
    if isinstance(node, nodes.Getattr) and name is not None:
        if name not in known:
            yield node
        return
    for part, asked in _parts(node, known):
        yield from unguarded(part, asked)


def _parts(node: nodes.Node, known: frozenset[str]) -> Iterator[tuple[nodes.Node, frozenset[str]]]:
    """What is printed of a node, or done in it, with the names that were asked for until then."""
    match node:
        case nodes.If():
            yield from ((inner, known | _asked(node.test)) for inner in node.body)
            yield from ((other, known) for other in (*node.elif_, *node.else_))
        case nodes.CondExpr():
            yield node.expr1, known | _asked(node.test)
            if node.expr2 is not None:
                yield node.expr2, known
        case nodes.Or():
            yield node.right, known
        case nodes.And():
            yield node.right, known | _asked(node.left)
        case nodes.Filter(name="default") | nodes.Test():
            return
        case _:
            yield from ((child, known) for child in node.iter_child_nodes())


def _asked(test: nodes.Node) -> frozenset[str]:
    """The names that a question is about, whatever it asks: who asks has thought of it."""
    names = (_name(one) for one in (test, *test.find_all(nodes.Getattr)))
    return frozenset(name for name in names if name is not None)


def _name(node: nodes.Node) -> str | None:
    """The name of an attribute of the customer."""
    of_customer = isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "customer"
    return node.attr if of_customer and isinstance(node, nodes.Getattr) else None
