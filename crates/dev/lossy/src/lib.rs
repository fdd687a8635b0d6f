//! A disk that keeps only what was synced: a SQLite file layer in memory.
//!
//! Every file has what programs see and what is on the platter. A sync carries the one over to the other. When the
//! power fails, each 512-byte sector written since the last sync either arrived or did not, as chance or the test will
//! have it; files made, cut or deleted since are subject to the same. The power can be made to fail at any write,
//! sync, cut or delete, and the disk has a size.
//!
//! It knows nothing of Hearth and must never reach a file. Never shipped. Start with [`Disk`].
#![allow(unsafe_code, clippy::unwrap_used)]

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr,
    sync::{Arc, Mutex, MutexGuard},
};

const SECTOR: usize = 512;

#[derive(Default)]
struct Image {
    seen: Vec<u8>,
    /// `None` until the first sync: the name itself is not on the platter.
    platter: Option<Vec<u8>>,
    unsynced: BTreeSet<usize>,
    deleted: bool,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Image>,
    operations: u64,
    fails_at: Option<u64>,
    off: bool,
    capacity: Option<usize>,
    chance: u64,
}

/// What becomes of sectors that were written and not synced.
#[derive(Debug, Clone, Copy)]
pub enum Unsynced {
    /// All of it is gone.
    Lost,
    /// Each sector arrived or did not, by this seed.
    ByChance(u64),
}

/// A disk with a name that `StoreConfig::vfs` takes.
#[derive(Clone)]
pub struct Disk {
    /// The name.
    pub vfs: String,
    state: Arc<Mutex<State>>,
}

impl Disk {
    /// Registers a file layer. It stays for the life of the process.
    pub fn new(vfs: &str) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let layer = Box::new(sqlite3_vfs {
            iVersion: 1,
            szOsFile: size_of::<Open>() as c_int,
            mxPathname: 512,
            pNext: ptr::null_mut(),
            zName: CString::new(vfs).unwrap().into_raw(),
            pAppData: Arc::into_raw(state.clone()).cast_mut().cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: None,
            xCurrentTimeInt64: None,
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        });
        // SAFETY: the layer and its name are leaked, so they outlive every connection.
        assert_eq!(unsafe { ffi::sqlite3_vfs_register(Box::into_raw(layer), 0) }, ffi::SQLITE_OK);
        Self { vfs: vfs.into(), state }
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
    /// Lets the power fail after this many more changes.
    pub fn fail_after(&self, changes: u64) {
        let mut state = self.state();
        state.fails_at = Some(state.operations + changes);
    }
    /// Changes made to the disk so far.
    pub fn changes(&self) -> u64 {
        self.state().operations
    }
    /// Bytes of all files.
    pub fn used(&self) -> usize {
        self.state().used()
    }
    /// Bytes that fit on it; all that come, when there is none.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.state().capacity = bytes;
    }
    /// The power fails now, if it has not already, and comes back.
    pub fn power_cut(&self, unsynced: Unsynced) {
        let mut state = self.state();
        let mut throw = match unsynced {
            Unsynced::Lost => None,
            Unsynced::ByChance(seed) => Some(seed),
        };
        let mut arrived = || {
            throw.as_mut().is_some_and(|seed| {
                *seed = scatter(*seed);
                *seed & 1 == 1
            })
        };
        state.files.retain(|_, file| {
            let name_is_there = file.platter.is_some() || arrived();
            if !name_is_there || (file.deleted && arrived()) {
                return false;
            }
            let mut platter = file.platter.take().unwrap_or_default();
            if !file.deleted {
                for &sector in &file.unsynced {
                    if arrived() {
                        copy_sector(&file.seen, &mut platter, sector);
                    }
                }
                if file.seen.len() < platter.len() && arrived() {
                    platter.truncate(file.seen.len());
                }
            }
            *file = Image { seen: platter.clone(), platter: Some(platter), ..Image::default() };
            true
        });
        (state.off, state.fails_at) = (false, None);
    }
}

fn copy_sector(from: &[u8], to: &mut Vec<u8>, sector: usize) {
    let start = sector * SECTOR;
    let end = from.len().min(start + SECTOR);
    if start < end {
        if to.len() < end {
            to.resize(end, 0);
        }
        to[start..end].copy_from_slice(&from[start..end]);
    }
}

impl State {
    fn used(&self) -> usize {
        self.files.values().filter(|file| !file.deleted).map(|file| file.seen.len()).sum()
    }
    /// Counts a change; false when the power is off, which may begin with this very change.
    fn changes(&mut self) -> bool {
        self.operations += 1;
        self.off |= self.fails_at == Some(self.operations);
        !self.off
    }
}

#[repr(C)]
struct Open {
    base: sqlite3_file,
    state: *const Mutex<State>,
    name: *mut String,
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // Version 1 has no shared memory: a log works only in exclusive mode, as the store runs it.
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

// SAFETY, for all below: SQLite hands back the pointers it was given, and buffers of the length it says.

unsafe fn of_vfs<'a>(vfs: *mut sqlite3_vfs) -> MutexGuard<'a, State> {
    unsafe { (*(*vfs).pAppData.cast::<Mutex<State>>()).lock().unwrap() }
}

unsafe fn of_file<'a>(file: *mut sqlite3_file) -> (MutexGuard<'a, State>, &'a str) {
    unsafe {
        let open = &*file.cast::<Open>();
        ((*open.state).lock().unwrap(), &*open.name)
    }
}

