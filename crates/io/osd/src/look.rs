//! How the overlay looks: the settings a person chooses, and the colours of the dark theme.

use hearth_ports::Corner;

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub corner: Corner,
    /// Points between the overlay and the edges of the monitor.
    pub margin: f32,
    /// Pixels a point.
    pub scale: f32,
    /// Of all that is drawn, 0.3 to 1. On a display without a compositor there is no such thing.
    pub opacity: f32,
    /// Takes clicks and can be dragged to another corner; its edges show.
    pub interactive: bool,
    /// Rings do not breathe.
    pub reduced_motion: bool,
    pub colors: Colors,
    /// Fonts for characters that Inter lacks, in order. What none has is a box.
    pub fallback: Vec<&'static [u8]>,
}

/// 0xRRGGBB, named as in `assets/theme`. The overlay is dark in both themes, as what it lies on is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colors {
    pub bg0: u32,
    pub line: u32,
    pub text: u32,
    pub muted: u32,
    pub accent: u32,
    pub speak: u32,
    pub danger: u32,
}

impl Default for Colors {
    fn default() -> Self {
        Self {
            bg0: 0x13_11_10,
            line: 0x30_2c_28,
            text: 0xed_e8_e1,
            muted: 0xb3_ab_a0,
            accent: 0xf0_8a_4b,
            speak: 0x5f_bf_86,
            danger: 0xf2_78_6c,
        }
    }
}

impl Default for Look {
    fn default() -> Self {
        Self {
            corner: Corner::TopLeft,
            margin: 16.0,
            scale: 1.0,
            opacity: 1.0,
            interactive: false,
            reduced_motion: false,
            colors: Colors::default(),
            fallback: Vec::new(),
        }
    }
}

impl Look {
    /// The same, within what can be drawn.
    pub(crate) fn checked(mut self) -> Self {
        let within = |v: f32, least: f32, most: f32, usual: f32| if v.is_nan() { usual } else { v.clamp(least, most) };
        self.margin = within(self.margin, 0.0, 400.0, 16.0);
        self.scale = within(self.scale, 0.75, 3.0, 1.0);
        self.opacity = within(self.opacity, 0.3, 1.0, 1.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_the_dark_theme() {
        let theme = include_str!("../../../../assets/theme/dark.ron");
        let c = Colors::default();
        for (name, value) in [
            ("bg0", c.bg0),
            ("line", c.line),
            ("text", c.text),
            ("muted", c.muted),
            ("accent", c.accent),
            ("speak", c.speak),
            ("danger", c.danger),
        ] {
            assert!(theme.contains(&format!(" {name}: \"#{value:06x}\",")), "{name} is not #{value:06x} in the theme");
        }
    }

    #[test]
    fn settings_out_of_range_are_brought_back() {
        let look = Look { opacity: 0.0, scale: f32::NAN, margin: -1.0, ..Look::default() }.checked();
        assert_eq!((look.opacity, look.scale, look.margin), (0.3, 1.0, 0.0));
    }
}
