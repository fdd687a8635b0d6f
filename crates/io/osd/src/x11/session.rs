//! One connection to one display, from reaching it until it goes.

use super::pixels::Pixels;
use super::place::{Area, choose};
use super::window::{self, Atoms, Visual};
use super::{Ended, News, Shared};
use crate::limits::{ABOVE, BETWEEN_LOOKS, BETWEEN_PICTURES};
use crate::{OverlayEvent, Picture, Unavailable, next_change, paint};
use rustix::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use x11rb::connection::{Connection, RequestConnection};
use x11rb::errors::ReplyOrIdError;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt, EventMask, MapState, StackMode, WindowClass,
};
use x11rb::protocol::{Event, randr, xfixes};
use x11rb::rust_connection::RustConnection;

type Result<T = ()> = std::result::Result<T, ReplyOrIdError>;

pub(super) struct Session {
    conn: RustConnection,
    root: u32,
    whole: Area,
    atoms: Atoms,
    visual: Visual,
    window: u32,
    pixels: Pixels,
    randr: bool,
    /// Somebody blends the windows.
    compositor: bool,
    news: Option<News>,
    shown: Shown,
    /// Where the window was taken hold of.
    drag: Option<(i32, i32)>,
    monitor: Option<Area>,
    /// The picture may have changed.
    dirty: bool,
    /// When time alone changes it.
    change_at: Option<Instant>,
    painted_at: Option<Instant>,
    /// What is above, or active, may have changed.
    unseen: bool,
    looked_at: Option<Instant>,
}

/// What the display has.
#[derive(Default)]
struct Shown {
    picture: Option<Picture>,
    solid: bool,
    cut_out: bool,
    clicks: bool,
    mapped: bool,
    at: Option<Area>,
}

impl Session {
    pub(super) fn open() -> std::result::Result<Self, Unavailable> {
        let (conn, number) = RustConnection::connect(None).map_err(|_| Unavailable::NoDisplay)?;
        let screen = conn.setup().roots.get(number).cloned().ok_or(Unavailable::NoDisplay)?;
        if !window::can_let_through(&conn) {
            return Err(Unavailable::NoClickThrough);
        }
        let visual = window::choose_visual(&conn, &screen)?;
        Self::build(conn, number, screen, visual).map_err(|why| {
            tracing::info!("no window for the overlay: {why}");
            Unavailable::NoDisplay
        })
    }

    fn build(
        conn: RustConnection,
        number: usize,
        screen: x11rb::protocol::xproto::Screen,
        visual: Visual,
    ) -> Result<Self> {
        let atoms = Atoms::new(&conn)?.reply()?;
        let root = screen.root;
        let window = window::create(&conn, &screen, visual, &atoms)?;
        // Whoever blends windows owns this selection (EWMH, "Compositing Managers").
        let selection = conn.intern_atom(false, format!("_NET_WM_CM_S{number}").as_bytes())?.reply()?.atom;
        let has = |name| conn.extension_information(name).is_ok_and(|found| found.is_some());
        if has(xfixes::X11_EXTENSION_NAME) {
            xfixes::query_version(&conn, 5, 0)?.reply()?;
            let changes = xfixes::SelectionEventMask::SET_SELECTION_OWNER
                | xfixes::SelectionEventMask::SELECTION_WINDOW_DESTROY
                | xfixes::SelectionEventMask::SELECTION_CLIENT_CLOSE;
            xfixes::select_selection_input(&conn, window, selection, changes)?;
        }
        let compositor = conn.get_selection_owner(selection)?.reply()?.owner != x11rb::NONE;
        let asks = || randr::query_version(&conn, 1, 5).ok()?.reply().ok();
        let randr =
            has(randr::X11_EXTENSION_NAME) && asks().is_some_and(|v| (v.major_version, v.minor_version) >= (1, 5));
        if randr {
            randr::select_input(&conn, window, randr::NotifyMask::SCREEN_CHANGE | randr::NotifyMask::CRTC_CHANGE)?;
        }
        let whole = Area { x: 0, y: 0, w: screen.width_in_pixels.into(), h: screen.height_in_pixels.into() };
        let pixels = Pixels::new(&conn);
        Ok(Self {
            conn,
            root,
            whole,
            atoms,
            visual,
            window,
            pixels,
            randr,
            compositor,
            news: None,
            shown: Shown::default(),
            drag: None,
            monitor: None,
            dirty: false,
            change_at: None,
            painted_at: None,
            unseen: false,
            looked_at: None,
        })
    }

