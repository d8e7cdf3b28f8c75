//! Replaces the crate `inventory` in our builds (`[patch.crates-io]` in Cargo.toml), to make the wasm smaller.
//!
//! tract registers its kernels, graph transforms, runtimes and NNEF operators through `inventory`: one constructor for
//! each value, which the linker keeps together with everything the value refers to. litmus-text uses the kernels only; the
//! NNEF registry alone keeps convolutions, pooling, resizing and Fourier transforms in the binary. Here a value is
//! registered if `tract_linalg` submits it. For any other crate the constructor is empty, and the optimiser removes the
//! value. README.md has the bytes that this saves.
//!
//! The interface is that of `inventory`, as far as tract uses it: [`collect!`], [`submit!`] and [`iter`].
#![no_std]

use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// A type whose submitted values can be iterated over. [`collect!`] implements it.
pub trait Collect: Sync + Sized + 'static {
    #[doc(hidden)]
    fn registry() -> &'static Registry;
}

/// A submitted value of any collectable type.
#[doc(hidden)]
pub trait Submitted: Sync {
    fn registry(&self) -> &'static Registry;
}

impl<T: Collect> Submitted for T {
    fn registry(&self) -> &'static Registry {
        T::registry()
    }
}

/// The registered values of one type, as a linked list.
#[doc(hidden)]
pub struct Registry(AtomicPtr<Node>);

impl Registry {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

/// A node of that list: one value and the link to the next node.
#[doc(hidden)]
pub struct Node {
    pub value: &'static dyn Submitted,
    pub link: Link,
}

#[doc(hidden)]
pub struct Link {
    next: AtomicPtr<Node>,
    /// Whether the node is in the list. A constructor can run more than once in WebAssembly: at each call of an export.
    linked: AtomicBool,
}

impl Link {
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self { next: AtomicPtr::new(ptr::null_mut()), linked: AtomicBool::new(false) }
    }
}

impl Node {
    pub fn link(&'static self) {
        if self.link.linked.swap(true, Ordering::Relaxed) {
            return;
        }
        let head = &self.value.registry().0;
        let mut first = head.load(Ordering::Acquire);
        loop {
            self.link.next.store(first, Ordering::Relaxed);
            match head.compare_exchange(first, ptr::from_ref(self).cast_mut(), Ordering::Release, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }
}

/// Whether the values that `module` submits are registered.
#[doc(hidden)]
pub const fn is_kept(module: &str) -> bool {
    let (module, kept) = (module.as_bytes(), b"tract_linalg");
    let mut i = 0;
    while i < kept.len() {
        if i >= module.len() || module[i] != kept[i] {
            return false;
        }
        i += 1;
    }
    true
}

mod types {
    /// A type whose variant `iter` is a value of the same name.
    #[allow(non_camel_case_types)]
    pub enum iter<T> {
        #[doc(hidden)]
        Of(core::marker::PhantomData<T>, core::convert::Infallible),
        iter,
    }
}

mod values {
    pub use super::types::iter::iter;
}

/// All registered values of a type. `inventory::iter::<T>` is a value that implements `IntoIterator`, and
/// `inventory::iter::<T>()` returns the iterator.
#[allow(non_camel_case_types)]
pub type iter<T> = types::iter<T>;
#[doc(hidden)]
pub use values::*;

impl<T: Collect> core::ops::Deref for types::iter<T> {
    type Target = fn() -> Iter<T>;

    fn deref(&self) -> &Self::Target {
        const { &(Iter::<T>::new as fn() -> Iter<T>) }
    }
}

impl<T: Collect> IntoIterator for types::iter<T> {
    type Item = &'static T;
    type IntoIter = Iter<T>;

    fn into_iter(self) -> Iter<T> {
        Iter::new()
    }
}

/// Iterates over the registered values, the last submitted first.
pub struct Iter<T: 'static>(*const Node, PhantomData<&'static T>);

impl<T: Collect> Iter<T> {
    fn new() -> Self {
        Self(T::registry().0.load(Ordering::Acquire), PhantomData)
    }
}

impl<T> Iterator for Iter<T> {
    type Item = &'static T;

    fn next(&mut self) -> Option<&'static T> {
        // SAFETY: a link is null or points to a `'static` node, because `Node::link` takes `&'static self`.
        let node = unsafe { self.0.as_ref() }?;
        self.0 = node.link.next.load(Ordering::Relaxed);
        // SAFETY: `Submitted::registry` returns the registry of the value's own type, so every value of this list is a T.
        Some(unsafe { &*ptr::from_ref(node.value).cast::<T>() })
    }
}

/// Makes a type collectable.
#[macro_export]
macro_rules! collect {
    ($type:ty) => {
        impl $crate::Collect for $type {
            fn registry() -> &'static $crate::Registry {
                static REGISTRY: $crate::Registry = $crate::Registry::new();
                &REGISTRY
            }
        }
    };
}

/// Registers a value before `main` runs.
#[macro_export]
macro_rules! submit {
    ($($value:tt)*) => {
        const _: () = {
            static NODE: $crate::Node = $crate::Node { value: &{ $($value)* }, link: $crate::Link::new() };

            #[cfg_attr(any(target_os = "linux", target_os = "android"), link_section = ".text.startup")]
            extern "C" fn constructor() {
                if const { $crate::is_kept(module_path!()) } {
                    NODE.link();
                }
            }

            #[used]
            #[cfg_attr(not(any(target_vendor = "apple", windows)), link_section = ".init_array")]
            #[cfg_attr(target_vendor = "apple", link_section = "__DATA,__mod_init_func,mod_init_funcs")]
            #[cfg_attr(windows, link_section = ".CRT$XCU")]
            static CONSTRUCTOR: extern "C" fn() = constructor;
        };
    };
}
