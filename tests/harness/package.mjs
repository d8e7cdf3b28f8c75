// The package as users get it: packed by npm, and installed from the tarball into a project of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../tools/command.mjs";
import { root } from "../../tools/paths.mjs";

/** Runs `work` with the project's folder, the tarball and the installed package, and removes them afterwards. */
export async function withInstalledPackage(work) {
  const project = await mkdtemp(join(tmpdir(), "litmus-text-"));
  const npm = (args, cwd) => run("npm", [...args, "--loglevel=error"], { cwd, quiet: true });
  try {
    const packed = await npm(["pack", "--json", "--pack-destination", project], join(root, "pkg"));
    const tarball = join(project, JSON.parse(packed)[0].filename);
    await npm(["init", "--yes"], project);
    await npm(["install", "--offline", "--no-audit", "--no-fund", tarball], project);
    await work({ project, tarball, installed: join(project, "node_modules/litmus-text") });
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}
