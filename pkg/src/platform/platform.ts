/** The contents of a `file:` URL, with those members of a `Response` that the package reads. All of its bytes are in memory. */
export interface FileResponse {
  readonly ok: boolean;
  readonly status: number;
  /** Why there is no file, for messages: a status would mean nothing to their reader. */
  readonly missing?: string;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What differs between platforms. The defaults are those of browsers; node.ts and workerd.ts set their own. */
export const platform: {
  /** The URL against which relative URLs are resolved. */
  baseUrl: () => string | undefined;
  /** The URL of a file's path, on platforms where a string without a scheme is a path. */
  pathToUrl?: (path: string) => URL;
  /** Opens a `file:` URL, on platforms whose `fetch` does not. */
  openFile?: (url: URL) => Promise<FileResponse>;
  /** Whether to use web workers where they exist. */
  hasWebWorkers: boolean;
  /** Starts a worker thread, on platforms that have them in place of web workers. */
  startWorkerThread?: (url?: URL) => Worker;
  /** Resolves after the events that have arrived, an abort for instance, were handled. */
  yieldToEventLoop: () => Promise<void>;
  /** Keeps a call that waits for other calls from being cancelled, until the returned function is called. Set in workerd. */
  keepAlive?: () => () => void;
  /** The compiled WebAssembly module, on platforms that compile it themselves and give the package no URLs. */
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
