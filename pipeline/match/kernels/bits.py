"""What numba has no function for: single instructions on 64 bits, loads from any byte, and moving memory."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def trailing_zeros(typing, x):
    """Zero bits below the lowest one of x (uint64); 64 of zero."""

    def generate(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic
def count_ones(typing, x):
    """Bits of x (uint64) that are set."""

    def generate(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate


@intrinsic
def load_lane(typing, data, at):
    """The eight bytes of data (uint8, contiguous) from `at` on as a uint64, the first one lowest. Nothing
    is checked: they must lie within it."""

    def generate(context, builder, signature, args):
        start = context.make_array(signature.args[0])(context, builder, args[0]).data
        lane = builder.bitcast(builder.gep(start, [args[1]]), ir.IntType(64).as_pointer())
        value = builder.load(lane)
        value.align = 1
        return value

    return types.uint64(data, types.int64), generate


@intrinsic
def move(typing, values, to, start, count):
    """values[to:to + count] = values[start:start + count], which may overlap. Nothing is checked."""

    def generate(context, builder, signature, args):
        array = context.make_array(signature.args[0])(context, builder, args[0])
        byte = ir.IntType(8).as_pointer()
        target, source = (builder.bitcast(builder.gep(array.data, [at]), byte) for at in args[1:3])
        size = builder.mul(args[3], array.itemsize)
        memmove = builder.module.declare_intrinsic("llvm.memmove", [byte, byte, size.type])
        builder.call(memmove, [target, source, size, ir.Constant(ir.IntType(1), 0)])
        return context.get_dummy_value()

    return types.void(values, types.int64, types.int64, types.int64), generate
