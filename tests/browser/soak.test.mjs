// A short `npm run soak`: the same bits each time, in the same memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_WASM_GROWTH, soak } from "../../benches/soak.mjs";

const PREDICTIONS = 9_000;
/**
 * In so short a run the growth mostly depends on when garbage is collected, in the workers too: up to 110 MB were seen.
 */
const MAX_GROWN_BYTES = 250e6;
/**
 * Allowed slowdown between the fastest rounds of the halves. It is large: the machine may be busy, and texts differ.
 */
const MAX_SLOWDOWN = 0.5;

test(`${PREDICTIONS} predictions through worker, pool and page`, { timeout: 900_000 }, async (t) => {
  const { modes } = await soak(PREDICTIONS);
  for (const [
    mode,
    { predictions, msPerPrediction, slowdownAtBest: slowdown, grownBytes, wasmGrownBytes },
  ] of Object.entries(modes)) {
    t.diagnostic(
      `${mode}: ${predictions} of ${msPerPrediction.toFixed(2)} ms, ${(100 * slowdown).toFixed(1)} % slower, ${(grownBytes / 1e6).toFixed(1)} MB more`,
    );
    assert.ok(predictions >= PREDICTIONS / 3);
    assert.ok(wasmGrownBytes <= MAX_WASM_GROWTH, `${mode}: ${wasmGrownBytes} bytes more of WebAssembly memory`);
    assert.ok(grownBytes < MAX_GROWN_BYTES, `${mode}: ${grownBytes} bytes more`);
    assert.ok(slowdown < MAX_SLOWDOWN, `${mode}: ${slowdown}`);
  }
});
