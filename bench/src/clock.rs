//! The clock that stamps deltas: CLOCK_MONOTONIC, the same in every process of one machine.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since boot.
pub(crate) fn now_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// Digits of a stamp on the wire.
pub(crate) const STAMP_DIGITS: usize = 16;

/// Writes `value` as 16 hexadecimal digits; `digits` must have that length.
pub(crate) fn write_hex(digits: &mut [u8], value: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = DIGITS[(value >> (4 * place)) as usize & 15];
    }
}

/// Reads what [`write_hex`] wrote; `None` when a byte is no hexadecimal digit.
pub(crate) fn read_hex(digits: &[u8]) -> Option<u64> {
    let mut value = 0;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u64::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::{read_hex, write_hex};

    #[test]
    fn a_stamp_is_read_back_as_it_was_written() {
        let mut digits = [0; 16];
        for value in [0, 9, 0x1234_5678_9abc_def0, u64::MAX] {
            write_hex(&mut digits, value);
            assert_eq!(read_hex(&digits), Some(value));
        }
        assert_eq!(read_hex(b"000000000000000G"), None);
    }
}
