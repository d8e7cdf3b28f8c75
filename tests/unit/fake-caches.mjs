/** A fake of the Cache API, which Node does not have. `full` and `denied` make it fail as browsers do. */
export class FakeCaches {
  entries = new Map();
  full = false;
  denied = false;

  async open() {
    if (this.denied) throw new DOMException("", "SecurityError");
    const { entries } = this;
    const withoutQuery = (url) => url.split("?")[0];
    const urlOf = (request) => request.url ?? request;
    return {
      match: async (request) => entries.get(urlOf(request))?.clone(),
      keys: async (url, { ignoreSearch }) =>
        [...entries.keys()]
          .filter((key) => key === url || (ignoreSearch && withoutQuery(key) === withoutQuery(url)))
          .map((url) => ({ url })),
      put: async (url, response) => {
        if (this.full) throw new DOMException("", "QuotaExceededError");
        entries.set(url, response);
      },
      delete: async (request) => entries.delete(urlOf(request)),
    };
  }

  async match(url) {
    return this.entries.get(String(url))?.clone();
  }
}
