//! Ops that read shapes, and ops that move values without changing them.

use tract_onnx::tract_core::ops::array::{
    Gather, GatherElements, GatherNd, MultiBroadcastTo, Slice, StridedSlice, Trilu,
};
use tract_onnx::tract_core::ops::change_axes::{perm_to_ops, to_axis_ops_with_onnx_rules};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::array;

use super::node::{Node, Outlets, load};
use crate::graph::guard::check_expansion;
use crate::limits::MAX_EXPANDED_ELEMENTS;

impl Node<'_> {
    /// The axes that an attribute or an input names, sorted.
    fn axes(&self, rank: usize) -> TractResult<Option<Vec<usize>>> {
        let Some(axes) = self.integers("axes", 1)? else { return Ok(None) };
        let mut axes = axes.into_iter().map(|axis| Self::axis(axis, rank)).collect::<TractResult<Vec<_>>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(Some(axes))
    }

    fn change_axes(&mut self, mut outlet: OutletId, ops: impl IntoIterator<Item = AxisOp>) -> Outlets {
        for op in ops {
            outlet = self.wire(op, &[outlet])?;
        }
        Ok(tvec!(outlet))
    }

    fn dims(&self, outlet: OutletId) -> TractResult<TVec<TDim>> {
        Ok(self.fact(outlet)?.shape.to_tvec())
    }

    /// A shape, or the number of repeats of each axis, from an input.
    fn shape(&self, index: usize) -> TractResult<Vec<TDim>> {
        let shape: Vec<TDim> = self.constant(index)?.context("the shape is missing")?;
        ensure!(
            shape.iter().all(|dim| dim.as_i64().is_none_or(|size| size >= 0)),
            "the shape {shape:?} has a negative size"
        );
        Ok(shape)
    }
}

pub(super) fn concat(n: &mut Node) -> Outlets {
    let inputs = n.inputs.iter().copied().flatten().collect::<TVec<_>>();
    ensure!(!inputs.is_empty(), "Concat has no inputs");
    n.expand(array::Concat::new(n.proto.get_attr("axis")?), &inputs)
}

pub(super) fn constant_of_shape(n: &mut Node) -> Outlets {
    let value = match n.proto.get_attr_opt("value")? {
        Some(value) => load(value)?,
        None => tensor0(0f32),
    };
    ensure!(value.len() == 1, "{value:?} is not a single value");
    let value = value.into_shape(&[])?;
    let shape = n.shape(0)?;
    let value = n.add_const(value)?;
    Ok(tvec!(n.wire(MultiBroadcastTo::new(shape.into()), &value)?))
}

pub(super) fn expand(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let shape = n.shape(1)?;
    let shape = tract_core::broadcast::multi_broadcast(&[&*n.dims(input)?, &*shape])?;
    Ok(tvec!(n.wire(MultiBroadcastTo::new(shape.into()), &[input])?))
}

/// Wired as a reshape: tract's own op fails with two symbolic dimensions, even if their product stays the same.
pub(super) fn flatten(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let shape = n.dims(input)?;
    let axis: i64 = n.proto.get_attr_opt("axis")?.unwrap_or(1);
    // An axis equal to the rank is valid: then all axes are before it.
    let axis = if axis == shape.len() as i64 { shape.len() } else { Node::axis(axis, shape.len())? };
    let flat = tvec!(shape[..axis].iter().product::<TDim>(), shape[axis..].iter().product());
    n.change_axes(input, [AxisOp::Reshape(0, shape, flat)])
}

pub(super) fn gather(n: &mut Node) -> Outlets {
    let (input, indices) = (n.input(0)?, n.input(1)?);
    let axis = n.axis_attribute(0, n.rank(input)?)?;
    let indices = n.cast(indices, DatumType::I64)?;
    Ok(tvec!(n.wire(Gather::new(axis), &[input, indices])?))
}

pub(super) fn gather_elements(n: &mut Node) -> Outlets {
    let (input, indices) = (n.input(0)?, n.input(1)?);
    let axis = n.axis_attribute(0, n.rank(input)?)?;
    ensure!(n.rank(input)? == n.rank(indices)?, "data and indices have different ranks");
    let indices = n.cast(indices, DatumType::I64)?;
    Ok(tvec!(n.wire(GatherElements::new(axis), &[input, indices])?))
}

