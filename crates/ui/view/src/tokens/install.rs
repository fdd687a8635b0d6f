//! Hands fonts and style to egui.

use super::Tokens;
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, TextStyle, epaint::Shadow,
};
use std::sync::Arc;

/// Family of weight 500.
pub const MEDIUM: &str = "medium";
/// Family of weight 600.
pub const BOLD: &str = "semibold";
/// Family of the italic cut.
pub const ITALIC: &str = "italic";

#[derive(Clone, Copy, PartialEq)]
struct Installed {
    theme: u64,
    pass: u64,
}

impl Tokens {
    /// Gives egui this theme's fonts and style. Idempotent and cheap when nothing changed; `main_ui` and `onboarding_ui`
    /// call it themselves. False while fonts are not yet usable: the pass that first called it.
    pub fn install(&self, ctx: &egui::Context) -> bool {
        let key = egui::Id::new("hearth-theme");
        let theme = self.fingerprint();
        let pass = ctx.cumulative_pass_nr();
        let old = ctx.data(|d| d.get_temp::<Installed>(key));
        if let Some(old) = old.filter(|o| o.theme == theme) {
            return old.pass < pass;
        }
        let first = match old {
            None => {
                ctx.set_fonts(fonts());
                pass
            }
            Some(old) => old.pass,
        };
        ctx.all_styles_mut(|style| self.apply(style));
        ctx.options_mut(|o| {
            o.input_options.max_click_duration = f64::INFINITY;
            o.zoom_with_keyboard = true;
        });
        ctx.data_mut(|d| d.insert_temp(key, Installed { theme, pass: first }));
        first < pass
    }

    fn fingerprint(&self) -> u64 {
        use std::hash::{Hash, Hasher};
        let mut h = std::collections::hash_map::DefaultHasher::new();
        self.name.hash(&mut h);
        self.dark.hash(&mut h);
        for (_, c) in self.color.named() {
            c.hash(&mut h);
        }
        let lengths =
            [self.space.named(), self.radius.named(), self.text_size.named(), self.size.named(), self.motion.named()];
        for (_, v) in lengths.iter().flatten() {
            v.to_bits().hash(&mut h);
        }
        h.finish()
    }

    fn apply(&self, style: &mut egui::Style) {
        let c = &self.color;
        style.animation_time = 0.0;
        let body = FontId::proportional(self.text_size.body);
        style.text_styles = [
            (TextStyle::Small, FontId::proportional(self.text_size.meta)),
            (TextStyle::Body, body.clone()),
            (TextStyle::Button, FontId::new(self.text_size.body, FontFamily::Name(MEDIUM.into()))),
            (TextStyle::Heading, FontId::new(self.text_size.title, FontFamily::Name(BOLD.into()))),
            (TextStyle::Monospace, FontId::monospace(self.text_size.list)),
        ]
        .into();
        style.spacing.item_spacing = egui::vec2(self.space.sm, self.space.sm);
        style.spacing.button_padding = egui::vec2(self.space.md, self.space.sm);
        style.spacing.interact_size.y = self.size.hit;
        style.spacing.menu_margin = Margin::same(4);
        style.spacing.scroll = egui::style::ScrollStyle {
            bar_width: 6.0,
            floating_width: 2.0,
            foreground_color: false,
            ..egui::style::ScrollStyle::floating()
        };
        style.interaction.tooltip_delay = 0.4;
        style.interaction.selectable_labels = false;
        let v = &mut style.visuals;
        *v = if self.dark { egui::Visuals::dark() } else { egui::Visuals::light() };
        if !self.dark {
            // Blending is linear here, where dark letters on paper come out too thin.
            v.text_options.color_transfer_function =
                egui::epaint::FontColorTransferFunction::TwoCoverageMinusCoverageSq;
        }
        v.override_text_color = Some(c.text);
        v.weak_text_color = Some(c.faint);
        v.panel_fill = c.bg2;
        v.window_fill = c.raised;
        v.window_stroke = Stroke::new(1.0, c.line);
        v.window_corner_radius = CornerRadius::same(self.radius.sheet as u8);
        v.menu_corner_radius = CornerRadius::same(self.radius.card as u8);
        v.popup_shadow = Shadow {
            offset: [0, 4],
            blur: 16,
            spread: 0,
            color: Color32::from_black_alpha(if self.dark { 110 } else { 40 }),
        };
        v.window_shadow = Shadow {
            offset: [0, 8],
            blur: 32,
            spread: 0,
            color: Color32::from_black_alpha(if self.dark { 130 } else { 50 }),
        };
        v.extreme_bg_color = c.bg1;
        v.text_edit_bg_color = Some(Color32::TRANSPARENT);
        v.hyperlink_color = c.link;
        v.selection.bg_fill = c.accent.gamma_multiply(if self.dark { 0.38 } else { 0.28 });
        v.selection.stroke = Stroke::new(1.0, c.text);
        v.text_cursor.stroke = Stroke::new(1.5, c.accent);
        for w in [
            &mut v.widgets.noninteractive,
            &mut v.widgets.inactive,
            &mut v.widgets.hovered,
            &mut v.widgets.active,
            &mut v.widgets.open,
        ] {
            w.corner_radius = CornerRadius::same(self.radius.control as u8);
            w.expansion = 0.0;
            w.fg_stroke = Stroke::new(1.0, c.text);
            w.bg_stroke = Stroke::NONE;
        }
        v.widgets.noninteractive.bg_stroke = Stroke::new(1.0, c.line);
        v.widgets.inactive.bg_fill = c.control.gamma_multiply(0.6);
        v.widgets.hovered.bg_fill = c.control;
        v.widgets.active.bg_fill = c.control;
        v.widgets.inactive.weak_bg_fill = Color32::TRANSPARENT;
        v.widgets.hovered.weak_bg_fill = c.selected;
        v.widgets.active.weak_bg_fill = c.selected;
    }
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let cuts: [(&str, &'static [u8]); 4] = [
        ("inter", include_bytes!("../../../../../assets/fonts/Inter-Regular.otf")),
        (MEDIUM, include_bytes!("../../../../../assets/fonts/Inter-Medium.otf")),
        (BOLD, include_bytes!("../../../../../assets/fonts/Inter-SemiBold.otf")),
        (ITALIC, include_bytes!("../../../../../assets/fonts/Inter-Italic.otf")),
    ];
    let fallback: Vec<String> = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    for (name, bytes) in cuts {
        fonts.font_data.insert(name.into(), Arc::new(FontData::from_static(bytes)));
        let mut chain = vec![name.to_owned()];
        chain.extend(fallback.iter().cloned());
        let family = if name == "inter" { FontFamily::Proportional } else { FontFamily::Name(name.into()) };
        fonts.families.insert(family, chain);
    }
    fonts
}
