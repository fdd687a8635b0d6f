use super::canvas::{contrast, mix};
use super::text::{Face, Fonts};
use super::*;
use crate::limits::{LINGER_MS, PEOPLE, TOASTS};
use crate::{Colors, Corner};

const NOW: u64 = 100_000;

fn silent(name: &str, for_ms: u64) -> Person {
    Person { name: name.into(), color: 0x3f_b0_9a, silent_since_ms: Some(NOW - for_ms), ..Person::default() }
}

fn speaks(name: &str, level: f32) -> Person {
    Person { name: name.into(), color: 0xe8_84_4a, level, speaking: true, ..Person::default() }
}

fn frame(people: Vec<Person>) -> OverlayFrame {
    OverlayFrame { at_ms: NOW, people, ..OverlayFrame::default() }
}

fn names(frame: &OverlayFrame, now_ms: u64) -> Vec<&str> {
    order::people(frame, now_ms).into_iter().map(|(p, _)| p.name.as_str()).collect()
}

fn shown(frame: &OverlayFrame) -> Picture {
    paint(frame, &Look::default(), NOW).unwrap_or_else(|| panic!("nothing is shown"))
}

/// Alpha of a pixel.
fn alpha(p: &Picture, x: u32, y: u32) -> u8 {
    p.pixels[((y * p.width + x) * 4 + 3) as usize]
}

#[test]
fn who_speaks_comes_first_and_the_latest_word_next() {
    let frame = frame(vec![silent("a", 900), speaks("b", 0.5), silent("c", 100), speaks("d", 0.9)]);
    assert_eq!(names(&frame, NOW), ["b", "d", "c", "a"]);
}

#[test]
fn who_never_spoke_is_not_shown() {
    let never = Person { name: "n".into(), ..Person::default() };
    assert!(paint(&frame(vec![never]), &Look::default(), NOW).is_none());
}

#[test]
fn others_fade_three_seconds_after_their_last_word() {
    let f = frame(vec![silent("a", 0)]);
    let strength = |now| order::people(&f, now).first().map_or(0.0, |(_, s)| *s);
    assert_eq!(strength(NOW + LINGER_MS), 1.0);
    assert_eq!(strength(NOW + LINGER_MS + FADE_MS / 2), 0.5);
    assert_eq!(strength(NOW + LINGER_MS + FADE_MS), 0.0);
    let at = |now| paint(&f, &Look::default(), now);
    assert_eq!(at(NOW), at(NOW + LINGER_MS), "nothing changes before");
    assert_ne!(at(NOW), at(NOW + LINGER_MS + 100));
    assert!(at(NOW + LINGER_MS + FADE_MS).is_none(), "nothing to show is no picture");
}

#[test]
fn who_speaks_never_fades() {
    let person = Person { silent_since_ms: Some(0), ..speaks("a", 0.5) };
    assert_eq!(next_change(&frame(vec![person.clone()]), NOW), None);
    assert_eq!(names(&frame(vec![person]), NOW * 9), ["a"]);
}

#[test]
fn time_alone_changes_something_only_at_a_fade() {
    let f = frame(vec![silent("a", 1_000), silent("b", 2_000)]);
    let begins = NOW + 1_000;
    assert_eq!(next_change(&f, NOW), Some(begins));
    assert_eq!(next_change(&f, begins), Some(begins + 100));
    let mut now = NOW;
    let mut steps = 0;
    while let Some(next) = next_change(&f, now) {
        assert!(next > now, "stands still at {now}");
        (now, steps) = (next, steps + 1);
    }
    assert!(paint(&f, &Look::default(), now).is_none(), "the last change shows nothing more");
    assert!(steps <= 12, "{steps} wake-ups for two fades");
    assert_eq!(next_change(&frame(vec![speaks("a", 0.1)]), NOW), None);
}

#[test]
fn two_mentions_of_six_seconds_are_painted_a_few_times_at_most_ten_a_second() {
    let told = |until_ms| Toast { title: "Bo in #clips".into(), line: "@ada".into(), until_ms };
    let f = OverlayFrame { toasts: vec![told(NOW + 6_000), told(NOW + 4_500)], ..frame(vec![]) };
    let at = |now| paint(&f, &Look::default(), now);
    assert_eq!(at(NOW), at(NOW + 4_500), "they stand still");
    let (mut now, mut wakes) = (NOW, vec![]);
    while let Some(next) = next_change(&f, now) {
        assert!(next - now >= 100, "{now} to {next}");
        wakes.push(next);
        now = next;
    }
    assert!(wakes.len() <= 12, "{wakes:?}");
    assert!(wakes[0] == NOW + 4_500 && at(now).is_none(), "nothing before the first fade, nothing after the last");
}

