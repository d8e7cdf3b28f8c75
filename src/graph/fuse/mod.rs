//! Fusion: subgraphs as exporters write them become one op each.
//!
//! | file | rule and op |
//! |---|---|
//! | `linear` | `x · W + b` and GELU, with int8 weights |
//! | `pack_weights` | no rule: weights of the file in the form of the kernels, for `linear` |
//! | `embedding` | rows of a table, in int8 or 4 bits |
//! | `gelu` | spellings of GELU that tract does not know, for `linear` |
//! | `add_layer_norm` | layer normalisation, of a sum where there is one |
//! | `attention` | scores, mask, softmax and values of all heads |
//! | `attention_operand` | no rule: the axes of queries, keys and values, for `attention` |
//! | `split_heads` | the same where other ops, such as rotary positions, have divided the heads before |
//! | `dims`, `pattern` | no rules: the shapes of the ops, and what rules look for |
//! | `read_position` | no op: of the last layer, only the position that the classifier reads |

mod add_layer_norm;
mod attention;
mod attention_operand;
mod dims;
mod embedding;
mod gelu;
mod linear;
mod pack_weights;
pub(super) mod pattern;
mod read_position;
mod split_heads;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use pattern::Rules;

pub(super) use add_layer_norm::AddLayerNorm;
pub(super) use attention::Attention;
pub(super) use embedding::Embedding;
pub(super) use linear::Linear;
pub(super) use pattern::FloatLayers;

/// Applies all fusion rules. `floats` are the layers that are computed in f32.
pub(super) fn fuse(model: &mut TypedModel, floats: &FloatLayers) -> TractResult<()> {
    // Attention that is one op in the file is in the graph already. The rules below set `float32` of the attention that they find.
    for node in model.nodes_mut() {
        let float32 = floats.has(node);
        if let Some(op) = node.op_as_mut::<Attention>() {
            op.float32 = float32;
        }
    }
    let mut rules = Rules::default();
    let all = [
        gelu::rules,
        linear::rules,
        embedding::rules,
        add_layer_norm::rules,
        add_layer_norm::sum_rules,
        attention::rules,
    ];
    for add in all {
        rules = add(rules);
    }
    rules.rewrite(floats, model).context("fusing")?;
    read_position::rules(Rules::default()).rewrite(floats, model).context("keeping the position that is read")
}
