//! The few pictures of the interface, drawn as strokes in a 20-point box so that they are sharp at any scale.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, epaint::PathShape, pos2, vec2};

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Text channel.
    Hash,
    /// Voice channel.
    Speaker,
    /// Add.
    Plus,
    /// More below.
    Chevron,
    /// Go down.
    ArrowDown,
    /// Close.
    Close,
    /// Answer.
    Reply,
    /// React.
    Smile,
    /// Change.
    Pencil,
    /// Delete.
    Trash,
    /// More.
    More,
    /// People.
    People,
    /// Copy.
    Copy,
    /// Done.
    Check,
    /// Pinned.
    Pin,
    /// Not given to anybody yet.
    Clock,
    /// Something is wrong.
    Alert,
    /// Send.
    Send,
    /// Light theme.
    Sun,
    /// Dark theme.
    Moon,
    /// Leave.
    Door,
    /// An invite.
    Link,
    /// Owner.
    Crown,
    /// Cannot be read yet.
    Lock,
    /// Speaks.
    Mic,
    /// Says nothing.
    MicOff,
    /// Hears.
    Headphones,
    /// Hears nothing.
    HeadphonesOff,
    /// Not heard by oneself.
    SpeakerOff,
    /// Leave the call.
    HangUp,
    /// Settings.
    Gear,
}

