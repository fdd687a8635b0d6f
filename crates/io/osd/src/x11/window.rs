//! The window and what it says of itself.
//!
//! It is override-redirect: no window manager places, decorates, lists or focuses it. A managed window that wants to be
//! above, a notification or a dock too, goes below a focused full-screen one under openbox and its like; this one stays where
//! it was last raised, under a manager and without one. Its type and state say the same once more, for compositors that
//! look at them.

use crate::Unavailable;
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::{ConnectionError, ReplyOrIdError};
use x11rb::properties::WmHints;
use x11rb::protocol::shape::{self, SK, SO};
use x11rb::protocol::xproto::{
    AtomEnum, ClipOrdering, ColormapAlloc, ConnectionExt, CreateWindowAux, EventMask, PropMode, Rectangle, Screen,
    VisualClass, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

x11rb::atom_manager! {
    pub(super) Atoms: AtomsCookie {
        UTF8_STRING,
        _NET_ACTIVE_WINDOW,
        _NET_WM_NAME,
        _NET_WM_PID,
        _NET_WM_STATE,
        _NET_WM_STATE_ABOVE,
        _NET_WM_STATE_SKIP_PAGER,
        _NET_WM_STATE_SKIP_TASKBAR,
        _NET_WM_STATE_STICKY,
        _NET_WM_WINDOW_TYPE,
        _NET_WM_WINDOW_TYPE_NOTIFICATION,
        _COMPTON_SHADOW,
    }
}

/// How pixels of the window are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visual {
    pub(super) id: u32,
    pub(super) depth: u8,
    /// It has an alpha channel, for a compositor to blend by.
    pub(super) alpha: bool,
}

/// One with an alpha channel, or else the screen's own.
pub(super) fn choose_visual(conn: &RustConnection, screen: &Screen) -> Result<Visual, Unavailable> {
    let setup = conn.setup();
    // Four bytes a pixel, in the order of a colour written as a number.
    let fits = |depth: u8| setup.pixmap_formats.iter().any(|f| f.depth == depth && f.bits_per_pixel == 32);
    let all = screen.allowed_depths.iter().flat_map(|d| d.visuals.iter().map(|v| (d.depth, v)));
    let good: Vec<_> = all
        .filter(|(depth, v)| {
            v.class == VisualClass::TRUE_COLOR && v.red_mask == 0xff_00_00 && v.blue_mask == 0xff && fits(*depth)
        })
        .collect();
    if let Some((depth, visual)) = good.iter().find(|(depth, _)| *depth == 32) {
        return Ok(Visual { id: visual.visual_id, depth: *depth, alpha: true });
    }
    let own = good.iter().find(|(depth, v)| *depth == screen.root_depth && v.visual_id == screen.root_visual);
    own.map(|(depth, v)| Visual { id: v.visual_id, depth: *depth, alpha: false }).ok_or(Unavailable::FewColors)
}

/// Whether a window here can be as if it were not there for the mouse.
pub(super) fn can_let_through(conn: &RustConnection) -> bool {
    let asked = conn.extension_information(shape::X11_EXTENSION_NAME).is_ok_and(|found| found.is_some());
    let version = || shape::query_version(conn).ok()?.reply().ok();
    // Regions for input came with 1.1.
    asked && version().is_some_and(|v| (v.major_version, v.minor_version) >= (1, 1))
}

