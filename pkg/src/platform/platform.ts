/** What differs between platforms: the entry points of Node and workerd set their own (node-platform.ts, workerd.ts). */
export const platform: {
  /** What a relative URL is relative to. */
  base: () => string | undefined;
  openFile?: (url: URL) => Promise<Response>;
  /** Whether to compute in workers where there are any. */
  workers: boolean;
  /** Starts a worker of another kind than browsers', for who asks for a number of them. They stay when idle. */
  worker?: () => Worker;
  /** Lets what has arrived meanwhile, an abort for instance, be heard. */
  yieldToEventLoop: () => Promise<void>;
  /** Given where the platform compiles it, and the package has no URLs. */
  module?: WebAssembly.Module;
} = {
  base: () => globalThis.document?.baseURI ?? globalThis.location?.href,
  workers: true,
  // Browsers' timers would make it wait for milliseconds.
  yieldToEventLoop: () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }),
};