unsafe fn text<'a>(name: *const c_char) -> &'a str {
    unsafe { CStr::from_ptr(name).to_str().unwrap() }
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    unsafe {
        (*file).pMethods = ptr::null();
        if name.is_null() {
            return ffi::SQLITE_CANTOPEN;
        }
        let (mut state, name) = (of_vfs(vfs), text(name).to_owned());
        let there = state.files.get(&name).is_some_and(|image| !image.deleted);
        if state.off || (!there && flags & ffi::SQLITE_OPEN_CREATE == 0) {
            return ffi::SQLITE_CANTOPEN;
        }
        let image = state.files.entry(name.clone()).or_default();
        if image.deleted {
            *image = Image { platter: image.platter.take(), ..Image::default() };
        }
        let open = file.cast::<Open>();
        (*open).state = (*vfs).pAppData.cast();
        (*open).name = Box::into_raw(Box::new(name));
        (*file).pMethods = &METHODS;
        if !out_flags.is_null() {
            *out_flags = flags;
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    unsafe { drop(Box::from_raw((*file.cast::<Open>()).name)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut sqlite3_file, out: *mut c_void, len: c_int, at: sqlite3_int64) -> c_int {
    unsafe {
        let (state, name) = of_file(file);
        let out = std::slice::from_raw_parts_mut(out.cast::<u8>(), len as usize);
        out.fill(0);
        if state.off {
            return ffi::SQLITE_IOERR_READ;
        }
        let seen = state.files.get(name).map_or(&[][..], |image| &image.seen);
        let found = &seen[seen.len().min(at as usize)..];
        let len = found.len().min(out.len());
        out[..len].copy_from_slice(&found[..len]);
        if len < out.len() { ffi::SQLITE_IOERR_SHORT_READ } else { ffi::SQLITE_OK }
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, len: c_int, at: sqlite3_int64) -> c_int {
    unsafe {
        let (mut state, name) = of_file(file);
        let from = std::slice::from_raw_parts(from.cast::<u8>(), len as usize);
        if !state.changes() {
            return ffi::SQLITE_IOERR_WRITE;
        }
        let (used, capacity) = (state.used(), state.capacity);
        let image = state.files.get_mut(name).unwrap();
        let (start, end) = (at as usize, at as usize + from.len());
        if capacity.is_some_and(|bytes| used + end.saturating_sub(image.seen.len()) > bytes) {
            return ffi::SQLITE_FULL;
        }
        if image.seen.len() < end {
            image.seen.resize(end, 0);
        }
        image.seen[start..end].copy_from_slice(from);
        image.unsynced.extend(start / SECTOR..end.div_ceil(SECTOR));
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, len: sqlite3_int64) -> c_int {
    unsafe {
        let (mut state, name) = of_file(file);
        if !state.changes() {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        state.files.get_mut(name).unwrap().seen.truncate(len as usize);
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    unsafe {
        let (mut state, name) = of_file(file);
        if !state.changes() {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        let image = state.files.get_mut(name).unwrap();
        let platter = image.platter.get_or_insert_default();
        for sector in std::mem::take(&mut image.unsynced) {
            copy_sector(&image.seen, platter, sector);
        }
        platter.resize(image.seen.len(), 0);
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut sqlite3_int64) -> c_int {
    unsafe {
        let (state, name) = of_file(file);
        *out = state.files.get(name).map_or(0, |image| image.seen.len() as sqlite3_int64);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(_: *mut sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(_: *mut sqlite3_file, out: *mut c_int) -> c_int {
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut sqlite3_file) -> c_int {
    4096
}

/// As SQLite takes a disk to be unless told otherwise: a torn write harms nothing beside it.
unsafe extern "C" fn characteristics(_: *mut sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    unsafe {
        let (mut state, name) = (of_vfs(vfs), text(name));
        if !state.changes() {
            return ffi::SQLITE_IOERR_DELETE;
        }
        match state.files.get_mut(name) {
            Some(image) if !image.deleted => {
                image.deleted = true;
                if sync_folder != 0 {
                    state.files.remove(name);
                }
                ffi::SQLITE_OK
            }
            _ => ffi::SQLITE_IOERR_DELETE_NOENT,
        }
    }
}

unsafe extern "C" fn access(vfs: *mut sqlite3_vfs, name: *const c_char, _: c_int, out: *mut c_int) -> c_int {
    unsafe { *out = c_int::from(of_vfs(vfs).files.get(text(name)).is_some_and(|image| !image.deleted)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(_: *mut sqlite3_vfs, name: *const c_char, len: c_int, out: *mut c_char) -> c_int {
    unsafe {
        let name = CStr::from_ptr(name).to_bytes_with_nul();
        if name.len() > len as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(vfs: *mut sqlite3_vfs, len: c_int, out: *mut c_char) -> c_int {
    unsafe {
        let mut state = of_vfs(vfs);
        for byte in std::slice::from_raw_parts_mut(out.cast::<u8>(), len as usize) {
            state.chance = scatter(state.chance);
            *byte = state.chance as u8;
        }
    }
    len
}

unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, micros: c_int) -> c_int {
    micros
}

unsafe extern "C" fn current_time(_: *mut sqlite3_vfs, out: *mut f64) -> c_int {
    unsafe { *out = 2_460_000.5 };
    ffi::SQLITE_OK
}

/// Spreads numbers as hashes are spread (the finishing steps of SplitMix64).
fn scatter(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
