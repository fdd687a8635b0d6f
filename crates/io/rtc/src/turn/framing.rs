//! TURN on a stream: STUN messages and ChannelData tell their own length (RFC 8656, sections 12.5 and 15).

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::limits::BRIDGE_MESSAGE_BYTES;

/// A stream that holds something else than TURN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not TURN")]
pub struct NotTurn;

/// What the first four bytes say: the message's length, and what it takes up on a stream.
fn lengths(head: [u8; 4]) -> Result<(usize, usize), NotTurn> {
    let said = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let (length, on_stream) = match head[0] {
        // STUN: a multiple of four after a header of 20 bytes.
        0x00..=0x3f if said.is_multiple_of(4) => (said + 20, said + 20),
        // ChannelData: padded to four on streams; the padding is in no length.
        0x40..=0x7f => (said + 4, (said + 4).next_multiple_of(4)),
        _ => return Err(NotTurn),
    };
    if on_stream > BRIDGE_MESSAGE_BYTES { Err(NotTurn) } else { Ok((length, on_stream)) }
}

/// A datagram as it goes onto a stream.
pub fn to_stream(datagram: &[u8]) -> Result<Bytes, NotTurn> {
    let head = datagram.first_chunk().ok_or(NotTurn)?;
    let (length, on_stream) = lengths(*head)?;
    let message = datagram.get(..length).ok_or(NotTurn)?;
    let mut bytes = BytesMut::with_capacity(on_stream);
    bytes.put_slice(message);
    bytes.resize(on_stream, 0);
    Ok(bytes.freeze())
}

/// Takes the next whole message off what came in so far, without its padding.
pub fn from_stream(buffer: &mut BytesMut) -> Result<Option<Bytes>, NotTurn> {
    let Some(head) = buffer.first_chunk() else { return Ok(None) };
    let (length, on_stream) = lengths(*head)?;
    if buffer.len() < on_stream {
        return Ok(None);
    }
    let mut message = buffer.split_to(length);
    buffer.advance(on_stream - length);
    Ok(Some(message.split().freeze()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn stun(body: usize) -> Vec<u8> {
        let mut message = vec![0x00, 0x01];
        message.extend((body as u16).to_be_bytes());
        message.extend(vec![0x21; 16 + body]);
        message
    }

    fn channel(body: usize) -> Vec<u8> {
        let mut message = vec![0x40, 0x01];
        message.extend((body as u16).to_be_bytes());
        message.extend(vec![0x7e; body]);
        message
    }

    #[test]
    fn what_goes_onto_a_stream_comes_off_it_however_it_is_cut() {
        let messages = [stun(0), channel(1), channel(0), stun(40), channel(5), channel(100)];
        let stream: Vec<u8> = messages.iter().flat_map(|m| to_stream(m).unwrap().to_vec()).collect();
        assert_eq!(stream.len() % 4, 0);
        for chunk in 1..stream.len() {
            let (mut buffer, mut got) = (BytesMut::new(), Vec::new());
            for part in stream.chunks(chunk) {
                buffer.extend_from_slice(part);
                while let Some(message) = from_stream(&mut buffer).unwrap() {
                    got.push(message.to_vec());
                }
            }
            assert_eq!(got, messages);
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn padding_after_a_datagram_is_left_off_and_a_short_one_is_refused() {
        let mut padded = channel(5);
        padded.extend([0, 0, 0]);
        assert_eq!(to_stream(&padded), to_stream(&channel(5)));
        assert_eq!(to_stream(&stun(8)[..20]), Err(NotTurn));
        assert_eq!(to_stream(&[0, 1]), Err(NotTurn));
    }

    #[test]
    fn what_is_not_turn_ends_the_stream() {
        for bad in [&b"HTTP/1.1 400"[..], &[0x80, 0, 0, 0], &[0x00, 0x01, 0, 3], &[0x40, 0, 0xff, 0xff]] {
            let is_text = bad.starts_with(b"HTTP");
            let result = from_stream(&mut BytesMut::from(bad));
            // "HTTP" reads as ChannelData of 21,584 bytes, which is too long.
            assert_eq!(result, Err(NotTurn), "{is_text}");
        }
    }
}
