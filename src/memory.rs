//! What to do when there is no memory left, in WebAssembly: say so. Without this it would be a trap like any other.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

/// The system's memory; where it has no more, [`crate::wasm::out_of_memory`] is thrown, once: to make that error takes
/// memory too, a little. What was being computed is lost and the instance with it, as after a trap.
struct Memory;

#[global_allocator]
static MEMORY: Memory = Memory;

static THROWN: AtomicBool = AtomicBool::new(false);

fn told(place: *mut u8) -> *mut u8 {
    if place.is_null() && !THROWN.swap(true, Ordering::Relaxed) {
        crate::wasm::out_of_memory();
    }
    place
}

// SAFETY: each call is the system's own; one that it cannot meet returns null as it does, or does not return.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promised.
        told(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promised.
        told(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promised.
        told(unsafe { System.realloc(place, layout, size) })
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(place, layout) }
    }
}