/// Draws an icon centred at `center`, `size` points wide.
pub fn icon(painter: &Painter, icon: Icon, center: Pos2, size: f32, color: Color32) {
    let scale = size / 20.0;
    let at = |x: f32, y: f32| center + vec2((x - 10.0) * scale, (y - 10.0) * scale);
    let stroke = Stroke::new(1.6 * scale.max(0.75), color);
    let line = |points: &[(f32, f32)]| {
        painter.add(Shape::Path(PathShape {
            points: points.iter().map(|p| at(p.0, p.1)).collect(),
            closed: false,
            fill: Color32::TRANSPARENT,
            stroke: stroke.into(),
        }));
    };
    let closed = |points: &[(f32, f32)], fill: Color32| {
        painter.add(Shape::Path(PathShape {
            points: points.iter().map(|p| at(p.0, p.1)).collect(),
            closed: true,
            fill,
            stroke: stroke.into(),
        }));
    };
    let circle = |x: f32, y: f32, r: f32| {
        painter.circle_stroke(at(x, y), r * scale, stroke);
    };
    let dot = |x: f32, y: f32, r: f32| {
        painter.circle_filled(at(x, y), r * scale, color);
    };
    let arc = |x: f32, y: f32, r: f32, from: f32, to: f32| {
        let steps = 16;
        let points = (0..=steps)
            .map(|i| {
                let a = (from + (to - from) * i as f32 / steps as f32).to_radians();
                at(x + r * a.cos(), y + r * a.sin())
            })
            .collect();
        painter.add(Shape::line(points, stroke));
    };
    let mic = || {
        painter.rect_stroke(
            Rect::from_two_pos(at(7.3, 2.6), at(12.7, 11.8)),
            2.7 * scale,
            stroke,
            egui::StrokeKind::Middle,
        );
        arc(10.0, 9.4, 5.6, 0.0, 180.0);
        line(&[(10.0, 15.0), (10.0, 17.6)]);
    };
    let headphones = || {
        arc(10.0, 10.6, 7.2, 180.0, 360.0);
        for (left, right) in [(2.8, 6.0), (14.0, 17.2)] {
            painter.rect_stroke(
                Rect::from_two_pos(at(left, 10.6), at(right, 16.6)),
                1.4 * scale,
                stroke,
                egui::StrokeKind::Middle,
            );
        }
    };
    let strike = || line(&[(3.2, 3.2), (16.8, 16.8)]);
    match icon {
        Icon::Hash => {
            line(&[(8.2, 3.5), (6.4, 16.5)]);
            line(&[(13.6, 3.5), (11.8, 16.5)]);
            line(&[(3.8, 7.6), (16.8, 7.6)]);
            line(&[(3.2, 12.4), (16.2, 12.4)]);
        }
        Icon::Speaker => {
            closed(&[(3.0, 7.8), (5.8, 7.8), (9.8, 4.2), (9.8, 15.8), (5.8, 12.2), (3.0, 12.2)], Color32::TRANSPARENT);
            arc(10.6, 10.0, 3.0, -48.0, 48.0);
            arc(10.6, 10.0, 6.2, -48.0, 48.0);
        }
        Icon::Plus => {
            line(&[(10.0, 4.0), (10.0, 16.0)]);
            line(&[(4.0, 10.0), (16.0, 10.0)]);
        }
        Icon::Chevron => line(&[(5.0, 8.0), (10.0, 13.0), (15.0, 8.0)]),
        Icon::ArrowDown => {
            line(&[(10.0, 3.5), (10.0, 16.0)]);
            line(&[(5.0, 11.0), (10.0, 16.0), (15.0, 11.0)]);
        }
        Icon::Close => {
            line(&[(5.0, 5.0), (15.0, 15.0)]);
            line(&[(15.0, 5.0), (5.0, 15.0)]);
        }
        Icon::Reply => {
            line(&[(8.0, 4.5), (3.0, 9.5), (8.0, 14.5)]);
            line(&[(3.0, 9.5), (11.5, 9.5), (14.0, 10.2), (16.0, 12.0), (16.8, 15.5)]);
        }
        Icon::Smile => {
            circle(10.0, 10.0, 7.2);
            dot(7.4, 8.2, 1.1);
            dot(12.6, 8.2, 1.1);
            arc(10.0, 9.6, 4.0, 25.0, 155.0);
        }
        Icon::Pencil => {
            closed(&[(3.5, 16.5), (4.3, 12.8), (13.2, 3.9), (16.1, 6.8), (7.2, 15.7)], Color32::TRANSPARENT);
            line(&[(11.2, 5.9), (14.1, 8.8)]);
        }
        Icon::Trash => {
            line(&[(3.5, 5.5), (16.5, 5.5)]);
            line(&[(7.5, 5.2), (8.0, 3.2), (12.0, 3.2), (12.5, 5.2)]);
            line(&[(5.2, 5.8), (6.0, 16.8), (14.0, 16.8), (14.8, 5.8)]);
            line(&[(8.4, 8.8), (8.6, 13.6)]);
            line(&[(11.6, 8.8), (11.4, 13.6)]);
        }
        Icon::More => {
            dot(4.5, 10.0, 1.6);
            dot(10.0, 10.0, 1.6);
            dot(15.5, 10.0, 1.6);
        }
        Icon::People => {
            circle(7.6, 6.6, 2.9);
            arc(7.6, 16.4, 5.2, 188.0, 352.0);
            arc(12.6, 6.6, 2.9, -75.0, 75.0);
            arc(12.4, 16.4, 5.2, 290.0, 352.0);
        }
        Icon::Copy => {
            painter.rect_stroke(
                Rect::from_two_pos(at(7.0, 7.0), at(16.5, 16.5)),
                2.0 * scale,
                stroke,
                egui::StrokeKind::Middle,
            );
            line(&[(4.2, 13.0), (3.5, 12.2), (3.5, 4.4), (4.4, 3.5), (12.2, 3.5), (13.0, 4.2)]);
        }
        Icon::Check => line(&[(4.0, 10.5), (8.2, 14.8), (16.0, 5.6)]),
        Icon::Pin => {
            closed(
                &[(7.0, 3.2), (13.0, 3.2), (12.4, 9.0), (15.0, 11.6), (5.0, 11.6), (7.6, 9.0)],
                Color32::TRANSPARENT,
            );
            line(&[(10.0, 11.6), (10.0, 17.0)]);
        }
        Icon::Clock => {
            circle(10.0, 10.0, 7.0);
            line(&[(10.0, 5.8), (10.0, 10.2), (13.0, 12.0)]);
        }
        Icon::Alert => {
            closed(&[(10.0, 3.0), (17.5, 16.5), (2.5, 16.5)], Color32::TRANSPARENT);
            line(&[(10.0, 8.0), (10.0, 11.6)]);
            dot(10.0, 14.0, 1.0);
        }
        Icon::Send => {
            closed(&[(3.2, 4.2), (17.0, 10.0), (3.2, 15.8), (5.4, 10.0)], Color32::TRANSPARENT);
            line(&[(5.4, 10.0), (10.4, 10.0)]);
        }
        Icon::Sun => {
            circle(10.0, 10.0, 3.4);
            for step in 0..8 {
                let (sin, cos) = (step as f32 * 45.0).to_radians().sin_cos();
                line(&[(10.0 + 5.8 * cos, 10.0 + 5.8 * sin), (10.0 + 7.6 * cos, 10.0 + 7.6 * sin)]);
            }
        }
        Icon::Moon => {
            let outer = (0..=20)
                .map(|i| (60.0 + 240.0 * i as f32 / 20.0).to_radians())
                .map(|a| (10.6 + 7.0 * a.cos(), 10.0 + 7.0 * a.sin()));
            let inner = (0..=12)
                .map(|i| (285.0 - 210.0 * i as f32 / 12.0).to_radians())
                .map(|a| (14.2 + 5.6 * a.cos() - 0.6, 10.0 + 5.9 * a.sin()));
            let points: Vec<_> = outer.chain(inner.skip(1)).collect();
            let mut points = points;
            points.dedup();
            closed(&points, Color32::TRANSPARENT);
        }
        Icon::Door => {
            line(&[(11.5, 3.5), (4.0, 3.5), (4.0, 16.5), (11.5, 16.5)]);
            line(&[(8.5, 10.0), (17.0, 10.0)]);
            line(&[(13.6, 6.6), (17.0, 10.0), (13.6, 13.4)]);
        }
        Icon::Link => {
            line(&[(8.2, 11.8), (11.8, 8.2)]);
            line(&[(9.6, 6.4), (11.8, 4.2), (13.6, 3.6), (15.6, 4.4), (16.4, 6.4), (15.8, 8.2), (13.6, 10.4)]);
            line(&[(10.4, 13.6), (8.2, 15.8), (6.4, 16.4), (4.4, 15.6), (3.6, 13.6), (4.2, 11.8), (6.4, 9.6)]);
        }
        Icon::Crown => closed(
            &[(3.4, 15.2), (2.6, 6.0), (7.0, 9.6), (10.0, 4.2), (13.0, 9.6), (17.4, 6.0), (16.6, 15.2)],
            Color32::TRANSPARENT,
        ),
        Icon::Lock => {
            painter.rect_stroke(
                Rect::from_two_pos(at(4.4, 9.0), at(15.6, 16.6)),
                2.0 * scale,
                stroke,
                egui::StrokeKind::Middle,
            );
            arc(10.0, 8.8, 3.4, 180.0, 360.0);
        }
        Icon::Mic => mic(),
        Icon::MicOff => {
            mic();
            strike();
        }
        Icon::Headphones => headphones(),
        Icon::HeadphonesOff => {
            headphones();
            strike();
        }
        Icon::SpeakerOff => {
            closed(&[(3.0, 7.8), (5.8, 7.8), (9.8, 4.2), (9.8, 15.8), (5.8, 12.2), (3.0, 12.2)], Color32::TRANSPARENT);
            line(&[(12.8, 7.6), (17.4, 12.4)]);
            line(&[(17.4, 7.6), (12.8, 12.4)]);
        }
        Icon::Gear => {
            circle(10.0, 10.0, 2.4);
            const TEETH: usize = 6;
            let step = 360.0 / TEETH as f32;
            // The foot and the head of each tooth: degrees from its middle, and the radius.
            let corners = [(-19.0, 5.6), (-13.0, 8.2), (13.0, 8.2), (19.0, 5.6)];
            let points: Vec<(f32, f32)> = (0..TEETH)
                .flat_map(|n| corners.map(|(turn, r)| (step * n as f32 + turn - 90.0, r)))
                .map(|(degrees, r)| {
                    let (sin, cos) = f32::to_radians(degrees).sin_cos();
                    (10.0 + r * cos, 10.0 + r * sin)
                })
                .collect();
            closed(&points, Color32::TRANSPARENT);
        }
        Icon::HangUp => {
            // A handset that lies on its hook.
            let mut points: Vec<(f32, f32)> = Vec::new();
            for step in 0..=12 {
                let (sin, cos) = (208.0 + 124.0 * step as f32 / 12.0).to_radians().sin_cos();
                points.push((10.0 + 8.6 * cos, 14.4 + 8.2 * sin));
            }
            points.extend([(17.2, 13.6), (13.2, 12.8), (13.0, 10.4)]);
            points.extend([(10.0, 9.9), (7.0, 10.4), (6.8, 12.8), (2.8, 13.6)]);
            closed(&points, Color32::TRANSPARENT);
        }
    }
}

