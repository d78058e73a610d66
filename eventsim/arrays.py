"""Arrow arrays: texts by number, numbers without a copy, and JSON messages as columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from eventsim.machine import Flags
from eventsim.randomness import Integers


@dataclass(frozen=True, slots=True)
class Coded:
    """Texts by number: where each stands in a dictionary of distinct ones."""

    dictionary: pa.Array
    code: Integers

    @classmethod
    def of(cls, texts: Iterable[str], *more: str) -> "Coded":
        """Number the texts; the dictionary also has some more that have no number."""
        numbered = list(texts)
        encoded = strings([*numbered, *more], pa.string()).dictionary_encode()
        code = np.frombuffer(memoryview(encoded.indices.buffers()[1] or b""), np.int32)[
            : len(numbered)
        ]
        return cls(encoded.dictionary, code.astype(np.min_scalar_type(len(encoded.dictionary))))

    def column(self, which: Integers, valid: pa.Buffer | None = None) -> pa.Array:
        """The texts of these numbers; of rows that are not `valid`, none."""
        indices = numbers(np.take(self.code, which), valid)
        return pa.DictionaryArray.from_arrays(indices, self.dictionary, safe=False)


def strings(texts: Iterable[str], kind: pa.DataType) -> pa.Array:
    """Texts as an array of this kind.

    `pa.array` would do, but it loads pandas, a quarter of a second, to ask whether the texts are
    some of its own.
    """
    encoded = [each.encode() for each in texts]
    bounds = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(each) for each in encoded], out=bounds[1:])
    buffers = [None, pa.py_buffer(bounds.data), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(kind, len(encoded), buffers)


def numbers(values: npt.NDArray[Any], valid: pa.Buffer | None = None) -> pa.Array:
    """Numbers as they stand, without a copy."""
    values = np.ascontiguousarray(values)
    type_ = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(type_, len(values), [valid, pa.py_buffer(values.data)])


def booleans(flags: Flags) -> pa.Array:
    """Yes or no for each row."""
    return pa.Array.from_buffers(pa.bool_(), len(flags), [None, bits(flags)])


def bits(flags: Flags) -> pa.Buffer:
    """Which rows have a value, as Arrow has it."""
    return pa.py_buffer(np.packbits(flags, bitorder="little").data)


def parsed(payloads: Sequence[bytes], like: pa.Table) -> pa.Table:
    """Messages that are JSON already as columns, with the dictionaries of another table."""
    bodies: list[dict[str, Any]] = [msgspec.json.decode(payload) for payload in payloads]
    arrays = [
        _encoded([body.get(name) for body in bodies], like.column(name))
        for name in like.schema.names
    ]
    return pa.Table.from_arrays(arrays, schema=like.schema)


def _encoded(values: list[Any], of: pa.ChunkedArray) -> pa.Array:
    like = of.chunk(0)
    if not isinstance(like, pa.DictionaryArray):
        array: pa.Array = pa.array(values, like.type)
        return array
    indices = pc.index_in(pa.array(values, pa.string()), value_set=like.dictionary)
    return pa.DictionaryArray.from_arrays(indices.cast(like.type.index_type), like.dictionary)