#[test]
fn eight_people_and_two_toasts_at_most() {
    let people = (0..20).map(|n| speaks(&n.to_string(), 0.5)).collect();
    let told = Toast { title: "t".into(), line: "l".into(), until_ms: NOW + 1 };
    let frame = OverlayFrame { toasts: vec![told; 9], ..frame(people) };
    assert_eq!(names(&frame, NOW).len(), PEOPLE);
    assert_eq!(order::toasts(&frame, NOW).len(), TOASTS);
}

#[test]
fn long_names_end_in_an_ellipsis_and_fit() {
    let fonts = Fonts::load(&[]).unwrap_or_else(|| panic!("fonts"));
    let long = "the one with the very long name of all";
    let out = fonts.elide(Face::Medium, 13.0, long, 120.0);
    assert!(out.ends_with('\u{2026}') && !out.contains(" \u{2026}"), "{out}");
    assert!(fonts.width(Face::Medium, 13.0, &out) <= 120.0);
    let more = fonts.elide(Face::Medium, 13.0, long, 130.0);
    assert!(more.len() > out.len(), "uses the room there is: {more}");
    assert_eq!(fonts.elide(Face::Medium, 13.0, "Ada", 120.0), "Ada");
    assert_eq!(fonts.elide(Face::Medium, 13.0, "A\u{202e}da\n\u{200d} \u{fe0f}x", 120.0), "Ada  x");
}

#[test]
fn what_inter_lacks_comes_from_the_next_font() {
    let f = |name: &str, fallback: &[&'static [u8]]| {
        let look = Look { fallback: fallback.to_vec(), ..Look::default() };
        paint(&frame(vec![speaks(name, 0.5)]), &look, NOW)
    };
    let emoji: &[&[u8]] = &[epaint_default_fonts::NOTO_EMOJI_REGULAR];
    assert_ne!(f("a\u{1f389}", emoji), f("a\u{1f525}", emoji), "two signs look the same");
    assert_eq!(f("a\u{1f389}", &[]), f("a\u{1f525}", &[]), "a box each");
    assert_eq!(f("Ada", emoji), f("Ada", &[]));
    assert_eq!(f("Ada", &[b"no font"]), f("Ada", &[]));
}

#[test]
fn lines_break_between_words() {
    let fonts = Fonts::load(&[]).unwrap_or_else(|| panic!("fonts"));
    let lines = fonts.wrap(Face::Medium, 12.0, "bring the map and the two people from yesterday", 120.0, 2);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].ends_with("and") && lines[1].ends_with('\u{2026}'), "{lines:?}");
    let word = "w".repeat(400);
    for line in fonts.wrap(Face::Medium, 12.0, &word, 120.0, 2) {
        assert!(fonts.width(Face::Medium, 12.0, &line) <= 120.0, "{line}");
    }
    assert!(fonts.wrap(Face::Medium, 12.0, " ", 120.0, 2).is_empty());
}

/// Painted with plates alone and with text: the text changes no pixel where there is no plate.
#[test]
fn no_text_beyond_its_plate() {
    let hard = [
        "W".repeat(90),
        "\u{fdfd}\u{fdfd}\u{fdfd}".into(),
        "mmmmmmmm mmmmmmmm mmmm".into(),
        "gjpq\u{c5}\u{178}".into(),
    ];
    for name in hard {
        for corner in [Corner::TopLeft, Corner::TopRight] {
            let person = Person { muted: true, deafened: true, ..speaks(&name, 0.9) };
            let told = Toast { title: name.clone(), line: name.clone(), until_ms: NOW + 1 };
            let f = OverlayFrame { toasts: vec![told], ..frame(vec![person]) };
            let p = shown_at(&f, corner);
            // What is not plate is at most its soft edge.
            for y in 0..p.height {
                for x in [0, 1, p.width - 2, p.width - 1] {
                    assert!(alpha(&p, x, y) < 80, "{name} at {x}, {y}: {}", alpha(&p, x, y));
                }
            }
            for x in 0..p.width {
                for y in [0, 1, EDGE as u32 + ROW as u32 + 3, p.height - 2, p.height - 1] {
                    assert!(alpha(&p, x, y) < 80, "{name} at {x}, {y}: {}", alpha(&p, x, y));
                }
            }
        }
    }
}