    /// Until nobody wants it any more; an error is a display that went.
    pub(super) fn run(&mut self, shared: &Shared, tell: &impl Fn(OverlayEvent)) -> Result {
        loop {
            while let Some(event) = self.conn.poll_for_event()? {
                self.on(event, shared, tell)?;
            }
            match shared.take() {
                Err(Ended) => return Ok(()),
                Ok(None) => {}
                Ok(news) => (self.news, self.dirty) = (news, true),
            }
            let next = self.work(shared)?;
            self.conn.flush()?;
            // Answers that were waited for may have brought events with them.
            if let Some(event) = self.conn.poll_for_event()? {
                self.on(event, shared, tell)?;
                continue;
            }
            let wait = next.map(|at| at.saturating_duration_since(Instant::now()));
            // While a picture waits for its time, newer frames need not wake anybody.
            shared.wait(!self.dirty, Some(self.conn.stream().as_fd()), wait);
        }
    }

    /// Does what is due; gives when the next is.
    fn work(&mut self, shared: &Shared) -> Result<Option<Instant>> {
        let now = Instant::now();
        let mut next = None;
        let mut later = |at: Instant| next = Some(next.map_or(at, |n: Instant| n.min(at)));
        if self.change_at.is_some_and(|at| at <= now) {
            (self.dirty, self.change_at) = (true, None);
        }
        if self.dirty {
            match self.painted_at.map(|at| at + BETWEEN_PICTURES).filter(|at| *at > now) {
                Some(at) => later(at),
                None => self.repaint(now, shared)?,
            }
        }
        if self.unseen && self.shown.mapped {
            match self.looked_at.map(|at| at + BETWEEN_LOOKS).filter(|at| *at > now) {
                Some(at) => later(at),
                None => self.look_around(now)?,
            }
        }
        self.change_at.into_iter().for_each(&mut later);
        Ok(next)
    }

    fn repaint(&mut self, now: Instant, shared: &Shared) -> Result {
        let Some(News { frame, came, look }) = self.news.clone() else { return Ok(()) };
        (self.dirty, self.painted_at) = (false, Some(now));
        let now_ms = frame.at_ms.saturating_add(now.saturating_duration_since(came).as_millis() as u64);
        let solid = !(self.compositor && self.visual.alpha);
        let picture = paint::painted(&frame, &look, now_ms, solid);
        let in_ms = next_change(&frame, now_ms).map(|at| at.saturating_sub(frame.at_ms));
        self.change_at = in_ms.and_then(|ms| came.checked_add(Duration::from_millis(ms)));
        if look.interactive != self.shown.clicks {
            window::take_clicks(&self.conn, self.window, look.interactive)?;
            self.shown.clicks = look.interactive;
            self.drag = None;
        }
        let Some(picture) = picture else { return self.hide() };
        if self.monitor.is_none() {
            self.monitor = self.active_monitor()?;
        }
        let same = self.shown.solid == solid && self.shown.picture.as_ref() == Some(&picture);
        if !same {
            let pixmap = self.pixels.put(&self.conn, self.root, self.visual, &picture)?;
            // As the background, the server itself repaints what was covered.
            let background = ChangeWindowAttributesAux::new().background_pixmap(pixmap);
            self.conn.change_window_attributes(self.window, &background)?;
            if solid {
                window::cut_out(&self.conn, self.window, Some(&picture.spans()))?;
            } else if self.shown.cut_out {
                window::cut_out(&self.conn, self.window, None)?;
            }
            (self.shown.solid, self.shown.cut_out) = (solid, solid);
            self.shown.picture = Some(picture);
        }
        self.place()?;
        if !same {
            self.conn.clear_area(false, self.window, 0, 0, 0, 0)?;
            shared.updates.fetch_add(1, Relaxed);
        }
        self.unhide()
    }

    fn hide(&mut self) -> Result {
        (self.shown.picture, self.drag) = (None, None);
        if std::mem::take(&mut self.shown.mapped) {
            self.conn.unmap_window(self.window)?;
            self.hear_of_others(EventMask::NO_EVENT)?;
        }
        Ok(())
    }

    fn unhide(&mut self) -> Result {
        if !std::mem::replace(&mut self.shown.mapped, true) {
            self.raise()?;
            self.conn.map_window(self.window)?;
            self.hear_of_others(EventMask::SUBSTRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE)?;
            (self.unseen, self.looked_at) = (true, None);
        }
        Ok(())
    }

    /// Other windows only matter, and only wake this thread, while there is something to see.
    fn hear_of_others(&self, mask: EventMask) -> Result {
        self.conn.change_window_attributes(self.root, &ChangeWindowAttributesAux::new().event_mask(mask))?;
        Ok(())
    }

    fn raise(&self) -> Result {
        self.conn.configure_window(self.window, &ConfigureWindowAux::new().stack_mode(StackMode::ABOVE))?;
        Ok(())
    }

    /// To its corner, unless a hand holds it.
    fn place(&mut self) -> Result {
        let (Some(news), Some(picture)) = (&self.news, &self.shown.picture) else { return Ok(()) };
        let (w, h) = (picture.width as i32, picture.height as i32);
        let area = self.monitor.unwrap_or(self.whole);
        let margin = (news.look.margin * news.look.scale).round() as i32;
        let (x, y) = match (self.drag, self.shown.at) {
            (Some(_), Some(at)) => (at.x, at.y),
            _ => area.place(news.look.corner, margin, (w, h)),
        };
        self.move_to(Area { x, y, w, h })
    }

