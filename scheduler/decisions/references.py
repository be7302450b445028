"""The kernel's tables as compiled code sees them: named tuples by their address, arrays without frills.

Numba passes a tuple by value, each array in it as seven words, and looks at an array's length before each access, in
case the index is negative. With the kernel's many tables that costs more than the work that its functions do. Here a
tuple is one address, and an access to a table is an addition. Imported only where Numba is installed.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import lower_builtin, lower_getattr_generic
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_global, signature
from numba.extending import infer_getattr, intrinsic, register_model


class Reference(types.Type):
    """The address of a named tuple of tables and numbers, which outlives the call."""

    def __init__(self, of: Any) -> None:
        self.of = of
        super().__init__(name=f"Reference({of.name})")


class Table(types.Type):
    """The address of an array in such a tuple; an index into it is never negative."""

    def __init__(self, of: Any) -> None:
        self.of = of
        self.dtype = of.dtype
        super().__init__(name=f"Table({of.name})")


@register_model(Reference)
@register_model(Table)
class _Address(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Reference | Table) -> None:
        super().__init__(manager, kind, manager.lookup(kind.of).get_value_type().as_pointer())


@infer_getattr
class _Fields(AttributeTemplate):
    key = Reference

    def generic_resolve(self, kind: Reference, name: str) -> Any:
        if name not in kind.of.fields:
            return None
        field = kind.of.types[kind.of.fields.index(name)]
        return Table(field) if isinstance(field, types.Array) else field


@lower_getattr_generic(Reference)
def _field(_: Any, builder: ir.IRBuilder, kind: Reference, address: ir.Value, name: str) -> ir.Value:
    number = kind.of.fields.index(name)
    field = cgutils.gep_inbounds(builder, address, 0, number)
    return field if isinstance(kind.of.types[number], types.Array) else builder.load(field)


@infer_global(operator.getitem)
class _Look(AbstractTemplate):
    def generic(self, args: Any, _: Any) -> Any:
        table, index = args
        if isinstance(table, Table) and isinstance(index, types.Integer):
            return signature(table.dtype, table, types.intp)
        return None


@infer_global(operator.setitem)
class _Write(AbstractTemplate):
    def generic(self, args: Any, _: Any) -> Any:
        table, index, _value = args
        if isinstance(table, Table) and isinstance(index, types.Integer):
            return signature(types.none, table, types.intp, table.dtype)
        return None


@infer_global(len)
class _Length(AbstractTemplate):
    def generic(self, args: Any, _: Any) -> Any:
        return signature(types.intp, args[0]) if isinstance(args[0], Table) else None


def _member(context: Any, builder: ir.IRBuilder, table: Table, address: ir.Value, name: str) -> ir.Value:
    place = context.data_model_manager[table.of].get_field_position(name)
    return builder.load(cgutils.gep_inbounds(builder, address, 0, place))


def _place(context: Any, builder: ir.IRBuilder, table: Table, address: ir.Value, index: ir.Value) -> ir.Value:
    return builder.gep(_member(context, builder, table, address, "data"), [index], inbounds=True)


@lower_builtin(operator.getitem, Table, types.intp)
def _look(context: Any, builder: ir.IRBuilder, kinds: Any, arguments: Any) -> ir.Value:
    return context.unpack_value(builder, kinds.args[0].dtype, _place(context, builder, kinds.args[0], *arguments))


@lower_builtin(operator.setitem, Table, types.intp, types.Any)
def _write(context: Any, builder: ir.IRBuilder, kinds: Any, arguments: Any) -> ir.Value:
    address, index, value = arguments
    context.pack_value(builder, kinds.args[0].dtype, value, _place(context, builder, kinds.args[0], address, index))
    return context.get_dummy_value()


@lower_builtin(len, Table)
def _length(context: Any, builder: ir.IRBuilder, kinds: Any, arguments: Any) -> ir.Value:
    return _member(context, builder, kinds.args[0], arguments[0], "nitems")


@intrinsic
def reference(_: Any, tables: Any) -> Any:
    """Return the address of a named tuple; it holds until the caller returns."""

    def address(__: Any, builder: ir.IRBuilder, ___: Any, arguments: Any) -> ir.Value:
        return cgutils.alloca_once_value(builder, arguments[0])

    return Reference(tables)(tables), address
