//! Opus at 48 kHz: encoder and decoder with forward error correction, deep concealment and DRED.
//!
//! The only crate with `unsafe`: a thin, checked wrapper over libopus 1.6.1. It must never decide when to conceal: that is
//! the jitter buffer's affair.
