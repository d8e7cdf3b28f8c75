import { LitmusError } from "../shared/errors.js";

/** Bytes in hexadecimal. */
export const toHex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The SHA-256 in hexadecimal, or `undefined` where the platform cannot compute it: on plain http. */
async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const digest = await globalThis.crypto?.subtle?.digest("SHA-256", bytes);
  return digest && toHex(digest);
}

/**
 * Checks that the bytes have this SHA-256, in hexadecimal. Does nothing without a checksum, or where the platform cannot compute one.
 *
 * @throws LitmusError `checksum-mismatch`
 */
export async function verifyChecksum(
  bytes: Uint8Array<ArrayBuffer>,
  sha256: string | undefined,
  url: string,
): Promise<void> {
  const actual = sha256 && (await sha256Of(bytes));
  if (!actual || actual === sha256) return;
  throw new LitmusError(
    "checksum-mismatch",
    `${url} has the SHA-256 ${actual}, but litmus.json says ${sha256}: the file was changed or damaged in transfer; after a change run ` +
      '"npx litmus-text pack FOLDER"',
  );
}
