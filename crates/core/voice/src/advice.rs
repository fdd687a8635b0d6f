//! How to encode for those who listen (research, 2.4 and 2.5).

use hearth_ports::audio::Encoding;

/// Kbit/s that a stream needs beside Opus: SFrame, our header, RTP, SRTP and UDP at 50 packets a second.
const OVERHEAD_KBPS: u32 = 40;

/// From the loss of own frames that each listener reports (of a thousand; put in order here), the streams sent, and
/// what the device can send. The third quartile of the listeners decides, half of the uplink is left alone.
pub fn encoding(losses_permille: &mut [u16], streams: usize, uplink_kbps: u32) -> Encoding {
    losses_permille.sort_unstable();
    let at = (losses_permille.len() * 3 / 4).min(losses_permille.len().saturating_sub(1));
    let loss = u32::from(losses_permille.get(at).copied().unwrap_or(0));
    let share = (uplink_kbps / 2 / streams.max(1) as u32).saturating_sub(OVERHEAD_KBPS);
    let wish = if loss >= 100 { 48 } else { 32 };
    let kbps = [48, 32, 24, 16].into_iter().find(|k| *k <= wish && *k <= share).unwrap_or(16);
    // Redundancy for long gaps pays from 15 % on, and only where there is room for it.
    let dred = if loss >= 150 && kbps >= 32 { 20 } else { 0 };
    let fec = loss >= 10 && (dred == 0 || kbps >= 48);
    Encoding { bitrate: kbps * 1000, loss_percent: (loss / 10).min(30) as u8, fec, dred, dtx: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_and_a_narrow_uplink_decide() {
        let calm = encoding(&mut [0; 7], 7, 10_000);
        assert_eq!((calm.bitrate, calm.fec, calm.dred), (32_000, false, 0));
        let lossy = encoding(&mut [0, 60, 60, 50], 4, 10_000);
        assert_eq!((lossy.bitrate, lossy.loss_percent, lossy.fec), (32_000, 6, true));
        let bad = encoding(&mut [200; 3], 3, 10_000);
        assert_eq!((bad.bitrate, bad.fec, bad.dred), (48_000, true, 20));
        assert_eq!(encoding(&mut [0; 7], 7, 800).bitrate, 16_000, "the uplink is shared by seven");
        assert_eq!(encoding(&mut [], 0, 0).bitrate, 16_000);
    }
}
