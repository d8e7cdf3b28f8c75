"""Quantised weights, as they are stored and as our runtime computes with them.

The weights of the Linears and the word table are stored in 4 bits, in blocks of 32 along the input dimension: w ≈ q ×
scale with q in −8…7 (ONNX MatMulNBits, GatherBlockQuantized). The scales of a row are small integer multiples of one
number, the row's unit. The embedding head is stored in 8 bits with one scale per row, max|w| / 127.

When the runtime loads a Linear (src/kernels/linear.rs), it requantises the weights to integers in ±63 with one scale
per output channel, because relaxed SIMD multiplies those alike on all machines. The word table becomes integers in ±127
with one scale per row. Neither loses anything, because a stored weight is an integer multiple of its row's unit. The
inputs of a Linear are rounded to integers in ±127, with one scale for each position of each text."""

import numpy as np
import torch

BLOCK = 32  # weights that share a scale
LOW, HIGH = -8, 7  # 4-bit integers
# Largest magnitudes of the other integers.
STORED_LIMIT = 127  # weights of the embedding head
ROW_LIMIT = 127  # the runtime's word table and inputs of Linears
WEIGHT_LIMIT = 63  # the runtime's weights of Linears


def quantise_rows(rows, limit):
    """[..., columns] → (q [..., columns], scale [..., 1]): rows ≈ q × scale, with integers q in ±limit as f32. Because
    max|q| = limit in each row, quantising q × scale gives q again."""
    largest = rows.abs().amax(-1, keepdim=True)
    scale = torch.where(largest > 0, largest / limit, 1)
    return (rows / scale).round_(), scale


def fake_quantise(rows, limit):
    """[..., columns] → q × scale of the same shape: the numbers that the quantised rows stand for."""
    q, scale = quantise_rows(rows, limit)
    return q.mul_(scale)


def round_to_bfloat16(scale):
    """f32 with the precision of bfloat16: the lower half of each number is zero and compresses well."""
    return scale.to(torch.bfloat16).float()


def block_scales(weight, limit, steps=16):
    """Weights [rows, columns] → scales of their blocks [rows, columns / 32].

    The scales are integer multiples of one unit per row, such that q × scale / unit is an integer in ±limit. The unit
    is searched in `steps` steps from 0.8 to 1.13 times the finest one that reaches the row's largest weight; for each
    unit, each block gets the multiple with the least squared error. Where the weight of largest magnitude in a block is
    positive, the scale is negative: this weight is then stored as −8, and the range −8…7 is used in full."""
    blocks = weight.unflatten(1, (-1, BLOCK))
    extreme = blocks.gather(2, blocks.abs().argmax(2, keepdim=True))
    sign = torch.where(extreme > 0, -1.0, 1.0)
    largest = extreme.abs().amax((1, 2), keepdim=True)
    multiples = limit // -LOW  # the largest multiple: |q| ≤ 8, so |q| × multiple ≤ limit
    finest = torch.where(largest > 0, largest / (-LOW * multiples), 1)
    best, least = sign.clone(), torch.full_like(largest, torch.inf)
    for step in range(steps):
        unit = round_to_bfloat16(finest * (0.8 + 0.35 * step / steps))
        scales, errors = sign * unit, torch.full_like(extreme, torch.inf)
        for multiple in range(1, multiples + 1):
            scale = sign * unit * multiple
            error = (quantise_int4(blocks, scale) * scale - blocks).square().sum(2, keepdim=True)
            scales, errors = torch.where(error < errors, scale, scales), torch.minimum(error, errors)
        total = errors.sum(1, keepdim=True)
        best, least = torch.where(total < least, scales, best), torch.minimum(total, least)
    return best.squeeze(2)


def quantise_int4(blocks, scales):
    """Blocks [..., 32], scales [..., 1] → integers in −8…7 [..., 32], as f32."""
    return (blocks / scales).round_().clamp_(LOW, HIGH)


def fake_quantise_int4(weight, scales):
    """Weights [..., columns], scales [..., columns / 32] → the numbers that the 4-bit weights stand for, [...,
    columns]."""
    scales = scales.unsqueeze(-1)
    return quantise_int4(weight.unflatten(-1, (-1, BLOCK)), scales).mul_(scales).flatten(-2)


def pack(weight, scales):
    """Weights [rows, columns], scales [rows, blocks] → uint8 [rows, blocks, 16]: q + 8, two to a byte, the first in the
    low half."""
    q = quantise_int4(weight.unflatten(1, (-1, BLOCK)), scales.unsqueeze(2)).add(-LOW).to(torch.uint8)
    return q[..., 0::2] | q[..., 1::2] << 4


class StraightThrough(torch.autograd.Function):
    """Forward: the rounded values. Backward: the gradient passes to the exact values (Bengio et al. 2013)."""

    @staticmethod
    def forward(context, exact, rounded):
        return rounded.view_as(rounded)

    @staticmethod
    def backward(context, gradient):
        return gradient, None


def straight_through(exact, rounded):
    return StraightThrough.apply(exact, rounded)


def quantised_input(x):
    """The input of a Linear, [..., inputs], as the runtime rounds it, with a straight-through gradient."""
    return straight_through(x, fake_quantise(x.detach(), ROW_LIMIT))


def round_positions(positions, step=2**-9):
    """The position table rounded to multiples of a power of two: f32 with zeros in the low bytes, which compress
    well."""
    return (np.rint(positions / step) * step).astype(np.float32)


def unpack(stored, scale):
    """The inverse of `pack`, times the scales: uint8 with 16 bytes a block, scale [rows, blocks] → f32 [rows, columns].
    These are exactly the weights that our runtime computes with."""
    nibbles = np.stack([stored & 15, stored >> 4], -1).reshape(*scale.shape, BLOCK)
    return ((nibbles.astype(np.float32) + LOW) * scale[:, :, None]).reshape(len(scale), -1)
