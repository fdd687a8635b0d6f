//! A voice room as a state machine: who is inside, who sends to whom, who relays, which keys hold.
//!
//! Input and time in, outputs drained. It must never touch a socket, a clock or a sound.
