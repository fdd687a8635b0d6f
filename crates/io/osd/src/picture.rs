//! What was painted.

/// Premultiplied RGBA, rows from the top, four bytes a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Runs of pixels that are rather there than not: x, y and width, from the top and the left.
    #[cfg(target_os = "linux")]
    pub(crate) fn spans(&self) -> Vec<(u32, u32, u32)> {
        let mut out = Vec::new();
        let row_bytes = self.width as usize * 4;
        for (y, row) in self.pixels.chunks_exact(row_bytes.max(4)).enumerate() {
            let mut from = None;
            for x in 0..=self.width {
                let there = row.get(x as usize * 4 + 3).is_some_and(|alpha| *alpha >= 128);
                match (there, from) {
                    (true, None) => from = Some(x),
                    (false, Some(start)) => {
                        out.push((start, y as u32, x - start));
                        from = None;
                    }
                    _ => {}
                }
            }
        }
        out
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn spans_are_what_is_there() {
        let alphas = [255, 0, 200, 128, 127, 0, 0, 255];
        let pixels = alphas.iter().flat_map(|a| [0, 0, 0, *a]).collect();
        let picture = Picture { width: 4, height: 2, pixels };
        assert_eq!(picture.spans(), [(0, 0, 1), (2, 0, 2), (3, 1, 1)]);
    }
}