/// Makes the window, unmapped.
pub(super) fn create(
    conn: &RustConnection,
    screen: &Screen,
    visual: Visual,
    atoms: &Atoms,
) -> Result<u32, ReplyOrIdError> {
    let (colormap, window) = (conn.generate_id()?, conn.generate_id()?);
    conn.create_colormap(ColormapAlloc::NONE, colormap, screen.root, visual.id)?;
    // The hand that says it can be dragged; number 52 of the standard cursor font.
    let (font, cursor) = (conn.generate_id()?, conn.generate_id()?);
    conn.open_font(font, b"cursor")?;
    conn.create_glyph_cursor(cursor, font, font, 52, 53, 0, 0, 0, u16::MAX, u16::MAX, u16::MAX)?;
    let how = CreateWindowAux::new()
        .override_redirect(1)
        .border_pixel(0)
        .background_pixel(0)
        .colormap(colormap)
        .event_mask(EventMask::BUTTON_PRESS | EventMask::BUTTON_RELEASE | EventMask::BUTTON1_MOTION);
    let class = WindowClass::INPUT_OUTPUT;
    conn.create_window(visual.depth, window, screen.root, 0, 0, 1, 1, 0, class, visual.id, &how)?.check()?;
    // A server without that font has no such cursor; the usual one does.
    conn.change_window_attributes(window, &x11rb::protocol::xproto::ChangeWindowAttributesAux::new().cursor(cursor))?;
    conn.free_cursor(cursor)?;
    conn.close_font(font)?;

    let atom = AtomEnum::ATOM;
    conn.change_property8(PropMode::REPLACE, window, AtomEnum::WM_NAME, AtomEnum::STRING, b"Voice overlay")?;
    conn.change_property8(PropMode::REPLACE, window, atoms._NET_WM_NAME, atoms.UTF8_STRING, b"Voice overlay")?;
    conn.change_property8(
        PropMode::REPLACE,
        window,
        AtomEnum::WM_CLASS,
        AtomEnum::STRING,
        b"hearth-osd\0hearth-osd\0",
    )?;
    conn.change_property32(PropMode::REPLACE, window, atoms._NET_WM_PID, AtomEnum::CARDINAL, &[std::process::id()])?;
    let kind = atoms._NET_WM_WINDOW_TYPE_NOTIFICATION;
    conn.change_property32(PropMode::REPLACE, window, atoms._NET_WM_WINDOW_TYPE, atom, &[kind])?;
    let state = [
        atoms._NET_WM_STATE_ABOVE,
        atoms._NET_WM_STATE_SKIP_TASKBAR,
        atoms._NET_WM_STATE_SKIP_PAGER,
        atoms._NET_WM_STATE_STICKY,
    ];
    conn.change_property32(PropMode::REPLACE, window, atoms._NET_WM_STATE, atom, &state)?;
    // picom would draw a box of shadow around what is mostly nothing.
    conn.change_property32(PropMode::REPLACE, window, atoms._COMPTON_SHADOW, AtomEnum::CARDINAL, &[0])?;
    WmHints { input: Some(false), ..WmHints::new() }.set(conn, window)?;
    take_clicks(conn, window, false)?;
    Ok(window)
}

/// With clicks off the window has no place where the mouse could be.
pub(super) fn take_clicks(conn: &RustConnection, window: u32, on: bool) -> Result<(), ConnectionError> {
    if on {
        shape::mask(conn, SO::SET, SK::INPUT, window, 0, 0, x11rb::NONE)?;
    } else {
        shape::rectangles(conn, SO::SET, SK::INPUT, ClipOrdering::UNSORTED, window, 0, 0, &[])?;
    }
    Ok(())
}

/// Cuts the window out along `spans` (x, y, width), or gives it back its rectangle.
pub(super) fn cut_out(
    conn: &RustConnection,
    window: u32,
    spans: Option<&[(u32, u32, u32)]>,
) -> Result<(), ConnectionError> {
    let Some(spans) = spans else {
        shape::mask(conn, SO::SET, SK::BOUNDING, window, 0, 0, x11rb::NONE)?;
        return Ok(());
    };
    let row =
        |(x, y, width): &(u32, u32, u32)| Rectangle { x: *x as i16, y: *y as i16, width: *width as u16, height: 1 };
    let rows: Vec<_> = spans.iter().map(row).collect();
    shape::rectangles(conn, SO::SET, SK::BOUNDING, ClipOrdering::YX_SORTED, window, 0, 0, &rows)?;
    Ok(())
}
