//! The safety code of a call: what two people read to each other.

use crate::CallId;
use hearth_crypto::hash;
use hearth_types::DeviceId;
use std::collections::BTreeSet;

/// Thirty digits in six groups, equal at everybody who sees the same devices in the same call.
///
/// Every sender key, DTLS fingerprint and frame is signed by one of these device keys, so a go-between would need a
/// device key of its own among them, and the codes would differ.
pub fn safety_code(call: CallId, devices: &BTreeSet<DeviceId>) -> String {
    let parts: Vec<&[u8]> = std::iter::once(&call.0[..]).chain(devices.iter().map(|d| &d.0[..])).collect();
    let first = hash("hearth/call/code/1", &parts);
    let second = hash("hearth/call/code/2", &parts);
    let groups = first.chunks(8).take(4).chain(second.chunks(8).take(2));
    groups
        .map(|chunk| {
            let n = chunk.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
            format!("{:05}", n % 100_000)
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_thirty_digits_of_this_call_and_these_devices() {
        let call = CallId([1; 32]);
        let devices: BTreeSet<_> = (0..5).map(|n| DeviceId([n; 32])).collect();
        let code = safety_code(call, &devices);
        assert_eq!(code.chars().filter(char::is_ascii_digit).count(), 30);
        assert_eq!(code.split(' ').count(), 6);
        let other: BTreeSet<_> = (1..6).map(|n| DeviceId([n; 32])).collect();
        assert_ne!(code, safety_code(call, &other));
        assert_ne!(code, safety_code(CallId([2; 32]), &devices));
    }
}
