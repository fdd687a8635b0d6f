//! From a picture to a pixmap on the server: through shared memory where server and system have it, else over the connection.

use super::window::Visual;
use crate::Picture;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::net::{AddressFamily, sockopt::socket_domain};
use std::fs::File;
use std::os::unix::fs::FileExt;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::shm;
use x11rb::protocol::xproto::{ConnectionExt, CreateGCAux, ImageFormat, ImageOrder};
use x11rb::rust_connection::RustConnection;

/// Memory is taken in pieces of this size, so that one more row needs none.
const PIECE: u64 = 256 * 1024;
/// Bytes of a request before the pixels.
const HEAD: usize = 32;

pub(super) struct Pixels {
    /// Pixmap, its context, width and height.
    target: Option<(u32, u32, u32, u32)>,
    memory: Option<Memory>,
    /// Whether the server shares memory.
    shares: bool,
    bytes: Vec<u8>,
}

/// Shared with the server. It is written as a file, so that no pointer into it is needed.
struct Memory {
    file: File,
    segment: u32,
    size: u64,
}

/// Why memory is not shared.
enum Refused {
    Gone(ConnectionError),
    No(String),
}

impl From<ConnectionError> for Refused {
    fn from(e: ConnectionError) -> Self {
        Self::Gone(e)
    }
}

impl From<ReplyError> for Refused {
    fn from(e: ReplyError) -> Self {
        match e {
            ReplyError::ConnectionError(e) => Self::Gone(e),
            ReplyError::X11Error(e) => Self::No(format!("{:?}", e.error_kind)),
        }
    }
}

impl From<ReplyOrIdError> for Refused {
    fn from(e: ReplyOrIdError) -> Self {
        match e {
            ReplyOrIdError::ConnectionError(e) => Self::Gone(e),
            e => Self::No(e.to_string()),
        }
    }
}

impl From<std::io::Error> for Refused {
    fn from(e: std::io::Error) -> Self {
        Self::No(e.to_string())
    }
}

impl From<rustix::io::Errno> for Refused {
    fn from(e: rustix::io::Errno) -> Self {
        Self::No(e.to_string())
    }
}

impl Pixels {
    pub(super) fn new(conn: &RustConnection) -> Self {
        Self { target: None, memory: None, shares: shares(conn), bytes: Vec::new() }
    }

    /// Gives the pixmap that shows the picture.
    pub(super) fn put(
        &mut self,
        conn: &RustConnection,
        root: u32,
        visual: Visual,
        picture: &Picture,
    ) -> Result<u32, ReplyOrIdError> {
        let (width, height) = (picture.width, picture.height);
        let (pixmap, gc) = match self.target {
            Some((pixmap, gc, w, h)) if (w, h) == (width, height) => (pixmap, gc),
            before => {
                if let Some((pixmap, gc, ..)) = before {
                    conn.free_gc(gc)?;
                    conn.free_pixmap(pixmap)?;
                }
                let (pixmap, gc) = (conn.generate_id()?, conn.generate_id()?);
                conn.create_pixmap(visual.depth, pixmap, root, width as u16, height as u16)?;
                conn.create_gc(gc, pixmap, &CreateGCAux::new().graphics_exposures(0))?;
                self.target = Some((pixmap, gc, width, height));
                (pixmap, gc)
            }
        };
        self.in_server_order(conn, picture);
        let size = (width as u16, height as u16);
        if self.shares {
            match self.put_shared(conn, pixmap, gc, visual.depth, size) {
                Ok(()) => return Ok(pixmap),
                Err(Refused::Gone(gone)) => return Err(gone.into()),
                Err(Refused::No(why)) => {
                    tracing::info!("no memory is shared with the display, pictures go over the connection: {why}");
                    (self.shares, self.memory) = (false, None);
                }
            }
        }
        self.put_sent(conn, pixmap, gc, visual.depth, size)?;
        Ok(pixmap)
    }

    fn in_server_order(&mut self, conn: &RustConnection, picture: &Picture) {
        let little = conn.setup().image_byte_order == ImageOrder::LSB_FIRST;
        self.bytes.clear();
        self.bytes.reserve_exact(picture.pixels.len());
        for px in picture.pixels.chunks_exact(4) {
            let color = u32::from_be_bytes([px[3], px[0], px[1], px[2]]);
            self.bytes.extend(if little { color.to_le_bytes() } else { color.to_be_bytes() });
        }
    }

    fn put_shared(
        &mut self,
        conn: &RustConnection,
        pixmap: u32,
        gc: u32,
        depth: u8,
        (w, h): (u16, u16),
    ) -> Result<(), Refused> {
        let need = self.bytes.len() as u64;
        if self.memory.as_ref().is_none_or(|m| m.size < need) {
            if let Some(old) = self.memory.take() {
                shm::detach(conn, old.segment)?;
            }
            let size = need.next_multiple_of(PIECE);
            let file = File::from(memfd_create("hearth-osd", MemfdFlags::CLOEXEC)?);
            ftruncate(&file, size)?;
            let segment = conn.generate_id()?;
            shm::attach_fd(conn, segment, file.try_clone()?, true)?.check()?;
            self.memory = Some(Memory { file, segment, size });
        }
        let Some(memory) = &self.memory else { return Ok(()) };
        memory.file.write_all_at(&self.bytes, 0)?;
        let format = ImageFormat::Z_PIXMAP.into();
        // Its answer also says that the server has read the memory, which may then be written again.
        shm::put_image(conn, pixmap, gc, w, h, 0, 0, w, h, 0, 0, depth, format, false, memory.segment, 0)?.check()?;
        Ok(())
    }

    fn put_sent(
        &self,
        conn: &RustConnection,
        pixmap: u32,
        gc: u32,
        depth: u8,
        (w, h): (u16, u16),
    ) -> Result<(), ReplyError> {
        let row = usize::from(w) * 4;
        let rows = (conn.maximum_request_bytes().saturating_sub(HEAD) / row.max(1)).clamp(1, usize::from(h).max(1));
        for (n, part) in self.bytes.chunks(rows * row).enumerate() {
            let (y, height) = ((n * rows) as i16, (part.len() / row) as u16);
            conn.put_image(ImageFormat::Z_PIXMAP, pixmap, gc, w, height, 0, y, 0, depth, part)?.check()?;
        }
        Ok(())
    }
}

/// Memory goes as a file descriptor, which only a socket of this machine carries, and MIT-SHM from 1.2 on takes.
fn shares(conn: &RustConnection) -> bool {
    let local = socket_domain(conn.stream()).is_ok_and(|family| family == AddressFamily::UNIX);
    let known = local && conn.extension_information(shm::X11_EXTENSION_NAME).is_ok_and(|found| found.is_some());
    let version = || shm::query_version(conn).ok()?.reply().ok();
    known && version().is_some_and(|v| (v.major_version, v.minor_version) >= (1, 2))
}
