// The pages of the documentation site: their order in the sidebar, and their paths.

/** Pages outside of docs/, and those whose path in the site differs from that in docs/. */
const paths = {
  "README.md": "project/overview.md",
  "ARCHITECTURE.md": "project/architecture.md",
  "CONTRIBUTING.md": "project/contributing.md",
  "CHANGELOG.md": "project/changelog.md",
  "benches/README.md": "project/benchmarks.md",
  "models/english/README.md": "models/english.md",
  "models/multilingual/README.md": "models/multilingual.md",
  "models/evaluate/README.md": "project/evaluation.md",
  "models/train/README.md": "project/training.md",
  "models/train/data/README.md": "project/training-data.md",
  "www/README.md": "project/demo.md",
  "docs/README.md": "index.md",
  "docs/zh/README.md": "zh/index.md",
  "docs/api/README.md": "api/index.md",
  "docs/api/index.md": "api/litmus-text.md",
};

/** The path in the site of a Markdown file of the repository, or undefined if it is no page. */
export function sitePath(source) {
  if (source in paths) return paths[source];
  return source.startsWith("docs/") && source.endsWith(".md") ? source.slice("docs/".length) : undefined;
}

/** The pages that are not in docs/. */
export const outside = Object.keys(paths).filter((source) => !source.startsWith("docs/"));

/** The sidebars: groups of [file, title]. */
export const contents = {
  en: {
    "Getting started": [
      ["docs/start/page.md", "A page"],
      ["docs/start/vite.md", "Vite"],
      ["docs/start/nextjs.md", "Next.js"],
      ["docs/start/sveltekit.md", "SvelteKit"],
      ["docs/start/angular.md", "Angular"],
      ["docs/start/node.md", "Node"],
      ["docs/start/deno.md", "Deno"],
      ["docs/start/bun.md", "Bun"],
      ["docs/start/cloudflare.md", "Cloudflare Workers"],
      ["docs/start/extension.md", "A browser extension"],
      ["docs/start/electron.md", "Electron"],
      ["docs/hosts.md", "All hosts"],
    ],
    "What it does": [
      ["docs/javascript.md", "Predictions in JavaScript"],
      ["docs/text-field.md", "A text field"],
      ["docs/tasks.md", "Tasks: emotion, toxicity"],
      ["docs/languages.md", "Chinese and other languages"],
      ["docs/thresholds.md", "Thresholds"],
      ["docs/many-texts.md", "Many texts"],
      ["docs/bulk.md", "Millions of texts: Spark"],
      ["docs/long-text.md", "Long texts"],
      ["docs/explain.md", "Explanations"],
      ["docs/embeddings.md", "Embeddings"],
      ["docs/teaching.md", "Labels of your own"],
      ["docs/models.md", "Models of your own"],
      ["docs/zero-shot.md", "Labels without examples"],
      ["docs/pairs.md", "Pairs of texts"],
    ],
    "Putting it to work": [
      ["docs/workers.md", "Workers"],
      ["docs/downloads.md", "Downloads and cache"],
      ["docs/privacy.md", "Privacy and CSP"],
      ["docs/testing.md", "In tests"],
      ["docs/service.md", "A prediction service"],
      ["docs/command-line.md", "The command line"],
      ["docs/security.md", "Security"],
      ["docs/troubleshooting.md", "Troubleshooting"],
    ],
    "Reference": [
      ["docs/options.md", "Options and results"],
      ["docs/api/index.md", "API: litmus-text"],
      ["docs/api/multilingual.md", "API: litmus-text/multilingual"],
      ["docs/api/embedded.md", "API: litmus-text/embedded"],
      ["docs/api/handler.md", "API: litmus-text/handler"],
      ["models/english/README.md", "Model card: English"],
      ["models/multilingual/README.md", "Model card: multilingual"],
    ],
    "Speed": [
      ["docs/performance.md", "Performance"],
      ["docs/benchmark.md", "Measure it here"],
      ["benches/README.md", "How it is measured"],
    ],
    "The project": [
      ["README.md", "Overview"],
      ["ARCHITECTURE.md", "Architecture"],
      ["CONTRIBUTING.md", "Contributing"],
      ["CHANGELOG.md", "Changelog"],
      ["models/evaluate/README.md", "Evaluation of a model"],
      ["models/train/README.md", "Training"],
      ["models/train/data/README.md", "Training data"],
      ["www/README.md", "The demo"],
    ],
  },
  zh: {
    "入门": [
      ["docs/zh/start/page.md", "网页"],
      ["docs/zh/start/node.md", "Node"],
      ["docs/zh/teaching.md", "自己的标签"],
    ],
    "英文文档": [
      ["docs/README.md", "目录"],
      ["docs/hosts.md", "运行环境"],
      ["docs/troubleshooting.md", "错误代码"],
      ["docs/api/index.md", "API"],
    ],
  },
};
