"""Vectors of a fixed length inside numba functions.

A loop over a batch that LLVM vectorises by itself goes through memory for every link; values of
these types stay in registers between links.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

# Sums may be reordered and fused; NaN and infinity keep their meaning.
_FLAGS = ("reassoc", "contract", "nsz")


class Vector(types.Type):
    """``n`` numbers of one type."""

    def __init__(self, dtype: Any, n: int):
        self.dtype = dtype
        self.n = n
        super().__init__(name=f"Vector({dtype}, {n})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector):
        element = ir.FloatType() if vector.dtype == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(element, vector.n))


def _place(context: Any, builder: Any, signature: Any, args: Any, vector: Any) -> Any:
    array = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0])
    index = context.cast(builder, args[1], signature.args[1], types.intp)
    return builder.bitcast(builder.gep(array.data, [index]), vector.as_pointer())


def _size(vector: Any) -> int:
    return 4 if isinstance(vector.element, ir.FloatType) else 8


def _spread(builder: Any, vector: Any, scalar: Any) -> Any:
    zero = ir.Constant(ir.IntType(32), 0)
    blank = ir.Constant(vector, ir.Undefined)
    order = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(builder.insert_element(blank, scalar, zero), blank, order)


@intrinsic(prefer_literal=True)
def load(context: Any, array: Any, i: Any, n: Any) -> Any:
    """Return the vector ``array[i : i + n]``; ``n`` must be a constant."""
    vector = Vector(array.dtype, n.literal_value)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(vector)
        place = _place(context, builder, signature, args, kind)
        return builder.load(place, align=_size(kind), typ=kind)

    return vector(array, i, n), generate


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = cgutils.create_struct_proxy(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [context.cast(builder, args[1], signature.args[1], types.intp)])


@intrinsic
def item(context: Any, array: Any, i: Any) -> Any:
    """Return ``array[i]`` without asking whether ``i`` counts from the end."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, signature, args))

    return array.dtype(array, i), generate


@intrinsic
def put(context: Any, array: Any, i: Any, value: Any) -> Any:
    """Write ``array[i]`` without asking whether ``i`` counts from the end."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature, args))
        return context.get_dummy_value()

    return types.none(array, i, array.dtype), generate


@intrinsic(prefer_literal=True)
def fill(context: Any, scalar: Any, n: Any) -> Any:
    """Return a vector of ``n`` equal numbers; ``n`` must be a constant."""
    vector = Vector(scalar, n.literal_value)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _spread(builder, context.get_value_type(vector), args[0])

    return vector(scalar, n), generate


@intrinsic
def store(context: Any, array: Any, i: Any, vector: Any) -> Any:
    """Write a vector to ``array[i : i + n]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(signature.args[2])
        place = _place(context, builder, signature, args, kind)
        builder.store(args[2], place, align=_size(kind))
        return context.get_dummy_value()

    return types.none(array, i, vector), generate


@intrinsic
def multiply_add(context: Any, scalar: Any, vector: Any, total: Any) -> Any:
    """Return ``scalar * vector + total``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        factor = _spread(builder, context.get_value_type(signature.args[1]), args[0])
        product = builder.fmul(factor, args[1], flags=_FLAGS)
        return builder.fadd(product, args[2], flags=_FLAGS)

    return total(scalar, vector, total), generate


@intrinsic
def product(context: Any, a: Any, b: Any) -> Any:
    """Return the product of two vectors, number by number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fmul(args[0], args[1], flags=_FLAGS)

    return a(a, b), generate


@intrinsic
def plus(context: Any, a: Any, b: Any) -> Any:
    """Return the sum of two vectors, number by number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(args[0], args[1], flags=_FLAGS)

    return a(a, b), generate


@intrinsic
def dot(context: Any, a: Any, b: Any) -> Any:
    """Return the scalar product of two vectors."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _sum(builder, builder.fmul(args[0], args[1], flags=_FLAGS))

    return a.dtype(a, b), generate


@intrinsic
def total(context: Any, a: Any) -> Any:
    """Return the sum of a vector."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _sum(builder, args[0])

    return a.dtype(a), generate


def _sum(builder: Any, vector: Any) -> Any:
    kind = vector.type
    bits = 32 if isinstance(kind.element, ir.FloatType) else 64
    name = f"llvm.vector.reduce.fadd.v{kind.count}f{bits}"
    signature = ir.FunctionType(kind.element, [kind.element, kind])
    function = cgutils.get_or_insert_function(builder.module, signature, name)
    return builder.call(function, [ir.Constant(kind.element, 0.0), vector], fastmath=_FLAGS)


@intrinsic
def where_positive(context: Any, condition: Any, vector: Any) -> Any:
    """Return ``vector`` where ``condition > 0``, else 0; NaN conditions let it through."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = ir.Constant(context.get_value_type(signature.args[0]), None)
        return builder.select(builder.fcmp_ordered("<=", args[0], zero), zero, args[1])

    return vector(condition, vector), generate


