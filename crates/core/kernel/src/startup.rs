//! A kernel from what the disk holds.

use crate::{
    admit::joined_at,
    dialer::Dialer,
    kernel::{Kernel, KernelKeys, Timer},
    space::Space,
};
use hearth_crypto::{EpochSecret, HashEntropy, InviteSecret, Secret16, Secret32};
use hearth_ports::{IdentityView, NodeEvent, Presence, Startup};
use hearth_replica::{OwnLog, Replica};
use hearth_types::{ControlBody, DeviceId, EntryId, EntryRow, EpochId, Genesis, Hlc, SpaceId};
use hearth_wire::{CheckedEntry, cbor::Codec};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

impl Kernel {
    /// Ids of own content entries in `startup`; the rows are needed to go on with one's own logs.
    pub fn own_ids(startup: &Startup, device: DeviceId) -> Vec<EntryId> {
        startup.content.iter().filter(|e| e.device == device).map(|e| e.id).collect()
    }

    /// A kernel with everything that was on disk. `own` holds the rows of [`Kernel::own_ids`]; `seed` is 32 bytes of the
    /// operating system's randomness.
    pub fn new(keys: KernelKeys, startup: Startup, own: Vec<EntryRow>, seed: [u8; 32], now_ms: u64) -> Self {
        let root = keys.seed.root();
        let certificate = root.certify(keys.device.id(), keys.agreement.public(), 0);
        let user = root.user();
        let mut kernel = Self {
            keys,
            certificate,
            user,
            me: IdentityView { user, name: String::new(), color: default_color(user) },
            entropy: HashEntropy::new(seed),
            wall: now_ms,
            now: now_ms,
            clock_off_ms: 0,
            clocks: BTreeMap::new(),
            started_ms: now_ms,
            alone_since_ms: now_ms,
            spaces: BTreeMap::new(),
            links: BTreeMap::new(),
            topics: BTreeMap::new(),
            pending: BTreeMap::new(),
            next_token: 0,
            next_request: 0,
            timers: BTreeSet::new(),
            joins: Vec::new(),
            windows: BTreeMap::new(),
            read_jobs: Vec::new(),
            dialer: Dialer::default(),
            listening: BTreeSet::new(),
            presence: Presence::Online,
            notice_counter: 0,
            told_presence: BTreeMap::new(),
            playing: None,
            played_until_ms: 0,
            voice: None,
            lends: false,
            seat: None,
            voice_leaving: None,
            passed: Default::default(),
            told_voice: BTreeMap::new(),
            told_net: None,
            told_warnings: BTreeMap::new(),
            fetched: Vec::new(),
            dirty: BTreeSet::new(),
            invite_secrets: BTreeMap::new(),
            doors: BTreeMap::new(),
            epoch_news: Vec::new(),
            ready_told: false,
            stopping: false,
            out: VecDeque::new(),
        };
        kernel.restore(startup, own);
        kernel
    }

