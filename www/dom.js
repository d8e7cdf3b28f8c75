export const $ = (id) => document.getElementById(id);

/** Creates an element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Milliseconds without a new result before it is announced to screen readers: not at every keystroke. */
export const TYPING_MS = 900;

let announcing = 0; // timer

/** Has screen readers read a message, once no other one has followed for some milliseconds. */
export function announce(message, delay = 0) {
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    // The same text again would be read again.
    if ($("announcement").textContent !== message) $("announcement").textContent = message;
  }, delay);
}

/** Moves the focus, unless the visitor has moved it out of the part meanwhile, or types or scrolls in the part. */
export function moveFocus(part, element) {
  const { activeElement, body } = document;
  const isVisible = activeElement.getClientRects().length > 0;
  const isUsed = isVisible && activeElement.matches("textarea, input, select, .table");
  if (activeElement === body || (part.contains(activeElement) && !isUsed)) element.focus({ preventScroll: true });
}

const styles = new Map();

/** Loads a stylesheet once. */
export function loadStyle(href) {
  if (!styles.has(href)) styles.set(href, load(href));
  return styles.get(href);
}

const load = (href) =>
  new Promise((resolve, reject) => {
    const link = make("link", { rel: "stylesheet", href, onload: resolve });
    link.onerror = () => {
      styles.delete(href); // no network: the next call tries again
      reject(new Error(`${href} cannot be loaded`));
    };
    document.head.append(link);
  });
