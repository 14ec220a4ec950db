//! The payload of one row of `commit_batches`: for each turn its id, the first event number, and the frames.
//! Layout per turn: 16 bytes of id, `u64` first number, `u64` last number, `u32` length (little endian), frames.

use crate::ids::TurnId;

const HEADER: usize = 16 + 8 + 8 + 4;

/// The frames of one turn's events `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnFrames<'a> {
    /// Whose events these are.
    pub turn_id: TurnId,
    /// Number of the first event.
    pub first: u64,
    /// Number of the last event.
    pub last: u64,
    /// Whole SSE frames.
    pub frames: &'a [u8],
}

/// Appends one turn's frames to a batch.
pub fn push(batch: &mut Vec<u8>, turn: TurnFrames<'_>) {
    batch.extend_from_slice(turn.turn_id.as_bytes());
    batch.extend_from_slice(&turn.first.to_le_bytes());
    batch.extend_from_slice(&turn.last.to_le_bytes());
    let length = u32::try_from(turn.frames.len()).unwrap_or(u32::MAX);
    batch.extend_from_slice(&length.to_le_bytes());
    batch.extend_from_slice(turn.frames);
}

/// Reads a batch back; ends at the first byte that does not fit the layout.
pub fn read(mut batch: &[u8]) -> impl Iterator<Item = TurnFrames<'_>> {
    std::iter::from_fn(move || {
        let (header, rest) = batch.split_at_checked(HEADER)?;
        let (id, numbers) = header.split_first_chunk::<16>()?;
        let (first, numbers) = numbers.split_first_chunk::<8>()?;
        let (last, length) = numbers.split_first_chunk::<8>()?;
        let length = u32::from_le_bytes(*length.first_chunk::<4>()?) as usize;
        let (frames, rest) = rest.split_at_checked(length)?;
        batch = rest;
        Some(TurnFrames {
            turn_id: TurnId::from_bytes(*id),
            first: u64::from_le_bytes(*first),
            last: u64::from_le_bytes(*last),
            frames,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_read_back_as_it_was_written() {
        let (a, b) = (TurnId::new(), TurnId::new());
        let written = [
            TurnFrames {
                turn_id: a,
                first: 1,
                last: 2,
                frames: b"id: 1\n\nid: 2\n\n",
            },
            TurnFrames {
                turn_id: b,
                first: 7,
                last: 7,
                frames: b"id: 7\n\n",
            },
        ];
        let mut batch = Vec::new();
        written.iter().for_each(|turn| push(&mut batch, *turn));
        assert_eq!(read(&batch).collect::<Vec<_>>(), written);
        assert_eq!(read(&batch[..batch.len() - 1]).collect::<Vec<_>>(), written[..1]);
    }
}
