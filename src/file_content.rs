//! What git and servers give instead of a file.

use crate::error::Error;

/// Rejects a file of a model that is something else, such as a web page. `start` is the beginning of the file.
pub(crate) fn check(name: &str, start: &[u8]) -> Result<(), Error> {
    match describe_substitute(start) {
        Some(what) => Err(Error::malformed(format!("{name} is {what}"))),
        None => Ok(()),
    }
}

/// What a file is instead of itself, and the remedy, if it is a Git LFS pointer or a web page.
pub(crate) fn describe_substitute(start: &[u8]) -> Option<&'static str> {
    if start.starts_with(b"version https://git-lfs") {
        return Some("a Git LFS pointer, not the file: run \"git lfs pull\" or download the file itself");
    }
    let tag = start.trim_ascii_start().get(..5)?;
    let is_page = [&b"<!doc"[..], b"<html", b"<?xml"].iter().any(|page| tag.eq_ignore_ascii_case(page));
    is_page.then_some("a web page, not the file: check its URL, which may need a sign-in or lead to an error page")
}
