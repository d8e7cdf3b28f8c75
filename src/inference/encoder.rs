//! The encoder: computes logits and features from token ids.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::matmul::optimized::OptMatMul;
use tract_onnx::tract_core::ops::matmul::pack::OptMatMulPack;
use tract_onnx::tract_core::plan;
use tract_onnx::tract_hir::internal::*;

use super::batch::Batch;
use crate::error::Error;
use crate::graph::{ExternalFiles, FEATURES, INPUT_IDS, LOGITS, OnnxModel, PreparedGraph, SameSize, check_batch};
use crate::limits::MAX_BATCH_ROWS;
use crate::load_options::Precision;

/// The graph inputs that a text classifier may have, each `[batch, sequence]` of int64. Only [`INPUT_IDS`] is required.
const INPUTS: [&str; 3] = [INPUT_IDS, "attention_mask", "token_type_ids"];

/// Indices in [`INPUTS`].
const IDS: usize = 0;
const MASK: usize = 1;

/// The remedy for a graph of another task.
const EXPORT: &str = "export a classifier, for instance with `optimum-cli export onnx --task text-classification`";

/// The results of the encoder for one row of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Output {
    /// The raw scores of the graph's own classifier, one per label.
    pub logits: Vec<f32>,
    /// The vector that heads read; empty where the graph has no output `features`.
    pub features: Vec<f32>,
}

/// Computes logits and features from token ids. A trait, so that tests of batching need no model.
pub(crate) trait Encoder: Send + Sync {
    /// The most rows that one batch may have.
    fn max_rows(&self) -> usize;
    /// One output for each row of the batch, in their order. The batch has at most [`max_rows`](Self::max_rows) rows.
    ///
    /// # Errors
    /// `Internal` or `ModelMalformed` if the graph fails at the batch; `OutOfMemory` if it needs too large a tensor for it.
    fn encode(&self, batch: Batch) -> Result<Vec<Output>, Error>;
}

/// An ONNX graph run by tract.
pub(crate) struct TractEncoder {
    plan: Arc<TypedRunnableModel>,
    /// Sizes that must be equal in each batch.
    same_sizes: Vec<SameSize>,
    /// The graph's inputs in its order, as indices of [`INPUTS`].
    inputs: Vec<usize>,
    /// The number of logits.
    labels: usize,
    /// The most rows that one batch may have.
    max_rows: usize,
    /// Rows of the embedding table, if the graph has one that is recognised.
    embedding_rows: Option<usize>,
    /// Size of the output `features`, if the graph has it.
    features: Option<usize>,
    /// The names of the layers that are computed in f32.
    float_layers: Vec<String>,
}

impl TractEncoder {
    /// Reads an ONNX file. `files` has the files of its external weights. `labels` is the number of logits that it must
    /// have; if `None`, the graph must fix it.
    ///
    /// # Errors
    /// `ModelMalformed`, `ModelUnsupported` or `ModelNotFound`.
    pub(crate) fn read(
        bytes: &mut dyn bytes::Buf,
        files: &dyn ExternalFiles,
        labels: Option<usize>,
        precision: Precision,
    ) -> Result<Self, Error> {
        let onnx = OnnxModel::read(bytes, files)?;
        let inputs = onnx.inputs().iter().map(|name| input_index(name)).collect::<Result<Vec<_>, _>>()?;
        if !inputs.contains(&IDS) {
            return Err(Error::unsupported(format!("model.onnx has no input `{INPUT_IDS}`: {EXPORT}")));
        }
        let (rows, graph) = prepare(&onnx, precision)?;
        // Without a mask, padding would be read as text.
        let max_rows = if inputs.contains(&MASK) { rows } else { 1 };
        let PreparedGraph { model, same_sizes, float_layers } = graph;
        let unsupported = |e: TractError| Error::unsupported_graph(format_args!("cannot be run: {e:#}")).caused_by(e);
        let labels = count_labels(model.output_fact(LOGITS).map_err(unsupported)?, labels)?;
        let features = model.outputs.get(FEATURES).and_then(|&outlet| model.outlet_fact(outlet).ok());
        let features = features.and_then(|fact| fact.shape[1].to_usize().ok());
        let plan = model.into_runnable().map_err(unsupported)?;
        Ok(Self {
            plan,
            same_sizes,
            inputs,
            labels,
            max_rows,
            embedding_rows: onnx.embedding_rows(),
            features,
            float_layers,
        })
    }