    fn restore(&mut self, startup: Startup, own: Vec<EntryRow>) {
        let mut control: BTreeMap<SpaceId, Vec<CheckedEntry>> = BTreeMap::new();
        let mut damaged = 0;
        for row in startup.control {
            match CheckedEntry::from_row(row) {
                Ok(entry) => control.entry(entry.envelope().space).or_default().push(entry),
                Err(_) => damaged += 1,
            }
        }
        let mut own_entries: BTreeMap<SpaceId, Vec<CheckedEntry>> = BTreeMap::new();
        for row in own {
            match CheckedEntry::from_row(row) {
                Ok(entry) => own_entries.entry(entry.envelope().space).or_default().push(entry),
                Err(_) => damaged += 1,
            }
        }
        let mut content: BTreeMap<SpaceId, Vec<_>> = BTreeMap::new();
        for summary in startup.content {
            content.entry(summary.space).or_default().push(summary);
        }
        let values: BTreeMap<String, Vec<u8>> = startup.values.into_iter().collect();
        let mut secrets: BTreeMap<SpaceId, Vec<(EpochId, [u8; 32])>> = BTreeMap::new();
        for (space, epoch, secret) in startup.secrets {
            secrets.entry(space).or_default().push((epoch, secret));
        }
        self.restore_identity(&values);
        for record in startup.spaces.into_iter().filter(|r| r.joined) {
            let id = record.space;
            let control = control.remove(&id).unwrap_or_default();
            let content = content.remove(&id).unwrap_or_default();
            let mut mine = own_entries.remove(&id).unwrap_or_default();
            mine.extend(control.iter().filter(|e| e.envelope().device == self.keys.device.id()).cloned());
            let restored = Genesis::from_bytes(&record.genesis)
                .ok()
                .and_then(|g| Replica::restore(id, g, &control, &content, &broken_logs(&values, id)))
                .zip(OwnLog::restore(id, self.keys.device.id(), &mine));
            let Some((replica, own)) = restored else {
                damaged += 1;
                continue;
            };
            let mut s = Space::new(id, record.genesis, replica, own);
            for (epoch, secret) in secrets.remove(&id).unwrap_or_default() {
                s.secrets.insert(epoch, EpochSecret::new(id, Secret32::new(secret)));
            }
            s.delivered = values
                .get(&format!("delivered:{id}"))
                .and_then(|v| Some(u64::from_be_bytes(v.as_slice().try_into().ok()?)))
                .unwrap_or(0);
            s.joined_at = joined_at(&s, &self.user);
            for entry in control {
                match entry.control().map(|a| a.body) {
                    Ok(ControlBody::Admit { join }) => {
                        s.introductions.entry(join.certificate.device).or_insert(entry.id())
                    }
                    Ok(ControlBody::DeviceAdd { certificate }) => {
                        s.introductions.entry(certificate.device).or_insert(entry.id())
                    }
                    _ => &mut entry.id(),
                };
                s.newest_control = s.newest_control.max(entry.envelope().hlc);
                s.control.insert(entry.id(), entry);
            }
            self.spaces.insert(id, s);
            for summary in &content {
                self.note_summary(summary);
            }
            self.restore_marks(&values, id);
        }
        for (name, value) in &values {
            let invite = name.strip_prefix("invite:").and_then(|id| id.parse().ok());
            if let (Some(id), Ok(secret)) = (invite, <[u8; 16]>::try_from(value.as_slice())) {
                self.invite_secrets.insert(id, InviteSecret::new(Secret16::new(secret)));
            }
        }
        self.dialer.restore(startup.peers);
        if damaged > 0 {
            let message = "Part of what was saved on this computer could not be read. What others still have comes back by itself.";
            self.event(NodeEvent::Warning { code: "store", message: message.into() });
        }
        for space in self.spaces.keys().copied().collect::<Vec<_>>() {
            self.subscribe(space);
        }
        self.snapshot();
        self.set_timer(Timer::Ready, 2_000);
        self.set_timer(Timer::Heads, 5_000);
        self.set_timer(Timer::Presence, 1_500);
        self.set_timer(Timer::Dial, 0);
    }

    fn restore_identity(&mut self, values: &BTreeMap<String, Vec<u8>>) {
        if let Some((color, name)) = values.get("identity").and_then(|v| v.split_first_chunk::<4>()) {
            self.me.color = u32::from_be_bytes(*color) & 0x00ff_ffff;
            self.me.name = String::from_utf8_lossy(name).into_owned();
        }
    }

    fn restore_marks(&mut self, values: &BTreeMap<String, Vec<u8>>, space: SpaceId) {
        let Some(s) = self.spaces.get_mut(&space) else { return };
        for channel in s.replica.state().channels.keys().copied().collect::<Vec<_>>() {
            let Some((hlc, id)) = values.get(&format!("mark:{channel}")).and_then(|v| v.split_first_chunk::<8>())
            else {
                continue;
            };
            if let Ok(id) = <[u8; 32]>::try_from(id) {
                s.channel(channel).mark = Some((Hlc(u64::from_be_bytes(*hlc)), EntryId(id)));
            }
        }
    }
}

fn broken_logs(values: &BTreeMap<String, Vec<u8>>, space: SpaceId) -> Vec<(DeviceId, u64)> {
    let prefix = format!("broken:{space}:");
    let seq = |v: &[u8]| Some(u64::from_be_bytes(v.try_into().ok()?));
    values
        .range(prefix.clone()..)
        .take_while(|(k, _)| k.starts_with(&prefix))
        .filter_map(|(k, v)| Some((k[prefix.len()..].parse().ok()?, seq(v)?)))
        .collect()
}

/// A colour for somebody who has not chosen one, from those that the first screen offers.
fn default_color(user: hearth_types::UserId) -> u32 {
    const COLORS: [u32; 8] = [0xe8_844a, 0xd9_a43b, 0x7f_b25a, 0x3f_b09a, 0x4c_a3d9, 0x7c_8dea, 0xb5_7cdd, 0xe0_739c];
    COLORS[usize::from(user.0[0]) % COLORS.len()]
}