pub(super) fn gather_nd(n: &mut Node) -> Outlets {
    let (input, indices) = (n.input(0)?, n.input(1)?);
    let batch_dims: usize = n.proto.get_attr_opt("batch_dims")?.unwrap_or(0);
    let indexed = n.dims(indices)?.last().context("the indices are a scalar")?.to_usize()?;
    ensure!(
        batch_dims + indexed <= n.rank(input)? && batch_dims < n.rank(indices)?,
        "GatherND has more indices than the data has axes"
    );
    let indices = n.cast(indices, DatumType::I64)?;
    Ok(tvec!(n.wire(GatherNd::new(batch_dims), &[input, indices])?))
}

/// Padding with a constant, wired as a concatenation: tract's own op for it would add 40 kB to the wasm.
pub(super) fn pad(n: &mut Node) -> Outlets {
    let mut output = n.input(0)?;
    let rank = n.rank(output)?;
    let mode = n.proto.get_attr_opt::<&str>("mode")?.unwrap_or("constant");
    ensure!(mode == "constant", "Pad of mode {mode:?} is not supported");
    let sizes = n.integers("pads", 1)?.context("the sizes of Pad are missing")?;
    let axes: Vec<i64> = n.constant(3)?.unwrap_or_else(|| (0..rank as i64).collect());
    ensure!(sizes.len() == 2 * axes.len(), "Pad has not two sizes per axis");
    let value = match n.optional(2) {
        Some(value) => value,
        None => n.scalar(n.proto.get_attr_opt("value")?.unwrap_or(0.0), output)?,
    };
    let datum_type = n.fact(output)?.datum_type;
    let value = n.cast(value, datum_type)?;
    ensure!(n.fact(value)?.shape.volume() == 1.to_dim(), "the value of Pad is not a scalar");
    for (i, axis) in axes.iter().enumerate() {
        let axis = Node::axis(*axis, rank)?;
        let mut parts = vec![output];
        for (size, is_first) in [(sizes[i], true), (sizes[axes.len() + i], false)] {
            ensure!(
                (0..=MAX_EXPANDED_ELEMENTS as i64).contains(&size),
                "Pad adds {size} elements to an axis; from 0 to {MAX_EXPANDED_ELEMENTS} are supported"
            );
            if size == 0 {
                continue;
            }
            let mut shape = n.dims(output)?;
            shape[axis] = size.to_dim();
            let part = n.wire(MultiBroadcastTo::new(shape.into()), &[value])?;
            parts.insert(if is_first { 0 } else { parts.len() }, part);
        }
        output = n.expand(array::Concat::new(axis as i64), &parts)?[0];
    }
    Ok(tvec!(output))
}

pub(super) fn range(n: &mut Node) -> Outlets {
    let inputs = [n.input(0)?, n.input(1)?, n.input(2)?];
    let numbers = |index| n.constant::<f64>(index).ok().flatten().and_then(|numbers| numbers.first().copied());
    ensure!(numbers(2) != Some(0.0), "Range has a step of 0");
    if let (Some(start), Some(end), Some(step)) = (numbers(0), numbers(1), numbers(2)) {
        let count = ((end - start) / step).ceil();
        ensure!(count >= 0.0, "Range from {start} to {end} is empty with steps of {step}");
        // The length is clamped to fit an index; the size check then rejects it.
        check_expansion(&[&f32::fact([count.min(f64::from(u32::MAX)) as usize])], &[])?;
    }
    n.expand(array::Range, &inputs)
}

pub(super) fn reshape(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let shape: Vec<TDim> = n.constant(1)?.context("the shape is missing")?;
    let literal_zero = n.flag("allowzero", false)?;
    let ops = to_axis_ops_with_onnx_rules(&n.dims(input)?, &shape, literal_zero)?;
    n.change_axes(input, ops)
}

pub(super) fn shape(n: &mut Node) -> Outlets {
    let shape = n.dims(n.input(0)?)?;
    let rank = shape.len() as i64;
    let bound = |bound: i64| (if bound < 0 { bound + rank } else { bound }).clamp(0, rank) as usize;
    let start = bound(n.proto.get_attr_opt("start")?.unwrap_or(0));
    let end = bound(n.proto.get_attr_opt("end")?.unwrap_or(rank));
    n.add_const(tensor1(&shape[start..end.max(start)]))
}

pub(super) fn size(n: &mut Node) -> Outlets {
    let size: TDim = n.dims(n.input(0)?)?.iter().product();
    n.add_const(tensor0(size))
}

