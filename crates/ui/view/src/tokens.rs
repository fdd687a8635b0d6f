//! Colours, sizes and times, read from a theme file (RON). Nothing else in this crate names a colour.

pub mod contrast;
mod install;

use crate::ThemeChoice;
use egui::Color32;
use serde::{Deserialize, Deserializer};

pub use install::{BOLD, ITALIC, MEDIUM};

const DARK: &str = include_str!("../../../../assets/theme/dark.ron");
const LIGHT: &str = include_str!("../../../../assets/theme/light.ron");

macro_rules! token_group {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident),* $(,)? }: $ty:ty, $with:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* #[serde(deserialize_with = $with)] pub $field: $ty),* }
        impl $name {
            /// Every token with its name.
            pub fn named(&self) -> Vec<(&'static str, $ty)> {
                vec![$((stringify!($field), self.$field)),*]
            }
        }
    };
}

token_group!(/// Colour roles.
Colors {
    /// Rail: the deepest surface.
    bg0,
    /// Lists beside the conversation.
    bg1,
    /// The conversation.
    bg2,
    /// Inputs, cards, menus.
    raised,
    /// A row under the pointer.
    hover,
    /// The chosen row.
    selected,
    /// Hairlines.
    line,
    /// Edges of controls that must be found by their edge.
    control,
    /// Text.
    text,
    /// Second-rank text.
    muted,
    /// Times and hints.
    faint,
    /// The one accent: main buttons, the unread line, focus.
    accent,
    /// The accent under the pointer.
    accent_hover,
    /// Text on the accent.
    on_accent,
    /// Links and pressed reactions.
    link,
    /// Here, connected.
    ok,
    /// Connecting, waiting.
    warn,
    /// Destructive text.
    danger,
    /// Destructive button.
    danger_fill,
    /// Text on it.
    on_danger,
    /// Somebody speaks.
    speak,
    /// Zones of a lounge.
    zone,
    /// A quiet corner of one.
    quiet,
    /// Behind code.
    code_bg,
    /// Behind a sheet, at 60 %.
    scrim,
}: Color32, "hex");

token_group!(/// Distances, in points.
Space { xxs, xs, sm, md, lg, xl, xxl, xxxl }: f32, "length");
token_group!(/// Corner radii.
Radius { control, card, sheet, rail, rail_active }: f32, "length");
token_group!(/// Type sizes; `line` is the body's line height as a multiple.
TextSize { meta, list, body, title, display, line }: f32, "length");
token_group!(/// Sizes of parts. `people_from` is the window width below which the people list hides.
Size { rail, channels, people, header, row, avatar, avatar_list, avatar_small, rail_icon, hit, people_from }: f32, "length");
token_group!(/// Times.
MotionTimes {
    /// Milliseconds of a fade.
    fade_ms,
}: f32, "length");

/// A theme.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Shown to people.
    pub name: String,
    /// Dark surfaces.
    pub dark: bool,
    /// Colours.
    pub color: Colors,
    /// Distances.
    pub space: Space,
    /// Radii.
    pub radius: Radius,
    /// Type.
    pub text_size: TextSize,
    /// Parts.
    pub size: Size,
    /// Times.
    pub motion: MotionTimes,
}

fn hex<'de, D: Deserializer<'de>>(d: D) -> Result<Color32, D::Error> {
    let text = String::deserialize(d)?;
    let digits = text.strip_prefix('#').filter(|t| t.len() == 6 && t.is_ascii());
    digits
        .and_then(|t| u32::from_str_radix(t, 16).ok())
        .map(contrast::rgb)
        .ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is not a colour; write it like \"#1f1d1a\"")))
}

fn length<'de, D: Deserializer<'de>>(d: D) -> Result<f32, D::Error> {
    let value = f32::deserialize(d)?;
    if value.is_finite() && (0.0..=4096.0).contains(&value) {
        Ok(value)
    } else {
        Err(serde::de::Error::custom(format!("{value} is not a length; write a number from 0 to 4096")))
    }
}

