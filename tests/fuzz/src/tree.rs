//! CBOR as a tree that can be bent and written again.

use crate::mutate::Dice;

/// Deepest nesting parsed.
const DEPTH: usize = 12;

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Unsigned (major 0), or negative (major 1) with its argument.
    Number(u8, u64),
    /// Byte or text string (majors 2, 3).
    Text(u8, Vec<u8>),
    /// Array.
    Array(Vec<Tree>),
    /// Anything else, as its first byte.
    Simple(u8),
}

impl Tree {
    /// Parses one item and gives what follows it.
    pub fn parse(bytes: &[u8], depth: usize) -> Option<(Self, &[u8])> {
        let (&first, rest) = bytes.split_first()?;
        if depth > DEPTH {
            return None;
        }
        let (major, low) = (first >> 5, first & 31);
        if major == 7 {
            return Some((Self::Simple(first), rest));
        }
        let (n, mut rest) = match low {
            0..=23 => (u64::from(low), rest),
            24..=27 => {
                let (head, rest) = rest.split_at_checked(1 << (low - 24))?;
                (head.iter().fold(0, |n, b| n << 8 | u64::from(*b)), rest)
            }
            _ => return None,
        };
        Some(match major {
            0 | 1 => (Self::Number(major, n), rest),
            2 | 3 => {
                let (text, rest) = rest.split_at_checked(usize::try_from(n).ok()?)?;
                (Self::Text(major, text.to_vec()), rest)
            }
            4 => {
                let mut items = Vec::new();
                for _ in 0..n {
                    let (item, tail) = Self::parse(rest, depth + 1)?;
                    items.push(item);
                    rest = tail;
                }
                (Self::Array(items), rest)
            }
            _ => return None,
        })
    }

    /// All of `bytes` as one item.
    pub fn whole(bytes: &[u8]) -> Option<Self> {
        Self::parse(bytes, 0).filter(|(_, rest)| rest.is_empty()).map(|(tree, _)| tree)
    }

    /// Deterministic bytes, or, if `dice` are given, now and then a longer head than needed.
    pub fn write(&self, out: &mut Vec<u8>, dice: &mut Option<&mut Dice>) {
        match self {
            Self::Number(major, n) => head(out, *major, *n, dice),
            Self::Text(major, text) => {
                head(out, *major, text.len() as u64, dice);
                out.extend_from_slice(text);
            }
            Self::Array(items) => {
                head(out, 4, items.len() as u64, dice);
                items.iter().for_each(|i| i.write(out, dice));
            }
            Self::Simple(first) => out.push(*first),
        }
    }

    /// Deterministic bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, &mut None);
        out
    }

    /// Items in the tree.
    pub fn size(&self) -> usize {
        match self {
            Self::Array(items) => 1 + items.iter().map(Self::size).sum::<usize>(),
            _ => 1,
        }
    }

    /// The `n`th item, counted from the root.
    pub fn at(&mut self, n: &mut usize) -> Option<&mut Self> {
        if *n == 0 {
            return Some(self);
        }
        *n -= 1;
        let Self::Array(items) = self else { return None };
        items.iter_mut().find_map(|i| i.at(n))
    }

    /// Bends one item anywhere in the tree.
    pub fn bend(&mut self, dice: &mut Dice) {
        let mut n = dice.below(self.size());
        if let Some(item) = self.at(&mut n) {
            item.bend_here(dice);
        }
    }

    fn bend_here(&mut self, dice: &mut Dice) {
        match self {
            Self::Number(_, n) => match dice.below(6) {
                0 => *n = dice.number(),
                1 => *n = n.wrapping_add(1),
                2 => *n = n.wrapping_sub(1),
                3 => *n ^= 1 << dice.below(64),
                4 => *n = dice.below(24) as u64,
                _ => *self = dice.leaf(),
            },
            Self::Text(_, text) => match dice.below(8) {
                0..4 => dice.scramble(text),
                4 => text.clear(),
                5 => {
                    let length = [1, 16, 31, 32, 33, 63, 64, 65, 256, 257, 4000, 4001, 16_000, 16_384][dice.below(14)];
                    let fill = text.first().copied().unwrap_or(b'a');
                    text.resize(length, fill);
                }
                6 => *text = dice.word(),
                _ => *self = dice.leaf(),
            },
            Self::Array(items) => match dice.below(7) {
                0 if !items.is_empty() => drop(items.remove(dice.below(items.len()))),
                1 if !items.is_empty() => {
                    let copy = items[dice.below(items.len())].clone();
                    let at = dice.below(items.len() + 1);
                    for _ in 0..[1, 1, 2, 65][dice.below(4)] {
                        items.insert(at, copy.clone());
                    }
                }
                2 if items.len() > 1 => {
                    let (a, b) = (dice.below(items.len()), dice.below(items.len()));
                    items.swap(a, b);
                }
                3 => items.clear(),
                4 => *self = dice.leaf(),
                _ => items.push(dice.leaf()),
            },
            Self::Simple(_) => *self = dice.leaf(),
        }
    }
}

fn head(out: &mut Vec<u8>, major: u8, n: u64, dice: &mut Option<&mut Dice>) {
    let wide = dice.as_mut().is_some_and(|d| d.below(8) == 0);
    let width = match n {
        0..=23 if !wide => return out.push(major << 5 | n as u8),
        0..=0xff => 0,
        0x100..=0xffff => 1,
        0x1_0000..=0xffff_ffff => 2,
        _ => 3,
    };
    let width = if wide { (width + 1).min(3) } else { width };
    out.push(major << 5 | (24 + width));
    out.extend_from_slice(&n.to_be_bytes()[8 - (1 << width)..]);
}
