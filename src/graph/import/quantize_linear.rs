//! `QuantizeLinear`, and `DequantizeLinear` of what is not a weight: `weights/extract` has taken the weights out before.

use tract_onnx::tract_core::ops::math::{add, div, max, min, mul, round_half_to_even, sub};
use tract_onnx::tract_hir::internal::*;

use super::node::{Node, Outlets};

/// Broadcasts a scale or zero point, either one or one per slice, along the quantised axis of the node's first input.
fn along_axis(n: &mut Node, index: usize) -> TractResult<Option<OutletId>> {
    let Some(mut parameter) = n.optional(index) else { return Ok(None) };
    ensure!(n.proto.get_attr_opt("block_size")?.unwrap_or(0i64) == 0, "quantisation in blocks is not supported");
    let rank = n.rank(n.input(0)?)?;
    ensure!(n.rank(parameter)? <= 1, "quantisation in blocks is not supported");
    if n.rank(parameter)? == 1 && !n.fact(parameter)?.shape[0].is_one() {
        for _ in n.axis_attribute(1, rank)? + 1..rank {
            let last = n.rank(parameter)?;
            parameter = n.wire(AxisOp::Add(last), &[parameter])?;
        }
    }
    Ok(Some(n.cast(parameter, DatumType::F32)?))
}

pub(super) fn dequantize_linear(n: &mut Node) -> Outlets {
    let scale = along_axis(n, 1)?.context("the scale is missing")?;
    let mut result = n.cast(n.input(0)?, DatumType::F32)?;
    if let Some(zero_point) = along_axis(n, 2)? {
        result = n.binary(sub().0, result, zero_point)?;
    }
    Ok(tvec!(n.binary(mul().0, result, scale)?))
}

pub(super) fn quantize_linear(n: &mut Node) -> Outlets {
    let scale = along_axis(n, 1)?.context("the scale is missing")?;
    let to = match n.optional(2) {
        Some(zero_point) => n.fact(zero_point)?.datum_type,
        None => DatumType::U8,
    };
    let (low, high) = match to {
        DatumType::U8 => (0.0, 255.0),
        DatumType::I8 => (-128.0, 127.0),
        other => bail!("quantisation to {other:?} is not supported"),
    };
    let input = n.cast(n.input(0)?, DatumType::F32)?;
    let mut result = n.binary(div().0, input, scale)?;
    result = n.wire(round_half_to_even(), &[result])?;
    if let Some(zero_point) = along_axis(n, 2)? {
        result = n.binary(add().0, result, zero_point)?;
    }
    for (bound, op) in [(low, max()), (high, min())] {
        let bound = n.scalar(bound, result)?;
        result = n.binary(op.0, result, bound)?;
    }
    Ok(tvec!(n.cast(result, to)?))
}
