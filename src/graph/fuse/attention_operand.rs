//! The operands of attention: queries, keys and values, traced back to the linear layers that compute them.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_hir::internal::*;

use super::pattern::unscaled;

/// What an axis of queries, keys or values means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Batch,
    Sequence,
    /// Heads and columns of a head in one axis, as linear layers return them.
    Hidden,
    Head,
    Column,
}

/// Queries, keys or values as a linear layer returns them, and the axes that a product sees.
pub(super) struct Operand {
    pub source: OutletId,
    pub scale: f32,
    /// What each axis means; an axis of size 1 means nothing.
    pub axes: Vec<Vec<Tag>>,
    pub heads: usize,
}

impl Operand {
    pub(super) fn find(model: &TypedModel, outlet: OutletId) -> TractResult<Option<Self>> {
        let (mut source, mut scale, mut changes) = (outlet, 1.0, vec![]);
        loop {
            let (unscaled, factor) = unscaled(model, source)?;
            (source, scale) = (unscaled, scale * factor);
            let node = model.node(source.node);
            let Some(change) = node.op_as::<AxisOp>() else { break };
            changes.push(change);
            source = node.inputs[0];
        }
        let fact = model.outlet_fact(source)?;
        let mut axes = match fact.rank() {
            2 => vec![vec![Tag::Sequence], vec![Tag::Hidden]],
            3 => vec![vec![Tag::Batch], vec![Tag::Sequence], vec![Tag::Hidden]],
            _ => return Ok(None),
        };
        let Ok(hidden) = fact.shape[fact.rank() - 1].to_usize() else { return Ok(None) };
        let mut sizes = Sizes { batch: 1.to_dim(), sequence: fact.shape[fact.rank() - 2].clone(), hidden, heads: None };
        if fact.rank() == 3 {
            sizes.batch = fact.shape[0].clone();
        }
        for change in changes.into_iter().rev() {
            if !sizes.apply(&mut axes, change) {
                return Ok(None);
            }
        }
        let Some(heads) = sizes.heads else { return Ok(None) };
        Ok(Some(Self { source, scale, axes, heads }))
    }

    /// The axis that means `tag` alone.
    pub(super) fn axis_of(&self, tag: Tag) -> Option<usize> {
        self.axes.iter().position(|axis| *axis == [tag])
    }
}

/// The sizes of the axes.
struct Sizes {
    batch: TDim,
    sequence: TDim,
    hidden: usize,
    heads: Option<usize>,
}

impl Sizes {
    fn size_of(&self, tag: Tag) -> TDim {
        match tag {
            Tag::Batch => self.batch.clone(),
            Tag::Sequence => self.sequence.clone(),
            Tag::Hidden => self.hidden.to_dim(),
            Tag::Head => self.heads.unwrap_or(1).to_dim(),
            Tag::Column => (self.hidden / self.heads.unwrap_or(1)).to_dim(),
        }
    }

    /// Changes the axes as the op does; `false` if it divides or joins them in a way that attention does not.
    fn apply(&mut self, axes: &mut Vec<Vec<Tag>>, change: &AxisOp) -> bool {
        match change {
            AxisOp::Add(at) => axes.insert(*at, vec![]),
            AxisOp::Rm(at) => {
                axes.remove(*at);
            }
            AxisOp::Move(from, to) => {
                let axis = axes.remove(*from);
                axes.insert(*to, axis);
            }
            AxisOp::Reshape(at, from, to) => {
                let mut tags: Vec<Tag> = axes.drain(*at..at + from.len()).flatten().collect();
                if tags == [Tag::Hidden] && self.heads.is_none() {
                    let [heads, column] = &**to else { return false };
                    let (Ok(heads), Ok(column)) = (heads.to_usize(), column.to_usize()) else { return false };
                    if heads == 0 || heads * column != self.hidden {
                        return false;
                    }
                    self.heads = Some(heads);
                    tags = vec![Tag::Head, Tag::Column];
                }
                let mut tags = tags.into_iter().peekable();
                for (i, size) in to.iter().enumerate() {
                    let (mut taken, mut product) = (vec![], 1.to_dim());
                    while product != *size {
                        let Some(tag) = tags.next() else { return false };
                        product *= &self.size_of(tag);
                        taken.push(tag);
                    }
                    axes.insert(at + i, taken);
                }
                return tags.next().is_none();
            }
        }
        true
    }
}
