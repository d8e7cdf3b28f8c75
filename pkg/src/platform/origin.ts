/** Whether a URL is of another origin than this page or worker. Never in Node, which has no origin. */
export const isCrossOrigin = ({ protocol, origin }: URL): boolean =>
  protocol.startsWith("http") && globalThis.location !== undefined && origin !== location.origin;
