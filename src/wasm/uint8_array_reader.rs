//! Reads a `Uint8Array` of JavaScript piece by piece.

use js_sys::Uint8Array;

/// A reader over a `Uint8Array`. It copies 64 KiB at a time into WebAssembly memory, so that a model file of many
/// megabytes is never there as a whole beside the weights that are read from it.
pub(super) struct Uint8ArrayReader {
    array: Uint8Array,
    len: u32,
    /// Offset of `piece` in the array.
    start: u32,
    piece: Vec<u8>,
    /// Number of bytes of `piece` that have been read.
    read: usize,
}

impl Uint8ArrayReader {
    const PIECE: u32 = 64 * 1024;

    pub(super) fn new(array: Uint8Array) -> Self {
        let mut reader = Self { len: array.length(), array, start: 0, piece: Vec::new(), read: 0 };
        reader.load_piece();
        reader
    }

    fn load_piece(&mut self) {
        let end = self.len.min(self.start + Self::PIECE);
        self.piece.resize((end - self.start) as usize, 0);
        self.array.subarray(self.start, end).copy_to(&mut self.piece);
        self.read = 0;
    }
}

impl bytes::Buf for Uint8ArrayReader {
    fn remaining(&self) -> usize {
        (self.len - self.start) as usize - self.read
    }

    fn chunk(&self) -> &[u8] {
        &self.piece[self.read..]
    }

    fn advance(&mut self, count: usize) {
        self.read += count;
        if self.read >= self.piece.len() && self.remaining() > 0 {
            self.start += self.read as u32;
            self.load_piece();
        }
    }
}
