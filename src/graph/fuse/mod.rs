//! Fusion: subgraphs as exporters write them become one op each.
//!
//! | file | rule and op |
//! |---|---|
//! | `linear` | `x · W + b` and GELU, with int8 weights |
//! | `embedding` | rows of a table, in int8 |
//! | `gelu` | spellings of GELU that tract does not know, for `linear` |
//! | `add_layer_norm` | layer normalisation, of a sum where there is one |
//! | `attention` | scores, mask, softmax and values of all heads |
//! | `read_position` | no op: of the last layer, only the position that the classifier reads |

mod add_layer_norm;
mod attention;
mod embedding;
mod gelu;
mod linear;
mod pattern;
mod read_position;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use pattern::Rules;

/// Applies all fusion rules.
pub(super) fn fuse(model: &mut TypedModel) -> TractResult<()> {
    let mut rules = Rules::default();
    for add in [gelu::rules, linear::rules, embedding::rules, add_layer_norm::rules, attention::rules] {
        rules = add(rules);
    }
    rules.rewrite(&(), model).context("fusing")?;
    read_position::rules(Rules::default()).rewrite(&(), model).context("keeping the position that is read")
}
