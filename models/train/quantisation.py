"""Rounded weights, as they are stored and as our runtime computes with them.

Stored in 8 bits: symmetric, one scale per output channel of a Linear and per row of the word table, max|w| / 127.
Stored in 4 bits: blocks of 32 along the input dimension, w ≈ q × scale with q in −8…7 (ONNX MatMulNBits,
GatherBlockQuantized). The scales of a row are small integer multiples of one number, its unit.
When the runtime (src/kernels/linear.rs) loads a Linear from either, or the f32 classifier, it requantises the weights
to integers in ±63 with one scale per output channel: relaxed SIMD multiplies these alike on all machines. The word
table becomes integers in ±127 with one scale per row. From 4 bits this loses nothing, because of the units. The inputs
of a Linear are rounded to integers in ±127, with one scale for each position of each text."""

import numpy as np
import torch

BLOCK = 32
LOW, HIGH = -8, 7
STORED_LIMIT, ROW_LIMIT, WEIGHT_LIMIT = 127, 127, 63


def quantised_rows(rows, limit):
    """[..., columns] → (q, scale [..., 1]), q integers as f32. max|q| = limit in each row: q × scale gives q again."""
    largest = rows.abs().amax(-1, keepdim=True)
    scale = torch.where(largest > 0, largest / limit, 1)
    return (rows / scale).round_(), scale


def fake_quantise(rows, limit):
    q, scale = quantised_rows(rows, limit)
    return q.mul_(scale)


def round_to_bfloat16(scale):
    """Rounded to 8 significant bits (bfloat16): the lower half of each f32 is zero and compresses away."""
    return scale.to(torch.bfloat16).float()


def block_scales(weight, limit, steps=16):
    """[rows, columns] → [rows, columns / 32]: integer multiples of one unit per row, so that q × scale / unit is an
    integer in ±`limit`; the units and multiples are those with the least squared error. Where the weight of the largest
    magnitude in a block is positive, the block's scale is negative, so that this weight is stored as −8."""
    blocks = weight.unflatten(1, (-1, BLOCK))
    extreme = blocks.gather(2, blocks.abs().argmax(2, keepdim=True))
    sign = torch.where(extreme > 0, -1.0, 1.0)
    largest = extreme.abs().amax((1, 2), keepdim=True)
    multiples = limit // -LOW
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
    """Blocks [..., 32] and scales [..., 1] → integers in −8…7, as f32."""
    return (blocks / scales).round_().clamp_(LOW, HIGH)


def fake_quantise_int4(weight, scales):
    """[rows, columns] through 4 bits."""
    scales = scales.unsqueeze(-1)
    return quantise_int4(weight.unflatten(-1, (-1, BLOCK)), scales).mul_(scales).flatten(-2)


def pack(weight, scales):
    """[rows, columns] → uint8 [rows, blocks, 16]: q + 8, two to a byte, the first one in the low half."""
    q = quantise_int4(weight.unflatten(1, (-1, BLOCK)), scales.unsqueeze(2)).add(-LOW).to(torch.uint8)
    return q[..., 0::2] | q[..., 1::2] << 4


class StraightThrough(torch.autograd.Function):
    """The rounded numbers forward, the gradient of the exact ones backward (Bengio et al. 2013)."""

    @staticmethod
    def forward(context, exact, rounded):
        return rounded.view_as(rounded)

    @staticmethod
    def backward(context, gradient):
        return gradient, None


def straight_through(exact, rounded):
    return StraightThrough.apply(exact, rounded)


def quantised_input(x):
    """What goes into a Linear, [..., inputs], as the runtime rounds it."""
    return straight_through(x, fake_quantise(x.detach(), ROW_LIMIT))


def round_positions(positions, step=2**-9):
    """The position table in multiples of a power of two: f32 whose low bytes are zero, which compress away."""
    return (np.rint(positions / step) * step).astype(np.float32)


def runtime_weight(stored, scale, is_table):
    """What our runtime computes with, f32 [rows, columns], from a shipped array. A Linear's int8 is [columns, rows]."""
    if stored.dtype == np.uint8:
        nibbles = np.stack([stored & 15, stored >> 4], -1).reshape(*scale.shape, BLOCK)
        return ((nibbles.astype(np.float32) + LOW) * scale[:, :, None]).reshape(len(scale), -1)
    weight = (stored if is_table else stored.T).astype(np.float32) * scale[:, None]
    return fake_quantise(torch.from_numpy(weight), ROW_LIMIT if is_table else WEIGHT_LIMIT).numpy()
