// Demangles Rust symbols and finds the crates in them. rustc has two manglings: the standard library comes compiled
// with v0, other crates have the legacy one by default. Only v0 names the types for which a generic function was
// instantiated.

/** The demangled name. A symbol that is not Rust's, or that has an unknown form, is returned unchanged. */
export function demangle(symbol) {
  try {
    if (symbol.startsWith("_ZN")) return legacy(symbol);
    if (symbol.startsWith("_R")) return new V0(symbol.slice(2)).symbol();
  } catch {
    // unknown form: returned unchanged
  }
  return symbol;
}

const ESCAPES = { SP: "@", BP: "*", RF: "&", LT: "<", GT: ">", LP: "(", RP: ")", C: "," };

function legacy(symbol) {
  const parts = [];
  for (let at = 3; symbol[at] !== "E"; ) {
    const [digits] = /^\d+/.exec(symbol.slice(at));
    const start = at + digits.length;
    at = start + Number(digits);
    parts.push(symbol.slice(start, at));
  }
  if (/^h[0-9a-f]{16}$/.test(parts.at(-1))) parts.pop();
  return parts
    .map((part) =>
      part
        .replace(/^_(?=\$)/, "")
        .replace(
          /\$([A-Z]+|u[0-9a-f]+)\$/g,
          (_, name) => ESCAPES[name] ?? String.fromCodePoint(Number.parseInt(name.slice(1), 16)),
        )
        .replaceAll("..", "::"),
    )
    .join("::");
}

const BASIC = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
  p: "_",
};

/** A parser of v0 symbols, without lifetimes and hashes: https://doc.rust-lang.org/rustc/symbol-mangling/v0.html. */
class V0 {
  constructor(text) {
    Object.assign(this, { text, at: 0, depth: 0 });
  }
  symbol() {
    return this.path();
  }
  next() {
    if (this.at >= this.text.length) throw new Error("the symbol ends early");
    return this.text[this.at++];
  }
  eat(letter) {
    return this.text[this.at] === letter && ++this.at > 0;
  }
  /** The results of `read`, called until an "E" ends the list. */
  until(read) {
    const all = [];
    while (!this.eat("E")) all.push(read());
    return all;
  }
  base62() {
    if (this.eat("_")) return 0;
    let value = 0;
    for (let digit = this.next(); digit !== "_"; digit = this.next()) {
      value = value * 62 + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".indexOf(digit);
    }
    return value + 1;
  }
  disambiguator() {
    return this.eat("s") ? this.base62() + 1 : 0;
  }
  word() {
    this.eat("u"); // punycode is not decoded
    const [digits] = /^(0|[1-9]\d*)/.exec(this.text.slice(this.at));
    this.at += digits.length;
    this.eat("_");
    return this.take(Number(digits));
  }
  take(length) {
    const start = this.at;
    this.at += length;
    return this.text.slice(start, this.at);
  }
  /** Follows a reference to an earlier offset, and continues behind the reference. */
  backref(read) {
    const target = this.base62();
    if (++this.depth > 200) throw new Error("too deep");
    const { at } = this;
    this.at = target;
    const result = read();
    this.at = at;
    this.depth--;
    return result;
  }
  /** In a type, generic arguments follow the name directly; elsewhere "::" stands between. */
  path(isType = false) {
    const tag = this.next();
    switch (tag) {
      case "C":
        this.disambiguator();
        return this.word();
      case "M":
        this.implPath();
        return `<${this.type()}>`;
      case "X":
      case "Y": {
        if (tag === "X") this.implPath();
        const type = this.type();
        return `<${type} as ${this.path(true)}>`;
      }
      case "N": {
        const space = this.next();
        const outer = this.path(isType);
        const number = this.disambiguator();
        const name = this.word();
        if (space >= "a") return name ? `${outer}::${name}` : outer;
        const kind = { C: "closure", S: "shim" }[space] ?? space;
        return `${outer}::{${kind}${name && `:${name}`}#${number}}`;
      }
      case "I": {
        const outer = this.path(isType);
        const args = this.until(() => this.argument()).filter(Boolean);
        return args.length ? `${outer}${isType ? "" : "::"}<${args.join(", ")}>` : outer;
      }
      case "B":
        return this.backref(() => this.path(isType));
    }
    throw new Error(`unknown path ${tag}`);
  }
  implPath() {
    this.disambiguator();
    this.path();
  }
  argument() {
    if (this.eat("L")) {
      this.base62();
      return undefined; // a lifetime
    }
    return this.eat("K") ? this.constant() : this.type();
  }
  lifetime() {
    if (this.eat("L")) this.base62();
  }
  binder() {
    if (this.eat("G")) this.base62();
  }
  type() {
    const tag = this.next();
    if (BASIC[tag]) return BASIC[tag];
    switch (tag) {
      case "A": {
        const type = this.type();
        return `[${type}; ${this.constant()}]`;
      }
      case "S":
        return `[${this.type()}]`;
      case "T":
        return `(${this.until(() => this.type()).join(", ")})`;
      case "R":
        this.lifetime();
        return `&${this.type()}`;
      case "Q":
        this.lifetime();
        return `&mut ${this.type()}`;
      case "P":
        return `*const ${this.type()}`;
      case "O":
        return `*mut ${this.type()}`;
      case "F": {
        this.binder();
        const unsafe = this.eat("U") ? "unsafe " : "";
        const abi = this.eat("K") ? `extern ${this.eat("C") ? "C" : this.word()} ` : "";
        const parameters = this.until(() => this.type()).join(", ");
        const result = this.type();
        return `${unsafe}${abi}fn(${parameters})${result === "()" ? "" : ` -> ${result}`}`;
      }
      case "D": {
        this.binder();
        const traits = this.until(() => {
          let trait = this.path(true);
          while (this.eat("p")) trait += `[${this.word()} = ${this.type()}]`;
          return trait;
        });
        this.lifetime();
        return `dyn ${traits.join(" + ")}`;
      }
      case "B":
        return this.backref(() => this.type());
    }
    this.at--;
    return this.path(true);
  }
  constant() {
    if (this.eat("B")) return this.backref(() => this.constant());
    const tag = this.next();
    if (tag === "p") return "_";
    if (!BASIC[tag]) throw new Error(`unknown constant ${tag}`);
    const sign = this.eat("n") ? "-" : "";
    let digits = "";
    for (let digit = this.next(); digit !== "_"; digit = this.next()) digits += digit;
    return tag === "b" ? String(digits === "1") : sign + Number.parseInt(digits || "0", 16);
  }
}

/** The standard library. Its generic code is attributed to the crate whose types it is instantiated for. */
const LIBRARY = new Set(["core", "alloc", "std", "hashbrown"]);

const NO_CRATE = "(C names, exports)";

/**
 * The crate in which a function was written, and the crate that needs it (`owner`): the first outside the standard
 * library that its name contains.
 */
export function crates(name) {
  const named = [...name.matchAll(/(?<![\w:>}\])#])([a-z_]\w*)::/g)].map(([, crate]) => crate);
  const written = named[0] ?? (name.startsWith("<") ? "core" : NO_CRATE); // `<char>::to_digit`
  return { written, owner: named.find((crate) => !LIBRARY.has(crate)) ?? written };
}
