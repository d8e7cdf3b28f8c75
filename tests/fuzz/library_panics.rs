//! Panics of dependencies. Long runs report them, so that the crate can reject what causes them. The short runs of
//! `npm test`, which set LITMUS_FUZZ_SHORT, tolerate them: for users they are errors, by `src/panic_guard.rs`.

use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// Path fragments of the dependencies that process files and texts.
const LIBRARIES: [&str; 8] =
    ["/tract-", "/tokenizers-", "/spm_precompiled-", "/ndarray-", "/smallvec-", "/prost-", "/regex", "/unicode"];

/// Runs `work`. In a short run, a panic of a dependency does not abort.
pub fn tolerate(work: impl FnOnce() + std::panic::UnwindSafe) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        if std::env::var_os("LITMUS_FUZZ_SHORT").is_some() {
            let abort = take_hook();
            set_hook(Box::new(move |panic| {
                let file = panic.location().map_or("", |location| location.file());
                // Panics of std, for instance of an index, have the location of the caller.
                if !LIBRARIES.iter().any(|name| file.contains(name)) {
                    abort(panic);
                }
            }));
        }
    });
    // A panic that arrives here is tolerated.
    let _ = catch_unwind(work);
}