    /// The number of logits.
    pub(crate) fn labels(&self) -> usize {
        self.labels
    }

    /// Size of the output `features`, if the graph has it.
    pub(crate) fn features(&self) -> Option<usize> {
        self.features
    }

    /// The names of the layers that are computed in f32.
    pub(crate) fn float_layers(&self) -> &[String] {
        &self.float_layers
    }

    /// Rows of the embedding table, if the graph has one that is recognised.
    pub(crate) fn embedding_rows(&self) -> Option<usize> {
        self.embedding_rows
    }

    /// Runs the graph on a batch. Returns the values of each output, row-major.
    fn run(&self, batch: Batch) -> TractResult<Vec<Vec<f32>>> {
        let shape = [batch.rows, batch.columns];
        // In the order of `INPUTS`.
        let sources = [&batch.ids, &batch.mask, &batch.type_ids];
        let inputs = self
            .inputs
            .iter()
            .map(|&i| Ok(Tensor::from_shape(&shape, sources[i])?.into_tvalue()))
            .collect::<TractResult<TVec<_>>>()?;
        let model = self.plan.model();
        let eval = |context: &EvalContext, state: Option<&mut (dyn OpState + 'static)>, node: &TypedNode, inputs| {
            eval_checked(model, context, state, node, inputs)
        };
        let outputs = self.plan.spawn()?.run_plan_with_eval(inputs, eval)?;
        let values = |output: &TValue| Ok(output.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec());
        outputs.iter().map(values).collect()
    }

    /// The name and output shape of each op, without weights and inputs.
    #[cfg(all(test, not(target_arch = "wasm32")))]
    pub(crate) fn shapes(&self) -> Vec<(String, String)> {
        let nodes = self.plan.model().nodes().iter();
        let all = nodes.map(|node| (node.op.name().into_owned(), format!("{:?}", node.outputs[0].fact.shape)));
        all.filter(|(op, _)| op != "Const" && op != "Source").collect()
    }

    /// The number of ops by name.
    #[cfg(all(test, not(target_arch = "wasm32")))]
    pub(crate) fn ops(&self) -> std::collections::BTreeMap<String, usize> {
        let mut counts = std::collections::BTreeMap::new();
        for (op, _) in self.shapes() {
            *counts.entry(op).or_default() += 1;
        }
        counts
    }
}

impl Encoder for TractEncoder {
    fn max_rows(&self) -> usize {
        self.max_rows
    }

    fn encode(&self, batch: Batch) -> Result<Vec<Output>, Error> {
        let rows = batch.rows;
        // tract's ops assume that no axis is empty.
        if batch.columns == 0 {
            return Err(Error::internal("a batch has texts without tokens"));
        }
        check_batch(self.plan.model(), &self.same_sizes, rows, batch.columns)?;
        let mut outputs =
            self.run(batch).map_err(|e| Error::internal(format!("the model failed: {e:#}")).caused_by(e))?;
        let features = if outputs.len() > FEATURES { outputs.remove(FEATURES) } else { Vec::new() };
        let logits = outputs.swap_remove(LOGITS);
        if logits.len() != rows * self.labels {
            return Err(labels_mismatch(logits.len() / rows.max(1), self.labels));
        }
        let size = self.features.unwrap_or(0);
        if features.len() != rows * size {
            return Err(Error::malformed(format!("model.onnx computed {} features for {rows} texts", features.len())));
        }
        let row = |values: &[f32], row: usize, size: usize| values[row * size..][..size].to_vec();
        let output = |i| Output { logits: row(&logits, i, self.labels), features: row(&features, i, size) };
        Ok((0..rows).map(output).collect())
    }
}

/// Prepares a graph, and says how many rows a batch may have: some exporters' masks stop tract's analysis with two
/// symbolic dimensions, and models with them compute texts one by one.
fn prepare(onnx: &OnnxModel, precision: Precision) -> Result<(usize, PreparedGraph), Error> {
    if let Ok(graph) = onnx.prepare(None, precision) {
        return Ok((MAX_BATCH_ROWS, graph));
    }
    let unsupported = |e: TractError| Error::unsupported_graph(format_args!("cannot be prepared: {e:#}")).caused_by(e);
    Ok((1, onnx.prepare(Some(1), precision).map_err(unsupported)?))
}

