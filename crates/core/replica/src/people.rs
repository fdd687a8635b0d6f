//! Introductions: which device is whose.
//!
//! A certificate inside an admitted `Admit` or `DeviceAdd` introduces its device, whether or not that entry stands, so
//! admission never depends on authority. A certificate is signed by the user's root and not by the device, so somebody may
//! claim another's device for a root of his own. The claim that holds is then the one the device made itself, else the one
//! its own log cites first, else the one of the smaller entry id; an honest device cites its `Admit` in its first entry.

use hearth_types::{Certificate, DeviceId, EntryId, UserId};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default)]
pub(crate) struct People {
    devices: BTreeMap<DeviceId, Vec<Claim>>,
    /// Lowest place at which a device's own log cites an entry.
    cites: BTreeMap<DeviceId, BTreeMap<EntryId, u64>>,
}

#[derive(Debug, Clone)]
struct Claim {
    by: EntryId,
    user: UserId,
    certificate: Certificate,
    /// Made by the device itself.
    own: bool,
}

/// What an introduction changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Introduced {
    /// A device nobody knew.
    New,
    /// Nothing that matters.
    Same,
    /// The device is somebody else's now.
    Other,
}

impl People {
    pub(crate) fn introduce(&mut self, by: EntryId, user: UserId, certificate: Certificate, own: bool) -> Introduced {
        let device = certificate.device;
        let before = self.user(&device);
        self.devices.entry(device).or_default().push(Claim { by, user, certificate, own });
        self.settle(&device, before)
    }

    pub(crate) fn cite(&mut self, device: DeviceId, seq: u64, by: EntryId) -> Introduced {
        let before = self.user(&device);
        let place = self.cites.entry(device).or_default().entry(by).or_insert(seq);
        *place = seq.min(*place);
        self.settle(&device, before)
    }

    pub(crate) fn user(&self, device: &DeviceId) -> Option<UserId> {
        self.devices.get(device)?.first().map(|c| c.user)
    }

    pub(crate) fn certificate(&self, device: &DeviceId) -> Option<&Certificate> {
        self.devices.get(device)?.first().map(|c| &c.certificate)
    }

    /// Puts the claim that holds first.
    fn settle(&mut self, device: &DeviceId, before: Option<UserId>) -> Introduced {
        let cites = self.cites.get(device);
        let Some(claims) = self.devices.get_mut(device) else { return Introduced::Same };
        if claims.len() > 1 {
            let best = claims
                .iter()
                .enumerate()
                .min_by_key(|(_, c)| (!c.own, cites.and_then(|m| m.get(&c.by)).copied().unwrap_or(u64::MAX), c.by))
                .map_or(0, |(i, _)| i);
            claims.swap(0, best);
        }
        match before {
            None => Introduced::New,
            Some(user) if self.user(device) == Some(user) => Introduced::Same,
            Some(_) => Introduced::Other,
        }
    }
}