@intrinsic
def pointer(context: Any, address: Any) -> Any:
    """Return an address as a pointer, for `numba.carray`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.intp), generate


@intrinsic
def totals(context: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return a vector of the sums of four vectors of at least four numbers each."""
    four = Vector(a.dtype, 4)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        n = min(args[0].type.count, 64 // _size(args[0].type))
        a, b, c, d = (_folded(builder, part, n) for part in args)
        # Lanes of each vector's partial sums side by side: a c b d.
        width = n // 4
        mixed = _halved(
            builder, _halved(builder, a, b, 2 * width), _halved(builder, c, d, 2 * width), width
        )
        step = width // 2
        while step:
            turned = [i ^ step for i in range(n)]
            turned = _shuffle(builder, mixed, mixed, turned)
            mixed = builder.fadd(mixed, turned, flags=_FLAGS)
            step //= 2
        return _shuffle(builder, mixed, mixed, [0, 2 * width, width, 3 * width])

    return four(a, b, c, d), generate


def _shuffle(builder: Any, a: Any, b: Any, order: list[int]) -> Any:
    kind = ir.VectorType(ir.IntType(32), len(order))
    return builder.shuffle_vector(a, b, ir.Constant(kind, order))


def _folded(builder: Any, vector: Any, n: int) -> Any:
    while vector.type.count > n:
        half = vector.type.count // 2
        low = _shuffle(builder, vector, vector, list(range(half)))
        high = _shuffle(builder, vector, vector, list(range(half, 2 * half)))
        vector = builder.fadd(low, high, flags=_FLAGS)
    return vector


def _halved(builder: Any, a: Any, b: Any, width: int) -> Any:
    """Add neighbouring runs of ``width`` numbers; sums of ``a`` and of ``b`` take turns."""
    n = a.type.count
    own = [i if not i & width else n + i for i in range(n)]
    other = [i + width if not i & width else n + i - width for i in range(n)]
    kept, crossed = (_shuffle(builder, a, b, order) for order in (own, other))
    return builder.fadd(kept, crossed, flags=_FLAGS)


@intrinsic(prefer_literal=True)
def transpose(
    context: Any, source: Any, i: Any, step: Any, target: Any, j: Any, target_step: Any, n: Any
) -> Any:
    """Write the ``n x n`` block at ``source[i]`` transposed to ``target[j]``.

    Rows lie ``step`` and ``target_step`` numbers apart; ``n`` must be a constant power of two.
    """
    count = n.literal_value

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = [_row(context, builder, signature, args, (0, 1, 2), r, count) for r in range(count)]
        kind = context.get_value_type(Vector(source.dtype, count))
        values = [builder.load(row, align=_size(kind), typ=kind) for row in rows]
        d = 1
        while d < count:
            # Swap the off-diagonal blocks of size d.
            first = [k if not k & d else count + k - d for k in range(count)]
            second = [k + d if not k & d else count + k for k in range(count)]
            for r in range(count):
                if not r & d:
                    a, b = values[r], values[r + d]
                    values[r] = _shuffle(builder, a, b, first)
                    values[r + d] = _shuffle(builder, a, b, second)
            d *= 2
        for r, value in enumerate(values):
            place = _row(context, builder, signature, args, (3, 4, 5), r, count)
            builder.store(value, place, align=_size(kind))
        return context.get_dummy_value()

    return types.none(source, i, step, target, j, target_step, n), generate


def _row(
    context: Any, builder: Any, signature: Any, args: Any, at: Any, row: int, count: int
) -> Any:
    array, start, step = at
    data = cgutils.create_struct_proxy(signature.args[array])(context, builder, args[array]).data
    first = context.cast(builder, args[start], signature.args[start], types.intp)
    apart = context.cast(builder, args[step], signature.args[step], types.intp)
    offset = builder.mul(apart, ir.Constant(apart.type, row))
    kind = context.get_value_type(Vector(signature.args[array].dtype, count))
    return builder.bitcast(builder.gep(data, [builder.add(first, offset)]), kind.as_pointer())
