//! Panics of the libraries below ours are found in long runs, and guarded against where they can be. In the short runs of
//! `npm test`, which set LITMUS_FUZZ_SHORT, they are what they are to users: an error, as `src/wall.rs` makes it.

use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// Crates that read what comes from files and texts.
const BELOW: [&str; 8] =
    ["/tract-", "/tokenizers-", "/spm_precompiled-", "/ndarray-", "/smallvec-", "/prost-", "/regex", "/unicode"];

/// Runs `work`; in a short run, a panic below is not the end of it.
pub fn with(work: impl FnOnce() + std::panic::UnwindSafe) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        if std::env::var_os("LITMUS_FUZZ_SHORT").is_some() {
            let abort = take_hook();
            set_hook(Box::new(move |panic| {
                let file = panic.location().map_or("", |location| location.file());
                // What std says of an index or a slice, it says of who gave it.
                if !BELOW.iter().any(|name| file.contains(name)) {
                    abort(panic);
                }
            }));
        }
    });
    // What gets through here has not aborted.
    let _ = catch_unwind(work);
}
