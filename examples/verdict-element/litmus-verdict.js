// <litmus-verdict>: an element that shows what its text, or the text in a field, is classified as.
//
//   <litmus-verdict>I loved every minute of it</litmus-verdict>
//   <litmus-verdict task="emotion" for="comment"></litmus-verdict>
//
// `task` is a task of the packaged model, sentiment by default; `for` is the id of a field to follow while it is typed into.
// The element has the attributes `label` and `score` for the page's stylesheet, and fires the event `verdict`, whose
// `detail` is the prediction. All elements of a page share one model.
import { predict } from "litmus-text";

/** Milliseconds without typing before the text is read. */
const PAUSE_MS = 120;

const SHADOW = `
  <style>
    :host { display: inline-flex; gap: 0.5em; align-items: baseline; }
    output { padding: 0 0.5em; border: 1px solid; border-radius: 1em; font-size: 0.875em; white-space: nowrap; }
    :host([label="negative"]) output { color: light-dark(#b8323f, #ff8087); }
    :host([label="positive"]) output { color: light-dark(#2f55bd, #8fb0ff); }
  </style>
  <slot></slot><output part="label" role="status">…</output>`;

class LitmusVerdict extends HTMLElement {
  static observedAttributes = ["task", "for"];

  #output;
  /** Aborted when the element is removed, or follows another field. */
  #following = new AbortController();
  /** Aborted when there is a newer text. */
  #reading = new AbortController();

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    shadow.innerHTML = SHADOW;
    this.#output = shadow.querySelector("output");
  }

  connectedCallback() {
    this.#following = new AbortController();
    const { signal } = this.#following;
    const field = this.#field;
    if (field) field.addEventListener("input", () => this.#read(PAUSE_MS), { signal });
    else {
      const observer = new MutationObserver(() => this.#read());
      observer.observe(this, { childList: true, characterData: true, subtree: true });
      signal.addEventListener("abort", () => observer.disconnect());
    }
    void this.#read();
  }

  disconnectedCallback() {
    this.#following.abort();
    this.#reading.abort();
  }

  attributeChangedCallback() {
    if (!this.isConnected) return;
    this.disconnectedCallback();
    this.connectedCallback();
  }

  get #field() {
    const id = this.getAttribute("for");
    return id === null ? null : this.getRootNode().getElementById(id);
  }

  /** Predicts the text. The latest one wins. */
  async #read(delay = 0) {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    await new Promise((resolve) => setTimeout(resolve, delay));
    const text = (this.#field ? this.#field.value : this.textContent).trim();
    if (signal.aborted) return;
    if (!text) return this.#show(null, "…");
    const task = this.getAttribute("task") ?? "sentiment";
    try {
      const prediction = await predict(text, task === "sentiment" ? { signal } : { task, signal });
      const { label, labels = [label] } = prediction;
      this.#show(prediction, labels.join(", ") || "—");
      this.dispatchEvent(new CustomEvent("verdict", { detail: prediction, bubbles: true }));
    } catch (error) {
      if (!signal.aborted) this.#show(null, error.code);
    }
  }

  #show(prediction, text) {
    this.#output.value = text;
    for (const name of ["label", "score"]) {
      const value = prediction?.[name] ?? null;
      if (value === null) this.removeAttribute(name);
      else this.setAttribute(name, value);
    }
  }
}

customElements.define("litmus-verdict", LitmusVerdict);
