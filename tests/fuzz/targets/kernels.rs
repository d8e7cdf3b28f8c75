//! Fuzzes the kernels: shapes and values decoded from the bytes, results compared with the reference.
#![no_main]

#[allow(dead_code, unused_imports)]
#[path = "../../kernels.rs"]
mod kernel_tests;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| kernel_tests::any::check(data));
