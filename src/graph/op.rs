//! The boilerplate of tract's op traits, and the domain of onnxruntime's own ops.

/// The domain of onnxruntime's own ops in ONNX files.
pub(super) const CONTRIB: &str = "com.microsoft";

/// Implements `Op` and `TypedOp`. The closure returns the facts of the outputs.
macro_rules! typed_op {
    ($op:ident, |$this:ident, $inputs:ident| $facts:expr) => {
        impl Op for $op {
            fn name(&self) -> StaticName {
                stringify!($op).into()
            }

            fn as_typed(&self) -> Option<&dyn TypedOp> {
                Some(self)
            }
        }

        impl TypedOp for $op {
            fn output_facts(&self, $inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
                let $this = self;
                $facts
            }

            fn as_op(&self) -> &dyn Op {
                self
            }

            fn as_op_mut(&mut self) -> &mut dyn Op {
                self
            }
        }
    };
}
pub(in crate::graph) use typed_op;