/// The mark: a flame in an arch. `height` points tall, centred.
pub fn hearth_mark(painter: &Painter, center: Pos2, height: f32, accent: Color32, core: Color32) {
    let s = height / 48.0;
    let at = |x: f32, y: f32| pos2(center.x + x * s, center.y + y * s);
    flame(
        painter,
        &[at(0.0, -24.0), at(5.0, -13.0), at(16.0, -6.0), at(16.0, 8.0), at(16.0, 17.5), at(9.0, 24.0), at(0.0, 24.0)],
        &[
            at(0.0, 24.0),
            at(-9.0, 24.0),
            at(-16.0, 17.5),
            at(-16.0, 8.0),
            at(-16.0, -1.0),
            at(-10.0, -5.0),
            at(-8.0, -12.0),
            at(-6.0, -7.0),
            at(-4.0, -6.0),
            at(-3.0, -6.5),
            at(-4.0, -13.0),
            at(-2.5, -19.0),
            at(0.0, -24.0),
        ],
        accent,
    );
    flame(
        painter,
        &[at(0.5, 0.0), at(3.0, 5.0), at(8.0, 8.0), at(8.0, 14.0), at(8.0, 19.0), at(4.5, 22.0), at(0.0, 22.0)],
        &[at(0.0, 22.0), at(-4.5, 22.0), at(-8.0, 19.0), at(-8.0, 14.0), at(-8.0, 9.0), at(-1.0, 6.0), at(0.5, 0.0)],
        core,
    );
}

