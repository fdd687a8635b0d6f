//! X11: raw events of XInput 2 on the root window, which come whatever has the focus.
//!
//! Only master devices are asked, which pass on what each of theirs tells; asking all would give every event twice.

use super::wake::Wake;
use super::{Waker, Watch};
use crate::Reach;
use crate::error::Unavailable;
use crate::key::Key;
use crate::limits::EVENTS;
use crate::machine::{Input, Interest};
use std::os::fd::AsFd as _;
use std::time::Instant;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::Event;
use x11rb::protocol::xinput::{self, ConnectionExt as _, EventMask, HierarchyMask, KeyEventFlags, XIEventMask};
use x11rb::protocol::xproto::{ConnectionExt as _, Window};
use x11rb::rust_connection::RustConnection;

/// Asked for: from 2.1 on raw events come also while a program grabs the keyboard, as games do, and name their device.
const WANTED: (u16, u16) = (2, 2);
const ALL_DEVICES: u16 = 0;
const ALL_MASTERS: u16 = 1;

pub struct X11 {
    display: RustConnection,
    root: Window,
    wake: Wake,
    interest: Interest,
    reach: Reach,
}

impl X11 {
    /// Connects to `name`, or to the display of the environment.
    pub fn open(name: Option<&str>) -> Result<Self, Unavailable> {
        let (display, screen) = RustConnection::connect(name).map_err(lost)?;
        let root = display.setup().roots.get(screen).ok_or(Unavailable::NoAnswer)?.root;
        if display.extension_information(xinput::X11_EXTENSION_NAME).map_err(lost)?.is_none() {
            return Err(Unavailable::TooOld);
        }
        // A server without any version 2 answers with an error.
        let version = display.xinput_xi_query_version(WANTED.0, WANTED.1).map_err(lost)?.reply();
        let version = version.map_err(|error| match error {
            x11rb::errors::ReplyError::ConnectionError(_) => Unavailable::NoAnswer,
            x11rb::errors::ReplyError::X11Error(_) => Unavailable::TooOld,
        })?;
        if version.major_version < 2 {
            return Err(Unavailable::TooOld);
        }
        let nested = display.query_extension(b"XWAYLAND").map_err(lost)?.reply().map_err(lost)?.present
            || name.is_none() && std::env::var_os("WAYLAND_DISPLAY").is_some_and(|value| !value.is_empty());
        let reach = if nested { Reach::X11Programs } else { Reach::Everywhere };
        Ok(Self { display, root, wake: Wake::new()?, interest: Interest::default(), reach })
    }

    fn read(&self, event: &Event, into: &mut Vec<Input>) {
        let mut key = |key: Option<Key>, device, down| match key {
            Some(key) if self.interest.wants(key) => into.push(Input::Key { device, key, down }),
            None if down && self.interest.all() => into.push(Input::Unnamed),

            _ => {}
        };
        match event {
            Event::XinputRawKeyPress(e) if u32::from(e.flags) & u32::from(KeyEventFlags::KEY_REPEAT) == 0 => {
                key(Key::from_x_keycode(e.detail), device(e.sourceid, e.deviceid), true);
            }
            Event::XinputRawKeyRelease(e) => {
                key(Key::from_x_keycode(e.detail), device(e.sourceid, e.deviceid), false);
            }
            Event::XinputRawButtonPress(e) => {
                key(Key::from_x_button(e.detail), device(e.sourceid, e.deviceid), true);
            }
            Event::XinputRawButtonRelease(e) => {
                key(Key::from_x_button(e.detail), device(e.sourceid, e.deviceid), false);
            }
            Event::XinputHierarchy(e) => {
                let gone = HierarchyMask::MASTER_REMOVED
                    | HierarchyMask::SLAVE_REMOVED
                    | HierarchyMask::SLAVE_DETACHED
                    | HierarchyMask::DEVICE_DISABLED;
                let gone = e.infos.iter().filter(|info| u32::from(info.flags) & u32::from(gone) != 0);
                into.extend(gone.map(|info| Input::Gone { device: info.deviceid.into() }));
            }
            _ => {}
        }
    }
}

/// The device itself, where the server names it.
fn device(source: u16, master: u16) -> u32 {
    if source == 0 { master.into() } else { source.into() }
}

fn lost<E: std::fmt::Display>(error: E) -> Unavailable {
    tracing::debug!(%error, "the display is lost");
    Unavailable::NoAnswer
}

impl Watch for X11 {
    fn want(&mut self, interest: &Interest) -> Result<(), Unavailable> {
        self.interest = interest.clone();
        let mut masters = XIEventMask::from(0u32);
        if interest.any_key() {
            masters = masters | XIEventMask::RAW_KEY_PRESS | XIEventMask::RAW_KEY_RELEASE;
        }
        if interest.any_button() {
            masters = masters | XIEventMask::RAW_BUTTON_PRESS | XIEventMask::RAW_BUTTON_RELEASE;
        }
        let idle = u32::from(masters) == 0;
        let all = if idle { XIEventMask::from(0u32) } else { XIEventMask::HIERARCHY };
        let masks = [
            EventMask { deviceid: ALL_DEVICES, mask: vec![all] },
            EventMask { deviceid: ALL_MASTERS, mask: vec![masters] },
        ];
        // A refusal comes as an event: to wait for it would wait for a display that hangs.
        drop(self.display.xinput_xi_select_events(self.root, &masks).map_err(lost)?);
        self.display.flush().map_err(lost)
    }

    fn wait(&mut self, until: Option<Instant>, into: &mut Vec<Input>) -> Result<(), Unavailable> {
        let mut waited = false;
        loop {
            let mut events = 0;
            while events < EVENTS
                && let Some(event) = self.display.poll_for_event().map_err(lost)?
            {
                if let Event::Error(error) = &event {
                    return Err(lost(format!("{:?}", error.error_kind)));
                }
                self.read(&event, into);
                events += 1;
            }
            // With more than that waiting already, a wish is looked at before they are.
            if waited || !into.is_empty() || events == EVENTS {
                return Ok(());
            }
            self.display.flush().map_err(lost)?;
            self.wake.poll(&[self.display.stream().as_fd()], until).map_err(lost)?;
            waited = true;
        }
    }

    fn waker(&self) -> Waker {
        self.wake.waker()
    }

    fn reach(&self) -> Reach {
        self.reach
    }
}
