// On the server the package is loaded from node_modules: its model and its WebAssembly are files beside its code there.
export default { serverExternalPackages: ["litmus-text"] };
