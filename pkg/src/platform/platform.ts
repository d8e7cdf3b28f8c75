/** The contents of a `file:` URL, with those members of a `Response` that the package uses. All of its bytes are in memory. */
export interface FileResponse {
  readonly ok: boolean;
  readonly status: number;
  /** Why the file could not be read, for messages: a status would mean nothing to their reader. */
  readonly failure?: string;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What differs between platforms. The defaults are for browsers; node.ts and workerd.ts replace them. */
export const platform: {
  /** The URL against which relative URLs are resolved. */
  baseUrl: () => string | undefined;
  /** Converts the path of a file to its URL. Set where a string without a scheme is a path. */
  pathToUrl?: (path: string) => URL;
  /** Opens a `file:` URL. Set where `fetch` does not. */
  openFile?: (url: URL) => Promise<FileResponse>;
  /** Whether to use web workers where they exist. */
  hasWebWorkers: boolean;
  /** Starts a worker thread. Set where these are used in place of web workers. */
  startWorkerThread?: (url?: URL) => Worker;
  /** Resolves after the event loop has handled the events that have arrived, such as an abort. */
  yieldToEventLoop: () => Promise<void>;
  /**
   * Keeps the platform from cancelling a call that waits for other calls, until the returned function is called, once or more.
   * Set in workerd.
   */
  keepAlive?: () => () => void;
  /** The compiled WebAssembly module. Set in workerd, which compiles it in advance and has no URLs of the package's files. */
  module?: WebAssembly.Module;
} = {
  baseUrl: () => globalThis.document?.baseURI ?? globalThis.location?.href,
  hasWebWorkers: true,
  // Not setTimeout: browsers delay nested timers by at least 4 ms.
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
