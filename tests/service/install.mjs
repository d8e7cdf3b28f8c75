// Schemathesis and the parser of Prometheus, at the versions of requirements.txt.
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";
import { ensureVirtualEnvironment } from "../../tools/python.mjs";

/** Installs them once into the cache. Resolves to the folder of the executables. */
export const ensurePython = () => ensureVirtualEnvironment("service", join(root, "tests/service/requirements.txt"));