fn shown_at(frame: &OverlayFrame, corner: Corner) -> Picture {
    paint(frame, &Look { corner, ..Look::default() }, NOW).unwrap_or_else(|| panic!("nothing is shown"))
}

#[test]
fn the_right_side_is_the_left_mirrored() {
    let f = frame(vec![speaks("Ada", 0.5)]);
    let (left, right) = (shown(&f), shown_at(&f, Corner::TopRight));
    let middle = EDGE as u32 + ROW as u32 / 2;
    assert!(alpha(&left, 20, middle) > 200 && alpha(&left, 230, middle) == 0);
    assert!(alpha(&right, 220, middle) > 200 && alpha(&right, 10, middle) == 0);
}

#[test]
fn who_speaks_stands_nearest_the_corner() {
    let f = frame(vec![silent("a", 10), speaks("b", 0.9)]);
    // Where the ring is green: the upper row from above, the lower one from below.
    let green_row = |p: &Picture| {
        let at = p.pixels.chunks_exact(4).position(|px| px == [0x5f, 0xbf, 0x86, 0xff]).unwrap_or(0) as u32;
        at / p.width > p.height / 2
    };
    assert!(!green_row(&shown(&f)));
    assert!(green_row(&shown_at(&f, Corner::BottomLeft)));
}

#[test]
fn a_ring_changes_in_steps_and_never_without_motion() {
    let at = |level, reduced_motion| {
        paint(&frame(vec![speaks("a", level)]), &Look { reduced_motion, ..Look::default() }, NOW)
    };
    assert_eq!(at(0.600, false), at(0.605, false), "too little to be seen");
    assert_ne!(at(0.35, false), at(0.85, false));
    assert_eq!(at(0.85, false), at(7.0, false));
    assert_eq!(at(0.35, true), at(0.85, true));
    assert_eq!(at(f32::NAN, false), at(0.35, true), "a level that is none is a steady ring");
}

#[test]
fn text_reads_over_white_and_over_black() {
    let c = Colors::default();
    for game in [0xff_ff_ff, 0x00_00_00, 0x80_c0_ff] {
        let plate = mix(game, c.bg0, PLATE);
        for ink in [c.text, c.muted] {
            assert!(contrast(ink, plate) >= 4.5, "{ink:06x} on {plate:06x}: {}", contrast(ink, plate));
        }
        for sign in [c.danger, c.speak] {
            assert!(contrast(sign, plate) >= 3.0, "{sign:06x} on {plate:06x}: {}", contrast(sign, plate));
        }
    }
}

#[test]
fn every_size_is_240_points_wide_and_premultiplied() {
    let f = OverlayFrame { talk: Talk::Open, ..frame(vec![speaks("Ada", 0.7), silent("Lin", LINGER_MS + 200)]) };
    for scale in [1.0, 1.5, 2.0] {
        for opacity in [0.3, 1.0] {
            let look = Look { scale, opacity, ..Look::default() };
            let p = paint(&f, &look, NOW).unwrap_or_else(|| panic!("nothing is shown"));
            assert_eq!(p.width, (240.0 * scale) as u32);
            assert_eq!(p.pixels.len(), (p.width * p.height * 4) as usize);
            assert!(p.pixels.chunks_exact(4).all(|px| px[..3].iter().all(|v| *v <= px[3])), "scale {scale}");
        }
    }
}

#[test]
fn without_blending_a_pixel_is_there_or_is_not() {
    let f = frame(vec![speaks("Ada", 0.7), silent("Lin", LINGER_MS + 200)]);
    let look = Look { opacity: 0.3, ..Look::default() };
    let p = painted(&f, &look, NOW, true).unwrap_or_else(|| panic!("nothing is shown"));
    let between = p.pixels.chunks_exact(4).filter(|px| px[3] > 0 && px[3] < 255).count();
    // Only the edges of plates, one pixel wide.
    assert!(between * 20 < p.pixels.len() / 4, "{between} pixels are half there");
}