/// Fills the shape of two chains of cubic curves (each chain: start, then three points a curve) as a fan around its middle.
fn flame(painter: &Painter, right: &[Pos2], left: &[Pos2], fill: Color32) {
    let mut outline = Vec::new();
    for chain in [right, left] {
        let mut i = 0;
        while let Some([a, b, c, d]) = chain.get(i..i + 4) {
            for step in 0..14 {
                let t = step as f32 / 14.0;
                let u = 1.0 - t;
                let p = a.to_vec2() * (u * u * u)
                    + b.to_vec2() * (3.0 * u * u * t)
                    + c.to_vec2() * (3.0 * u * t * t)
                    + d.to_vec2() * (t * t * t);
                outline.push(p.to_pos2());
            }
            i += 3;
        }
    }
    let Some(bounds) =
        outline.iter().fold(None::<Rect>, |r, p| Some(r.map_or(Rect::from_pos(*p), |r| r.union(Rect::from_pos(*p)))))
    else {
        return;
    };
    let hub = pos2(bounds.center().x, bounds.bottom() - bounds.height() * 0.36);
    let mut mesh = egui::Mesh::default();
    mesh.colored_vertex(hub, fill);
    for p in &outline {
        mesh.colored_vertex(*p, fill);
    }
    let n = outline.len() as u32;
    for i in 0..n {
        mesh.add_triangle(0, 1 + i, 1 + (i + 1) % n);
    }
    painter.add(Shape::mesh(mesh));
    // A hairline in the same colour smooths the fan's edge.
    painter.add(Shape::closed_line(outline, Stroke::new(1.0, fill)));
}
