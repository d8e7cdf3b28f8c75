//! The global allocator of the WebAssembly build. It reports a failed allocation as the error `out-of-memory`; Rust's
//! default is a trap that does not say why.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

/// The system allocator. When it returns null, a JavaScript exception with the code `out-of-memory` is thrown through
/// all Rust frames. As after a trap, the instance is then in an unknown state and must be dropped.
struct ReportingAllocator;

#[global_allocator]
static ALLOCATOR: ReportingAllocator = ReportingAllocator;

/// Whether the exception has been thrown. Creating it allocates a few bytes; if that fails too, the null pointer is returned, and Rust
/// traps.
static THROWN: AtomicBool = AtomicBool::new(false);

fn throw_if_null(pointer: *mut u8) -> *mut u8 {
    if pointer.is_null() && !THROWN.swap(true, Ordering::Relaxed) {
        super::error::throw_out_of_memory();
    }
    pointer
}

// SAFETY: every method forwards to the system allocator; `throw_if_null` returns the same pointer or does not return.
unsafe impl GlobalAlloc for ReportingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        throw_if_null(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        throw_if_null(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        throw_if_null(unsafe { System.realloc(pointer, layout, size) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
