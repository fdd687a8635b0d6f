//! The clock of this process, under our control: the `neteq` crate reads `Instant::now()` and must see virtual time.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};

static NOW_US: AtomicU64 = AtomicU64::new(1_000_000_000);

/// Virtual time from here on, in microseconds since an arbitrary beginning.
pub fn set_us(now: u64) {
    NOW_US.store(1_000_000_000 + now, Ordering::Relaxed);
}

#[repr(C)]
pub struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

/// Takes the place of the C library's for the whole process.
///
/// # Safety
///
/// `time` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(_clock: c_int, time: *mut Timespec) -> c_int {
    let now = NOW_US.load(Ordering::Relaxed);
    if !time.is_null() {
        // SAFETY: by the contract of `clock_gettime`, `time` is writable when it is not null.
        unsafe {
            time.write(Timespec { seconds: (now / 1_000_000) as i64, nanoseconds: (now % 1_000_000 * 1000) as i64 })
        };
    }
    0
}