/// Evaluates an op. Before a matrix product it checks the shapes of the inputs, which tract's kernels assume to be those of
/// the graph.
fn eval_checked(
    model: &TypedModel,
    context: &EvalContext,
    state: Option<&mut (dyn OpState + 'static)>,
    node: &TypedNode,
    inputs: TVec<TValue>,
) -> TractResult<TVec<TValue>> {
    if node.op_is::<OptMatMul>() || node.op_is::<OptMatMulPack>() || node.op_is::<EinSum>() {
        for (value, fact) in inputs.iter().zip(model.node_input_facts(node.id)?) {
            let fits = fact.matches(value, Some(context.symbols))?;
            ensure!(fits, "`{}` got an input of shape {:?} instead of {:?}", node.name, value.shape(), fact.shape);
        }
    }
    plan::eval(context, state, node, inputs)
}

/// The index of a graph's input in [`INPUTS`].
fn input_index(name: &str) -> Result<usize, Error> {
    let known = INPUTS.iter().position(|known| known == &name);
    known.ok_or_else(|| {
        Error::unsupported(format!("model.onnx has the input `{name}`; supported are {}: {EXPORT}", INPUTS.join(", ")))
    })
}

/// The number of logits of a graph with this output, which must be `labels` if that is given.
fn count_labels(output: &TypedFact, labels: Option<usize>) -> Result<usize, Error> {
    if output.rank() != 2 {
        return Err(Error::unsupported(format!(
            "the first output of model.onnx has the shape {:?}, not one row of logits per text: {EXPORT}",
            output.shape
        )));
    }
    match (output.shape[1].to_usize(), labels) {
        (Ok(columns), Some(labels)) if columns != labels => Err(labels_mismatch(columns, labels)),
        (Ok(columns), _) => Ok(columns),
        (Err(_), Some(labels)) => Ok(labels),
        (Err(_), None) => Err(Error::malformed(
            "model.onnx does not fix its number of logits, and config.json does not have it: add `num_labels` or \
             `id2label` to config.json",
        )),
    }
}

fn labels_mismatch(columns: usize, labels: usize) -> Error {
    Error::malformed(format!(
        "model.onnx has {columns} logits, but config.json has {labels} labels: take both from the same export"
    ))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    struct NoFiles;

    impl ExternalFiles for NoFiles {
        fn size(&self, _: &str) -> Option<usize> {
            None
        }

        fn read(&self, _: &str, _: std::ops::Range<usize>) -> Option<Vec<u8>> {
            None
        }
    }

    #[test]
    fn padding_does_not_change_a_text() {
        for model in ["models/english/model.onnx", "tests/fixtures/tiny/model.onnx"] {
            let encoder =
                TractEncoder::read(&mut &std::fs::read(model).unwrap()[..], &NoFiles, None, Precision::Auto).unwrap();
            let labels = encoder.labels();
            assert_eq!(labels, 3);
            assert_eq!(encoder.max_rows(), MAX_BATCH_ROWS, "{model} is not run in batches");
            let ids = [101, 7, 19, 4, 3].map(|id| id % encoder.embedding_rows().unwrap() as i64);
            let logits = |padding: usize, rows: usize| {
                let row =
                    |value: i64| [ids.map(|id| if value == 0 { id } else { 1 }).to_vec(), vec![0; padding]].concat();
                let (columns, ids, mask) = (ids.len() + padding, row(0).repeat(rows), row(1).repeat(rows));
                let batch = Batch { rows, columns, type_ids: vec![0; ids.len()], ids, mask };
                encoder.encode(batch).unwrap().swap_remove(0).logits
            };
            let alone = logits(0, 1);
            for (padding, rows) in [(1, 1), (7, 1), (59, 1), (0, 2), (40, 3)] {
                assert_eq!(alone, logits(padding, rows), "{model}, {padding} padding tokens, {rows} rows");
            }
        }
    }
}
