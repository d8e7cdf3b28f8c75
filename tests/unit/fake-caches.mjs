/** A fake of the Cache API, which Node does not have. `full` and `denied` make it fail as browsers do. */
export class FakeCaches {
  entries = new Map();
  full = false;
  denied = false;

  async open() {
    if (this.denied) throw new DOMException("", "SecurityError");
    const { entries } = this;
    const withoutQuery = (url) => url.split("?")[0];
    return {
      match: async (url) => entries.get(url)?.clone(),
      put: async (url, response) => {
        if (this.full) throw new DOMException("", "QuotaExceededError");
        entries.set(url, response);
      },
      delete: async (url, { ignoreSearch = false } = {}) => {
        const keys = [...entries.keys()].filter(
          (key) => key === url || (ignoreSearch && withoutQuery(key) === withoutQuery(url)),
        );
        for (const key of keys) entries.delete(key);
        return keys.length > 0;
      },
    };
  }

  async match(url) {
    return this.entries.get(String(url))?.clone();
  }
}