impl Tokens {
    /// The built-in theme.
    pub fn built_in(choice: ThemeChoice) -> Self {
        // The built-in files are parsed by a test, so the default is never seen.
        Self::from_ron(match choice {
            ThemeChoice::Dark => DARK,
            ThemeChoice::Light => LIGHT,
        })
        .unwrap_or_default()
    }
    /// Reads a theme file; the error says line, column and what is wrong.
    pub fn from_ron(text: &str) -> Result<Self, String> {
        ron::from_str(text)
            .map_err(|e| format!("theme file, line {}, column {}: {}", e.span.start.line, e.span.start.col, e.code))
    }
    /// Line height of body text, in whole points so that baselines stay on the grid.
    pub fn body_line(&self) -> f32 {
        (self.text_size.body * self.text_size.line).round()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use contrast::{contrast, rgb};

    fn themes() -> [Tokens; 2] {
        [Tokens::from_ron(DARK).unwrap(), Tokens::from_ron(LIGHT).unwrap()]
    }

    #[test]
    fn every_token_pair_meets_contrast() {
        for t in themes() {
            let c = t.color;
            let surfaces = [
                ("bg0", c.bg0),
                ("bg1", c.bg1),
                ("bg2", c.bg2),
                ("raised", c.raised),
                ("hover", c.hover),
                ("selected", c.selected),
            ];
            let texts = [
                ("text", c.text),
                ("muted", c.muted),
                ("faint", c.faint),
                ("link", c.link),
                ("warn", c.warn),
                ("danger", c.danger),
            ];
            for (bg_name, bg) in surfaces {
                for (name, ink) in texts {
                    let got = contrast(ink, bg);
                    assert!(got >= 4.5, "{}: {name} on {bg_name} is {got:.2}, wants 4.5", t.name);
                }
                for (name, part) in [
                    ("control", c.control),
                    ("accent", c.accent),
                    ("ok", c.ok),
                    ("speak", c.speak),
                    ("zone", c.zone),
                    ("quiet", c.quiet),
                ] {
                    let got = contrast(part, bg);
                    assert!(got >= 3.0, "{}: {name} on {bg_name} is {got:.2}, wants 3", t.name);
                }
            }
            let inks = [
                ("on_accent", c.on_accent, c.accent),
                ("on_accent, hovered", c.on_accent, c.accent_hover),
                ("on_danger", c.on_danger, c.danger_fill),
                ("text on code", c.text, c.code_bg),
            ];
            for (name, ink, bg) in inks {
                let got = contrast(ink, bg);
                assert!(got >= 4.5, "{}: {name} is {got:.2}", t.name);
            }
        }
    }

    #[test]
    fn a_name_in_any_colour_can_be_read() {
        for t in themes() {
            for wish in [0x00_00_00, 0xff_ff_ff, 0x00_00_ff, 0xff_ff_00, 0x80_80_80, 0x1f_1d_1a, 0xfc_fa_f7] {
                let got = contrast::readable(rgb(wish), t.color.bg2, t.color.text);
                assert!(contrast(got, t.color.bg2) >= 4.5, "{}: {wish:06x}", t.name);
                let ink = contrast::ink_on(rgb(wish));
                assert!(contrast(ink, rgb(wish)) >= 4.2, "{wish:06x}");
            }
        }
    }

    #[test]
    fn a_bad_theme_file_says_where_and_what() {
        let err = Tokens::from_ron(&DARK.replace("#131110", "#13111")).unwrap_err();
        assert!(err.contains("is not a colour") && err.contains("line 6"), "{err}");
        let err = Tokens::from_ron(&DARK.replace("xxs: 2", "xxs: -2")).unwrap_err();
        assert!(err.contains("is not a length"), "{err}");
        let err = Tokens::from_ron(&DARK.replace("bg0:", "bgo:")).unwrap_err();
        assert!(err.contains("bgo"), "{err}");
    }

    #[test]
    fn both_themes_have_the_same_sizes() {
        let [dark, light] = themes();
        assert_eq!(
            (dark.space, dark.radius, dark.text_size, dark.size, dark.motion),
            (light.space, light.radius, light.text_size, light.size, light.motion)
        );
        assert!(dark.space.named().iter().all(|(_, v)| *v > 0.0));
    }
}
