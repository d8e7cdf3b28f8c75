//! The kernels against plain arithmetic, with the shapes and numbers that bytes ask for.
#![no_main]

#[allow(dead_code, unused_imports)]
#[path = "../../kernels.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| oracle::any::check(data));
