//! The module tree: no module depends on itself through others, and the kernels' SIMD layer depends on nothing above it.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Dependencies = BTreeMap<String, BTreeSet<String>>;

/// The source of each module by its path, such as `graph::fuse::linear`, without comments and unit tests.
fn modules(folder: &Path, parent: &str, sources: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let child = if parent.is_empty() { name.to_owned() } else { format!("{parent}::{name}") };
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            modules(&path, &child, sources);
        } else if path.extension().is_some_and(|e| e == "rs") && !["lib", "build"].contains(&name) {
            let source = fs::read_to_string(&path).unwrap();
            let code = source.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
            let code: String =
                code.filter(|line| !line.trim_start().starts_with("//")).map(|l| l.to_owned() + "\n").collect();
            sources.insert(if name == "mod" { parent.to_owned() } else { child }, code);
        }
    }
}

/// The paths of a `use` tree: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn paths(tree: &str) -> Vec<String> {
    let Some((prefix, rest)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let (mut paths, mut depth, mut start) = (vec![], 0, 0);
    for (i, character) in rest.char_indices() {
        match character {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                paths.extend(self::paths(&rest[start..i]).into_iter().map(|path| format!("{}{path}", prefix.trim())));
                start = i + 1;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    paths
}

fn dependencies() -> Dependencies {
    let mut sources = BTreeMap::new();
    modules(Path::new("src"), "", &mut sources);
    sources.remove("bin::litmus");
    let of = |module: &String, source: &String| {
        let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
        let trees = source.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
        let absolute = |path: String| match path.split_once("::") {
            Some(("crate", rest)) if module.starts_with("kernels::") => format!("kernels::{rest}"),
            Some(("crate", rest)) => rest.to_owned(),
            Some(("super", rest)) if parent.is_empty() => rest.to_owned(),
            Some(("super", rest)) => format!("{parent}::{rest}"),
            _ => format!("{module}::{path}"),
        };
        let in_crate = |path: String| {
            let prefixes = path.match_indices("::").map(|(at, _)| &path[..at]).chain([&path[..]]);
            prefixes.filter(|prefix| sources.contains_key(*prefix)).last().map(str::to_owned)
        };
        // A child is also reached by its bare name: `mod child;` and then `child::item`.
        let children = source.split("mod ").skip(1).filter_map(|rest| rest.split_once(';').map(|(name, _)| name));
        let is_used = |child: &&str| source.contains(&format!(" {child}::")) || source.contains(&format!("({child}::"));
        let children = children.filter(is_used).map(|child| format!("{module}::{child}"));
        let used = trees.flat_map(paths).map(absolute).chain(children);
        used.filter_map(in_crate).filter(|other| other != module).collect()
    };
    sources.iter().map(|(module, source)| (module.clone(), of(module, source))).collect()
}

/// The modules that a module depends on, directly or through others.
fn reachable(from: &str, dependencies: &Dependencies) -> BTreeSet<String> {
    let (mut found, mut left) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(module) = left.pop() {
        left.extend(dependencies[&module].iter().filter(|next| found.insert((*next).clone())).cloned());
    }
    found
}

#[test]
fn no_module_depends_on_itself() {
    let dependencies = dependencies();
    assert!(dependencies.len() > 40 && dependencies["job"].contains("model"), "{dependencies:#?}");
    let circular: Vec<_> =
        dependencies.keys().filter(|module| reachable(module, &dependencies).contains(*module)).collect();
    assert!(circular.is_empty(), "{circular:?}");
}

/// Of two folders, one may use modules of the other, but not both.
#[test]
fn no_folder_depends_on_itself() {
    let mut folders = Dependencies::new();
    for (module, others) in dependencies() {
        for other in others {
            let names = [&module, &other].map(|path| path.split("::").collect::<Vec<_>>());
            let same = names[0].iter().zip(&names[1]).take_while(|(a, b)| a == b).count();
            // Where the paths part, they have the names of two folders, or modules, in one folder. A folder's own module and those
            // in it may use each other.
            if names.iter().all(|names| names.len() > same) {
                let [from, to] = names.map(|names| names[..=same].join("::"));
                folders.entry(to.clone()).or_default();
                folders.entry(from).or_default().insert(to);
            }
        }
    }
    let circular: Vec<_> = folders.keys().filter(|folder| reachable(folder, &folders).contains(*folder)).collect();
    assert!(circular.is_empty(), "{circular:?}");
}

#[test]
fn the_simd_layer_depends_on_nothing_above_it() {
    let dependencies = dependencies();
    let outside = reachable("kernels::simd", &dependencies);
    let outside: Vec<_> = outside.iter().filter(|module| !module.starts_with("kernels::simd")).collect();
    assert!(outside.is_empty(), "{outside:?}");
    let outside =
        dependencies.keys().filter(|module| module.starts_with("kernels")).flat_map(|m| reachable(m, &dependencies));
    let outside: Vec<_> = outside.filter(|module| !module.starts_with("kernels")).collect();
    assert!(outside.is_empty(), "{outside:?}");
}
