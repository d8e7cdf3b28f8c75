//! Serialises scores and weights.

use serde::Serializer;

/// Serialises an `f32` as the `f64` nearest to its shortest decimal.
///
/// JavaScript has only `f64`. Widened as it is, the `f32` 0.9782366 would print as 0.9782366156578064.
pub(crate) fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(widen(*value))
}

fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_digits_are_printed_as_for_the_f32() {
        for value in [0.9782366_f32, 0.1, 1.0, -0.0, 1e-7, f32::MIN_POSITIVE, f32::MAX, 1.0 / 3.0] {
            assert_eq!(widen(value).to_string(), value.to_string());
            assert_eq!(widen(value) as f32, value);
        }
        assert_eq!(widen(0.9782366), 0.9782366);
        assert!(widen(f32::NAN).is_nan());
    }
}
