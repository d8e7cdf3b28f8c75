/** Whether a URL is of another origin than this page or worker. Node has no origin, so there no URL is. */
export const isForeign = ({ protocol, origin }: URL): boolean =>
  protocol.startsWith("http") && globalThis.location !== undefined && origin !== location.origin;
