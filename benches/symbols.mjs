// Rust's symbol names, made readable, and the crates they name. Both of its manglings: the standard
// library comes compiled with the newer one ("v0"), crates have the older one unless rustc is told
// otherwise. Only the newer says which types a generic function was made for.

/** The readable name; what is no Rust symbol, or of a form unknown here, stays as it is. */
export function demangle(symbol) {
  try {
    if (symbol.startsWith("_ZN")) return legacy(symbol);
    if (symbol.startsWith("_R")) return new V0(symbol.slice(2)).symbol();
  } catch {
    // Shown mangled.
  }
  return symbol;
}

const ESCAPES = { SP: "@", BP: "*", RF: "&", LT: "<", GT: ">", LP: "(", RP: ")", C: "," };

function legacy(symbol) {
  const parts = [];
  for (let at = 3; symbol[at] !== "E"; ) {
    const [digits] = /^\d+/.exec(symbol.slice(at));
    at += digits.length;
    parts.push(symbol.slice(at, (at += Number(digits))));
  }
  if (/^h[0-9a-f]{16}$/.test(parts.at(-1))) parts.pop();
  return parts
    .map((part) =>
      part
        .replace(/^_(?=\$)/, "")
        .replace(/\$([A-Z]+|u[0-9a-f]+)\$/g, (_, name) => ESCAPES[name] ?? String.fromCodePoint(Number.parseInt(name.slice(1), 16)))
        .replaceAll("..", "::"),
    )
    .join("::");
}

const BASIC = {
  a: "i8", b: "bool", c: "char", d: "f64", e: "str", f: "f32", h: "u8", i: "isize", j: "usize", l: "i32", m: "u32", n: "i128",
  o: "u128", s: "i16", t: "u16", u: "()", v: "...", x: "i64", y: "u64", z: "!", p: "_",
};

/** https://doc.rust-lang.org/rustc/symbol-mangling/v0.html, without lifetimes and hashes. */
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
  /** All that `read` gives up to an "E". */
  until(read) {
    const all = [];
    while (!this.eat("E")) all.push(read());
    return all;
  }
  base62() {
    if (this.eat("_")) return 0;
    let value = 0;
    for (let digit; (digit = this.next()) !== "_"; ) {
      value = value * 62 + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".indexOf(digit);
    }
    return value + 1;
  }
  disambiguator() {
    return this.eat("s") ? this.base62() + 1 : 0;
  }
  word() {
    this.eat("u"); // punycode is left as it is
    const [digits] = /^(0|[1-9]\d*)/.exec(this.text.slice(this.at));
    this.at += digits.length;
    this.eat("_");
    return this.text.slice(this.at, (this.at += Number(digits)));
  }
  /** Reads again what stood earlier. */
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
  /** `isType`: generic arguments follow the name directly there, and "::" elsewhere. */
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
        this.implPath();
      // falls through
      case "Y": {
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
    if (this.eat("L")) return void this.base62();
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
    for (let digit; (digit = this.next()) !== "_"; ) digits += digit;
    return tag === "b" ? String(digits === "1") : sign + Number.parseInt(digits || "0", 16);
  }
}

/** What every Rust program has: generic code of these belongs to whom it was made for. */
const LIBRARY = new Set(["core", "alloc", "std", "hashbrown"]);

const NOBODY = "(C names, exports)";

/**
 * The crate that a function was written in, and the one that it is there for: the first outside the
 * standard library that its name mentions.
 */
export function crates(name) {
  const named = [...name.matchAll(/(?<![\w:>}\])#])([a-z_]\w*)::/g)].map(([, crate]) => crate);
  const written = named[0] ?? (name.startsWith("<") ? "core" : NOBODY); // `<char>::to_digit`
  return { written, owner: named.find((crate) => !LIBRARY.has(crate)) ?? written };
}
