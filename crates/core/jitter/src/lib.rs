//! The adaptive jitter buffer: packets of one talker in, ten milliseconds of sound out whenever asked.
//!
//! Pure: time is an argument, the decoder is a trait. It must never wait, read a clock or know a codec.
