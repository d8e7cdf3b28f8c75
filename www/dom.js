export const $ = (id) => document.getElementById(id);

/** Creates an element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
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