    fn move_to(&mut self, to: Area) -> Result {
        if self.shown.at != Some(to) {
            self.shown.at = Some(to);
            let how = ConfigureWindowAux::new().x(to.x).y(to.y).width(to.w as u32).height(to.h as u32);
            self.conn.configure_window(self.window, &how)?;
        }
        Ok(())
    }

    /// Where the active window is, and whether anything lies above the overlay.
    fn look_around(&mut self, now: Instant) -> Result {
        (self.unseen, self.looked_at) = (false, Some(now));
        self.monitor = self.active_monitor()?;
        self.place()?;
        if self.covered()? {
            self.raise()?;
        }
        Ok(())
    }

    fn active_monitor(&self) -> Result<Option<Area>> {
        let property =
            self.conn.get_property(false, self.root, self.atoms._NET_ACTIVE_WINDOW, AtomEnum::WINDOW, 0, 1)?;
        let active = property.reply()?.value32().and_then(|mut v| v.next()).filter(|w| *w != x11rb::NONE);
        let active = match active {
            Some(window) => self.area_of(window)?,
            None => None,
        };
        let area =
            |m: &randr::MonitorInfo| Area { x: m.x.into(), y: m.y.into(), w: m.width.into(), h: m.height.into() };
        let monitors = match self.randr {
            true => randr::get_monitors(&self.conn, self.root, true)?.reply()?.monitors.iter().map(area).collect(),
            false => vec![self.whole],
        };
        Ok(choose(&monitors, active, self.monitor))
    }

    /// On the screen; `None` for a window that has gone.
    fn area_of(&self, window: u32) -> Result<Option<Area>> {
        let size = self.conn.get_geometry(window)?;
        let at = self.conn.translate_coordinates(window, self.root, 0, 0)?;
        let (Ok(size), Ok(at)) = (size.reply(), at.reply()) else { return Ok(None) };
        Ok(Some(Area { x: at.dst_x.into(), y: at.dst_y.into(), w: size.width.into(), h: size.height.into() }))
    }

    fn covered(&self) -> Result<bool> {
        let Some(own) = self.shown.at else { return Ok(false) };
        // From the lowest to the highest.
        let all = self.conn.query_tree(self.root)?.reply()?.children;
        for window in all.into_iter().rev().take_while(|w| *w != self.window).take(ABOVE) {
            let Ok(about) = self.conn.get_window_attributes(window)?.reply() else { continue };
            if about.map_state != MapState::VIEWABLE || about.class == WindowClass::INPUT_ONLY {
                continue;
            }
            if self.area_of(window)?.is_some_and(|area| area.meets(own)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn on(&mut self, event: Event, shared: &Shared, tell: &impl Fn(OverlayEvent)) -> Result {
        match event {
            Event::XfixesSelectionNotify(e) => {
                (self.compositor, self.dirty) = (e.owner != x11rb::NONE, true);
            }
            Event::ConfigureNotify(e) if e.window == self.root => {
                (self.whole.w, self.whole.h, self.unseen) = (e.width.into(), e.height.into(), true);
            }
            Event::ConfigureNotify(e) => self.unseen |= e.window != self.window,
            Event::MapNotify(e) => self.unseen |= e.window != self.window,
            Event::CirculateNotify(_) | Event::ReparentNotify(_) => self.unseen = true,
            Event::RandrScreenChangeNotify(_) | Event::RandrNotify(_) => self.unseen = true,
            Event::PropertyNotify(e) => self.unseen |= e.atom == self.atoms._NET_ACTIVE_WINDOW,
            Event::ButtonPress(e) if e.detail == 1 && self.shown.clicks => {
                self.drag = Some((e.event_x.into(), e.event_y.into()));
            }
            Event::MotionNotify(e) => {
                if let (Some((x, y)), Some(at)) = (self.drag, self.shown.at) {
                    self.move_to(Area { x: i32::from(e.root_x) - x, y: i32::from(e.root_y) - y, ..at })?;
                }
            }
            Event::ButtonRelease(e) if e.detail == 1 => self.dropped(shared, tell)?,
            Event::Error(e) => tracing::debug!("the display refused something: {e:?}"),
            _ => {}
        }
        Ok(())
    }

    /// Goes to the nearest corner of its monitor.
    fn dropped(&mut self, shared: &Shared, tell: &impl Fn(OverlayEvent)) -> Result {
        let (Some(_), Some(at)) = (self.drag.take(), self.shown.at) else { return Ok(()) };
        let corner = self.monitor.unwrap_or(self.whole).corner_at(at.middle());
        if let Some(news) = self.news.as_mut().filter(|news| news.look.corner != corner) {
            news.look.corner = corner;
            shared.moved(corner);
            tell(OverlayEvent::Moved(corner));
            self.dirty = true;
        }
        self.place()
    }
}
