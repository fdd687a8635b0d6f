//! Keys and buttons pressed by the server itself (XTEST), as if a keyboard had.

use std::error::Error;
use std::io::IoSlice;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

const FAKE_INPUT: u8 = 2;

pub struct Fingers {
    display: RustConnection,
    opcode: u8,
}

#[allow(dead_code)]
impl Fingers {
    pub fn on(display: Option<&str>) -> Result<Self, Box<dyn Error>> {
        let (display, _) = RustConnection::connect(display)?;
        let opcode = display.query_extension(b"XTEST")?.reply()?.major_opcode;
        Ok(Self { display, opcode })
    }

    /// Presses or lets go a keycode of X. Returns once it is on its way.
    pub fn key(&self, code: u8, down: bool) -> Result<(), Box<dyn Error>> {
        self.fake(if down { 2 } else { 3 }, code)
    }

    /// Presses or lets go a button of X.
    pub fn button(&self, button: u8, down: bool) -> Result<(), Box<dyn Error>> {
        self.fake(if down { 4 } else { 5 }, button)
    }

    fn fake(&self, kind: u8, detail: u8) -> Result<(), Box<dyn Error>> {
        let mut request = [0; 36];
        request[..2].copy_from_slice(&[self.opcode, FAKE_INPUT]);
        request[2..4].copy_from_slice(&9u16.to_ne_bytes());
        request[4..6].copy_from_slice(&[kind, detail]);
        self.display.send_request_without_reply(&[IoSlice::new(&request)], Vec::new())?.ignore_error();
        Ok(self.display.flush()?)
    }

    /// The connection, for what else a program does.
    pub fn display(&self) -> &RustConnection {
        &self.display
    }
}
