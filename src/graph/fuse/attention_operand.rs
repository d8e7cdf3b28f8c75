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

/// Queries, keys or values: an operand of one of attention's two products.
pub(super) struct Operand {
    /// The output of the linear layer, `[batch,] sequence, heads · head_dim`.
    pub source: OutletId,
    /// The product of the scalars that multiply it on the way to the product.
    pub scale: f32,
    /// What each axis of the operand means, as the product sees it. A reshape may join several meanings in one axis; an
    /// axis of size 1 that it added means nothing.
    pub axes: Vec<Vec<Tag>>,
    pub heads: usize,
}

impl Operand {
    /// Traces an outlet back through scalings and changes of axes. `None` if the linear layer's columns are not divided
    /// into heads on the way.
    pub(super) fn find(model: &TypedModel, outlet: OutletId) -> TractResult<Option<Self>> {
        let (mut source, mut scale, mut changes) = (outlet, 1.0, vec![]);
        loop {
            let (outlet, factor) = unscaled(model, source);
            scale *= factor;
            source = outlet;
            let node = model.node(outlet.node);
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

/// The size of each [`Tag`].
struct Sizes {
    batch: TDim,
    sequence: TDim,
    hidden: usize,
    /// `None` until a reshape divides the hidden axis.
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

    /// Changes the axes as the op does; `false` if it divides them in a way that attention does not.
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
                let tags = axes.drain(*at..at + from.len()).flatten().collect();
                let Some(divided) = self.divide(tags, to) else { return false };
                axes.splice(*at..*at, divided);
            }
        }
        true
    }

    /// Distributes tags over new axes of these sizes: each axis takes the next tags, as many as have its size as their
    /// product. The hidden axis becomes heads and columns.
    fn divide(&mut self, mut tags: Vec<Tag>, sizes: &[TDim]) -> Option<Vec<Vec<Tag>>> {
        if tags == [Tag::Hidden] && self.heads.is_none() {
            let [heads, columns] = sizes else { return None };
            let (heads, columns) = (heads.to_usize().ok()?, columns.to_usize().ok()?);
            if heads == 0 || heads * columns != self.hidden {
                return None;
            }
            self.heads = Some(heads);
            tags = vec![Tag::Head, Tag::Column];
        }
        let (mut tags, mut axes) = (tags.into_iter(), vec![]);
        for size in sizes {
            let (mut axis, mut product) = (vec![], 1.to_dim());
            while product != *size {
                let tag = tags.next()?;
                product *= &self.size_of(tag);
                axis.push(tag);
            }
            axes.push(axis);
        }
        tags.next().is_none().then_some(axes)
    }
}
