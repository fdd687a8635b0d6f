//! The sound of this machine: from a microphone or a file to packets, from packets to ears or a file.
//!
//! Owns every audio thread. Callbacks only copy. It must never touch the network or hold a key.
