//! Entries kept aside: their device is not introduced yet, or they claim a day that is too far ahead.

use hearth_types::{Day, DeviceId, EntryId, limits};
use hearth_wire::CheckedEntry;
use std::collections::BTreeMap;

/// Bounded by `limits::WAITING_ENTRIES` in all and `limits::WAITING_PER_DEVICE` each. When it is full, the device with the
/// most gives way, its last place first, so that one flooder displaces nobody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting {
    devices: BTreeMap<DeviceId, BTreeMap<(u64, EntryId), CheckedEntry>>,
    len: usize,
}

impl Waiting {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether it is kept (or was already).
    pub(crate) fn keep(&mut self, entry: &CheckedEntry) -> bool {
        let (device, key) = (entry.envelope().device, (entry.envelope().seq, entry.id()));
        let held = self.devices.get(&device);
        if held.is_some_and(|d| d.contains_key(&key)) {
            return true;
        }
        let own = held.map_or(0, BTreeMap::len);
        if own >= limits::WAITING_PER_DEVICE {
            return false;
        }
        if self.len >= limits::WAITING_ENTRIES {
            let Some((most, largest)) = self.devices.iter().map(|(d, list)| (list.len(), *d)).max() else {
                return false;
            };
            if most <= own + 1 {
                return false;
            }
            if let Some(list) = self.devices.get_mut(&largest) {
                list.pop_last();
                self.len -= 1;
            }
        }
        self.devices.entry(device).or_default().insert(key, entry.clone());
        self.len += 1;
        true
    }

    /// Takes out what `device` has up to `last_day`, in order of place.
    pub(crate) fn release(&mut self, device: &DeviceId, last_day: Day) -> Vec<CheckedEntry> {
        let Some(list) = self.devices.remove(device) else { return Vec::new() };
        let (due, later): (BTreeMap<_, _>, BTreeMap<_, _>) =
            list.into_iter().partition(|(_, e)| e.envelope().day <= last_day);
        self.len -= due.len();
        if !later.is_empty() {
            self.devices.insert(*device, later);
        }
        due.into_values().collect()
    }

    pub(crate) fn devices(&self) -> Vec<DeviceId> {
        self.devices.keys().copied().collect()
    }
}
