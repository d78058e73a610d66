"""Random numbers by listener: SplitMix64, one generator a row, all advanced at once.

Each listener has a generator of his own, so that what he does depends on nobody else: not on
how many others there are, nor on the process or the stretch of time he is simulated in.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[Any]

STEP = np.uint64(0x9E37_79B9_7F4A_7C15)
LOW_HALF = np.uint64(0xFFFF_FFFF)
LOW_24 = np.uint64(0xFF_FFFF)
HALF = np.uint64(32)
_MULTIPLY_1 = np.uint64(0xBF58_476D_1CE4_E5B9)
_MULTIPLY_2 = np.uint64(0x94D0_49BB_1331_11EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


def mixed(states: Bits) -> Bits:
    """64 random bits for each state of a generator: SplitMix64's finalizer."""
    bits = states >> _SHIFTS[0]
    bits ^= states
    bits *= _MULTIPLY_1
    bits ^= bits >> _SHIFTS[1]
    bits *= _MULTIPLY_2
    bits ^= bits >> _SHIFTS[2]
    return bits


def generators(seed: int, purpose: str, numbers: Integers) -> Bits:
    """A generator for each of `numbers`, unrelated to those of other seeds and purposes."""
    root = np.array([seed & 0xFFFF_FFFF_FFFF_FFFF], dtype=np.uint64)
    for letter in purpose.encode():
        root = mixed((root ^ np.uint64(letter)) + STEP)
    return mixed(root + STEP * (numbers.astype(np.uint64) + np.uint64(1)))


def drawn(states: Bits) -> Bits:
    """64 random bits from each generator, which moves on in place."""
    states += STEP
    return mixed(states)


def units(bits: Bits) -> Floats:
    """Uniform numbers above 0 and below 1, of 52 bits."""
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def exponentials(bits: Bits) -> Floats:
    """Exponential numbers with mean 1."""
    return -np.log(units(bits))


def quick_exponentials(bits: Bits) -> npt.NDArray[np.float32]:
    """Exponential numbers with mean 1 from the lowest 24 bits: at most 17.3."""
    uniform = (bits & LOW_24).astype(np.float32)
    uniform += np.float32(0.5)
    uniform *= np.float32(2.0**-24)
    np.log(uniform, out=uniform)
    return np.negative(uniform, out=uniform)


def normals(first: Bits, second: Bits) -> Floats:
    """Standard normal numbers (Box-Muller)."""
    normal: Floats = np.sqrt(2 * exponentials(first)) * np.cos(2 * np.pi * units(second))
    return normal
