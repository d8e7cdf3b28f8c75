import { LitmusError } from "../shared/errors.js";

/** A module whose only function uses an instruction of fixed-width SIMD. */
const SIMD_MODULE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
  ...[1, 5, 1, 0x60, 0, 1, 0x7b], // type section: one function without parameters, returns v128
  ...[3, 2, 1, 0], // function section: one function of that type
  ...[10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x0f, 0x0b], // code section: i32.const 0, i8x16.splat, end
);

/** Throws `unsupported` where the package cannot run, before anything is downloaded. */
export function checkSupport(): void {
  if (typeof WebAssembly !== "object") {
    throw new LitmusError(
      "unsupported",
      "this browser has no WebAssembly: it is too old, or a setting such as Lockdown Mode forbids it",
    );
  }
  if (!WebAssembly.validate(SIMD_MODULE)) {
    throw new LitmusError(
      "unsupported",
      "this browser or its processor has no WebAssembly SIMD: Chrome and Edge 98, Firefox 102, Safari 16.4 and Node 20 can run it",
    );
  }
}
