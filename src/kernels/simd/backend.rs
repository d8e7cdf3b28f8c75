//! Selects the backend for the compilation target.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use super::portable::{
    F32x4, interleave_channels, largest_nibble, lookup_nibbles, prefers_i8, row_dot_products_i8, row_dot_products_i16,
    tile_dot_products_i16,
};
#[cfg(target_arch = "wasm32")]
pub(crate) use super::wasm128::{
    F32x4, interleave_channels, largest_nibble, lookup_nibbles, prefers_i8, row_dot_products_i8, row_dot_products_i16,
    tile_dot_products_i16,
};
