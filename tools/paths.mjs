// Folders: the repository, the cache for tools, build products.
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const { env } = process;

/** The repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));
/** Installed tools and downloads, kept between checkouts. */
export const cache = env.LITMUS_CACHE ?? join(homedir(), ".cache", "litmus-text");
/** Build products of cargo, and ours beside them. In CI they are in the cache, because the checkout is always new. */
export const targetDir = env.CARGO_TARGET_DIR ?? (env.CI ? join(cache, "target") : join(root, "target"));

/** The models that the package contains, as folders of `models` in the repository and in the package. The first is the default. */
export const packagedModels = ["english", "multilingual"];