pub(super) fn slice(n: &mut Node) -> Outlets {
    let mut outlet = n.input(0)?;
    let shape = n.dims(outlet)?;
    let (starts, ends) = (n.fact(n.input(1)?)?.konst.clone(), n.fact(n.input(2)?)?.konst.clone());
    let (Some(starts), Some(ends)) = (starts, ends) else {
        bail!("the bounds of Slice are neither constant nor follow from shapes")
    };
    let axes = n.constant(3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = n.constant(4)?.unwrap_or_else(|| vec![1i32; axes.len()]);
    ensure!(
        [starts.len(), ends.len(), steps.len()] == [axes.len(); 3],
        "Slice has different numbers of starts, ends, axes and steps"
    );
    // Used for its rules about bounds alone: they may be negative, too large, or symbolic.
    let rules = StridedSlice {
        optional_axes_input: None,
        optional_steps_input: None,
        begin_mask: 0,
        end_mask: 0,
        shrink_axis_mask: 0,
    };
    for (index, axis) in axes.into_iter().enumerate() {
        let axis = Node::axis(axis, shape.len())?;
        let bounds = rules.prepare_one_dim(index, &shape[axis], &starts, &ends, &steps)?;
        outlet = if bounds.stride == 1 {
            let empty = (bounds.end.clone() - &bounds.begin).prove_strict_negative();
            let end = if empty { bounds.begin.clone() } else { bounds.end };
            n.wire(Slice::new(axis, bounds.begin, end), &[outlet])?
        } else {
            let (begin, end) = (bounds.begin.to_i64()?, bounds.end.to_i64()?);
            let step = i64::from(bounds.stride);
            ensure!(step != 0, "Slice has a step of 0");
            let picked = (0..).map(|i| begin + i * step).take_while(|&i| if step > 0 { i < end } else { i > end });
            let picked = n.add_const(tensor1(&picked.collect::<Vec<_>>()))?;
            n.wire(Gather::new(axis), &[outlet, picked[0]])?
        };
    }
    Ok(tvec!(outlet))
}

pub(super) fn split(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let axis = n.axis_attribute(0, n.rank(input)?)?;
    let sizes = n.integers("split", 1)?;
    let sizes = sizes.map(|sizes| sizes.into_iter().map(usize::try_from).collect::<Result<Vec<_>, _>>()).transpose()?;
    let parts = n.proto.output.len();
    ensure!(
        parts > 0 && sizes.as_ref().is_none_or(|sizes| sizes.len() == parts),
        "Split has {parts} outputs and another number of sizes"
    );
    n.expand(array::Split::new(axis as isize, parts, sizes), &[input])
}

pub(super) fn squeeze(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let shape = n.dims(input)?;
    let ones = || (0..shape.len()).filter(|&axis| shape[axis].is_one()).collect();
    let axes = n.axes(shape.len())?.unwrap_or_else(ones);
    ensure!(
        axes.iter().all(|&axis| shape[axis].is_one()),
        "Squeeze of axes {axes:?} of {shape:?}, which are not all 1"
    );
    n.change_axes(input, axes.into_iter().rev().map(AxisOp::Rm))
}

pub(super) fn tile(n: &mut Node) -> Outlets {
    let inputs = [n.input(0)?, n.input(1)?];
    let times = n.shape(1)?;
    ensure!(times.len() == n.rank(inputs[0])?, "Tile has not one repeat per axis");
    let tiled: TVec<TDim> = n.dims(inputs[0])?.into_iter().zip(times).map(|(dim, times)| dim * times).collect();
    check_expansion(&[&f32::fact(tiled)], &[n.fact(inputs[0])?])?;
    n.expand(array::Tile, &inputs)
}

pub(super) fn transpose(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let rank = n.rank(input)?;
    let order = n.proto.get_attr_opt_vec("perm")?.unwrap_or_else(|| (0..rank).rev().collect());
    let mut sorted = order.clone();
    sorted.sort_unstable();
    ensure!(sorted.into_iter().eq(0..rank), "{order:?} is not a permutation of {rank} axes");
    n.change_axes(input, perm_to_ops(&order))
}

pub(super) fn trilu(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    ensure!(n.rank(input)? >= 2, "Trilu needs a matrix");
    let upper = n.flag("upper", true)?;
    let diagonal = match n.optional(1) {
        Some(diagonal) => n.cast(diagonal, DatumType::I64)?,
        None => n.add_const(tensor0(0i64))?[0],
    };
    Ok(tvec!(n.wire(Trilu { upper }, &[input, diagonal])?))
}

pub(super) fn unsqueeze(n: &mut Node) -> Outlets {
    let input = n.input(0)?;
    let added = n.integers("axes", 1)?.map_or(0, |axes| axes.len());
    let axes = n.axes(n.rank(input)? + added)?.unwrap_or_default();
    ensure!(axes.len() == added, "Unsqueeze names an axis twice");
    n.change_axes(input, axes.into_iter().map(AxisOp::Add))
}
