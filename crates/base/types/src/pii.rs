//! Values about people: names, addresses, text. They print redacted unless somebody asks for them by name.

use std::fmt;

/// Wraps something that must not reach a log above debug level.
#[derive(Clone, PartialEq, Eq)]
pub struct Pii<T>(pub T);

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}
impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}
