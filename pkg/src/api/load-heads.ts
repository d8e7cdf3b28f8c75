type HeadsScript = typeof import("./heads.js");

/**
 * Loads the script of heads when it is first needed. Service workers forbid that, so the entry point for them has the script
 * from the start, and replaces this function.
 */
export const headsScript: { load: () => Promise<HeadsScript> } = { load: () => import("./heads.js") };
