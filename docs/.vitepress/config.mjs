// The documentation as a site. tools/docs-site.mjs collects its pages into `pages` and builds it.
import { slugify } from "../../tools/fragments.mjs";
import { contents, sitePath } from "./contents.mjs";
import { markDigests } from "./digests.mjs";
import { addSubstrings, withoutSmallSections } from "./search.mjs";
import { emptyHeadings } from "./tables.mjs";

const link = (source) => `/${sitePath(source).replace(/(^|\/)index\.md$/, "$1")}`;
const sidebar = (groups) =>
  Object.entries(groups).map(([text, pages]) => ({
    text,
    items: pages.map(([source, text]) => ({ text, link: link(source) })),
  }));

export default {
  title: "litmus-text",
  description: "Text classification that runs in the browser",
  srcDir: ".vitepress/pages",
  outDir: ".vitepress/dist",
  cacheDir: ".vitepress/cache",
  // Replaced by a relative path after the build, so that the site works under any path: tools/relative-base.mjs.
  base: process.env.DOCS_BASE ?? "/",
  metaChunk: true, // keeps the sidebars out of every page
  head: [["link", { rel: "icon", href: `${process.env.DOCS_BASE ?? "/"}icon.svg`, type: "image/svg+xml" }]],
  markdown: {
    // The default themes have comments with less than the contrast of 4.5 that WCAG asks for.
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: { slugify }, // links to headings work here and on GitHub
    config: (md) => md.use(emptyHeadings).use(markDigests),
  },
  locales: {
    root: {
      label: "English",
      lang: "en",
      themeConfig: {
        nav: [
          { text: "Start", link: link("docs/README.md"), activeMatch: "^/(start/|$)" },
          { text: "API", link: link("docs/api/index.md"), activeMatch: "^/api/" },
          { text: "Errors", link: link("docs/troubleshooting.md") },
        ],
        sidebar: sidebar(contents.en),
      },
    },
    zh: {
      label: "中文",
      lang: "zh-Hans",
      description: "在浏览器里运行的文本分类",
      themeConfig: {
        nav: [{ text: "入门", link: "/zh/" }],
        sidebar: sidebar(contents.zh),
        outline: { label: "本页内容", level: [2, 3] },
        docFooter: { prev: "上一页", next: "下一页" },
        returnToTopLabel: "返回顶部",
        sidebarMenuLabel: "目录",
        darkModeSwitchLabel: "深浅色",
        lightModeSwitchTitle: "切换到浅色",
        darkModeSwitchTitle: "切换到深色",
        langMenuLabel: "语言",
        skipToContentLabel: "跳到正文",
      },
    },
  },
  themeConfig: {
    i18nRouting: false, // few pages are in both languages
    outline: { level: [2, 3] },
    externalLinkIcon: true,
    search: {
      provider: "local",
      options: {
        _render: (text, env, md) => addSubstrings(withoutSmallSections(md.render(text, env))),
        // A fraction of a word's letters that may differ: one letter in words of five and more.
        miniSearch: { searchOptions: { fuzzy: 0.1 } },
        locales: {
          zh: {
            translations: {
              button: { buttonText: "搜索", buttonAriaLabel: "搜索" },
              modal: {
                displayDetails: "显示详细列表",
                resetButtonTitle: "清除",
                backButtonTitle: "关闭搜索",
                noResultsText: "没有结果：",
                footer: {
                  selectText: "选择",
                  selectKeyAriaLabel: "回车",
                  navigateText: "移动",
                  navigateUpKeyAriaLabel: "上箭头",
                  navigateDownKeyAriaLabel: "下箭头",
                  closeText: "关闭",
                  closeKeyAriaLabel: "Esc",
                },
              },
            },
          },
        },
      },
    },
  },
};
