//! A room as a place: sitting down, moving by hand and by key, and other rooms to choose from.

use crate::cast::{self, Cast};
use crate::stage::Stage;
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Vec2};
use egui_kittest::kittest::Queryable;
use hearth_room::{BuiltIn, Spot, distance};
use hearth_types::Permissions;
use hearth_view::lounge::Kind;
use hearth_view::{Intent, Motion};

const OWN: &str = "Your seat. Drag it, or move it with the arrows.";

fn spot_of(s: &Stage, label: &str) -> Pos2 {
    s.0.get_by_label(label).rect().center()
}

fn sits(s: &Stage) -> Vec<Spot> {
    s.log().iter().filter_map(|i| if let Intent::Sit(spot) = i { Some(*spot) } else { None }).collect()
}

fn press(s: &mut Stage, at: Pos2, pressed: bool) {
    s.0.event(Event::PointerMoved(at));
    s.0.event(Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE });
    s.wait(1);
}

/// Points of the screen for a metre, from two people whose seats are known.
fn metre(s: &mut Stage) -> (Pos2, f32) {
    s.world_mut().cast.voice_of(1).seat = Some([0.0, 0.0]);
    s.settle();
    let middle = spot_of(s, OWN);
    s.world_mut().cast.voice_of(1).seat = Some([2.0, 0.0]);
    s.settle();
    (middle, (spot_of(s, OWN).x - middle.x) / 2.0)
}

#[test]
fn who_has_no_seat_is_given_one_and_nobody_sits_on_anybody() {
    let mut s = Stage::main(Cast::crowd());
    s.settle();
    let names: Vec<_> = s.names().into_iter().map(|(_, name)| name).filter(|n| n.contains(", in the room")).collect();
    assert!(names.len() >= 25, "{names:?}");
    let people = s.0.query_all_by_label_contains(", in the room");
    let stage: Vec<_> = people.map(|n| n.rect()).filter(|r| r.left() > 300.0 && r.width() < 100.0).collect();
    assert!(stage.len() >= 24, "{}", stage.len());
    for (n, a) in stage.iter().enumerate() {
        assert!(stage.iter().take(n).all(|b| a.center().distance(b.center()) > 30.0), "{a:?}");
    }
}

#[test]
fn a_hundred_people_stand_before_nobody() {
    let mut cast = Cast::crowd();
    for n in 0..80 {
        cast.sits(2_000 + n, 6);
    }
    let mut s = Stage::main(cast);
    s.settle();
    let people = s.0.query_all_by_label_contains("in the room");
    let stage: Vec<_> = people.map(|n| n.rect()).filter(|r| r.left() > 300.0 && r.width() < 100.0).collect();
    assert!(stage.len() > 100, "{}", stage.len());
    for (n, a) in stage.iter().enumerate() {
        for b in stage.iter().take(n) {
            // What can be clicked reaches two points farther than the picture.
            assert!(a.center().distance(b.center()) >= a.width() - 4.0, "{a:?} before {b:?}");
        }
    }
}

/// Somebody's menu in the room.
fn open_menu(s: &mut Stage, label: &str) {
    let at = s.0.query_all_by_label(label).map(|n| n.rect().center()).find(|p| p.x > 300.0).unwrap();
    press(s, at, true);
    press(s, at, false);
    s.settle();
}

fn bubbles(s: &Stage) -> usize {
    let scene = s.world().ui.lounge.as_ref();
    scene.map_or(0, |scene| scene.shapes.iter().filter(|shape| matches!(shape.kind, Kind::Bubble { .. })).count())
}

#[test]
fn a_whisper_is_for_whom_it_is_meant_and_one_is_told_so() {
    let mut s = Stage::main(Cast::in_room());
    s.world_mut().cast.painted = true;
    s.settle();
    assert_eq!(bubbles(&s), 0);
    open_menu(&mut s, "Bram, in the room, speaking");
    s.click("Whisper");
    s.settle();
    assert_eq!(s.log().last(), Some(&Intent::Whisper(vec![cast::user(2)])));
    assert!(s.painted().contains("Only Bram hears you."));
    assert!(s.names().iter().any(|(_, name)| name.starts_with("Whispering in")));
    assert_eq!(bubbles(&s), 1);
    open_menu(&mut s, "Bram, in the room, speaking");
    s.click("Whisper");
    s.settle();
    assert_eq!(s.log().last(), Some(&Intent::Whisper(vec![])));
    assert_eq!(bubbles(&s), 0);
    // Who is gone hears nothing, and nobody else does.
    s.world_mut().cast.whisper = vec![cast::user(77)];
    s.settle();
    assert!(s.painted().contains("Nobody hears you."));
}

#[test]
fn one_can_go_and_sit_beside_somebody() {
    let mut s = Stage::main(Cast::in_room());
    let (_, points) = metre(&mut s);
    let plan = BuiltIn::Fireside.plan();
    s.world_mut().cast.voice_of(1).seat = Some(plan.seats[20]);
    s.world_mut().cast.voice_of(2).seat = Some(plan.seats[3]);
    s.settle();
    open_menu(&mut s, "Bram, in the room, speaking");
    s.click("Sit beside");
    s.settle();
    let told = *sits(&s).last().unwrap();
    assert!(plan.seats.contains(&told) && told != plan.seats[3]);
    assert!(distance(told, plan.seats[3]) < 1.8, "{told:?} beside {:?}", plan.seats[3]);
    assert!(points > 10.0);
}

#[test]
fn how_far_one_is_heard_is_shown_to_who_asks() {
    let mut s = Stage::main(Cast::in_room());
    s.world_mut().cast.painted = true;
    s.settle();
    let shown = |s: &Stage| {
        let scene = s.world().ui.lounge.as_ref();
        scene.is_some_and(|scene| scene.shapes.iter().any(|shape| matches!(shape.kind, Kind::Range { .. })))
    };
    assert!(!shown(&s));
    let own = spot_of(&s, OWN);
    s.point(own.x, own.y);
    s.wait(3);
    assert!(shown(&s), "the pointer is on oneself");
    s.point(own.x, own.y + 400.0);
    s.wait(3);
    assert!(!shown(&s));
    s.0.get_by_label(OWN).focus();
    s.wait(3);
    assert!(shown(&s), "the keyboard is there");
}

#[test]
fn a_click_on_a_free_seat_sits_down_there() {
    let mut s = Stage::main(Cast::in_room());
    let (middle, points) = metre(&mut s);
    let seat = BuiltIn::Fireside.plan().seats[7];
    let at = middle + Vec2::new(seat[0], -seat[1]) * points;
    press(&mut s, at, true);
    press(&mut s, at, false);
    s.settle();
    assert_eq!(sits(&s), [seat]);
    assert!(spot_of(&s, OWN).distance(at) < 2.0, "{} and {at}", spot_of(&s, OWN));
}

#[test]
fn a_drag_tells_the_way_and_ends_on_a_seat_nearby() {
    let mut s = Stage::main(Cast::in_room());
    let (middle, points) = metre(&mut s);
    let from = spot_of(&s, OWN);
    let seat = BuiltIn::Fireside.plan().seats[5];
    let to = middle + Vec2::new(seat[0] + 0.2, -seat[1] + 0.1) * points;
    press(&mut s, from, true);
    for n in 1..=40 {
        s.0.event(Event::PointerMoved(from + (to - from) * (n as f32 / 40.0)));
        s.wait(1);
    }
    press(&mut s, to, false);
    s.settle();
    let told = sits(&s);
    assert!((3..=12).contains(&told.len()), "told {} times in two thirds of a second", told.len());
    assert_eq!(told.last(), Some(&seat));
    let (x0, x1) = (told[0][0], told[told.len() - 2][0]);
    assert!((x0 - 2.0).abs() < (x1 - 2.0).abs() + 0.01, "it goes from one end to the other: {told:?}");
}

#[test]
fn a_drag_ends_where_it_is_let_go_however_slow_the_frames_are() {
    let mut s = Stage::main(Cast::in_room());
    let (middle, points) = metre(&mut s);
    let from = spot_of(&s, OWN);
    let seat = BuiltIn::Fireside.plan().seats[5];
    let to = middle + Vec2::new(seat[0], -seat[1]) * points;
    press(&mut s, from, true);
    s.0.event(Event::PointerMoved(from + Vec2::new(-30.0, 0.0)));
    s.wait(1);
    let button = PointerButton::Primary;
    s.0.event(Event::PointerButton { pos: to, button, pressed: false, modifiers: Modifiers::NONE });
    s.settle();
    assert_eq!(sits(&s).last(), Some(&seat));
    // And once more, from there.
    let there = BuiltIn::Fireside.plan().seats[6];
    let to = middle + Vec2::new(there[0], -there[1]) * points;
    let from = spot_of(&s, OWN);
    press(&mut s, from, true);
    s.0.event(Event::PointerMoved(from + (to - from) * 0.5));
    s.wait(1);
    press(&mut s, to, false);
    s.settle();
    assert_eq!(sits(&s).last(), Some(&there));
}

#[test]
fn arrows_move_ones_own_seat_and_never_out_of_the_room() {
    let mut s = Stage::main(Cast::in_room());
    s.world_mut().cast.voice_of(1).seat = Some([4.7, 0.0]);
    s.settle();
    s.0.get_by_label(OWN).focus();
    s.wait(2);
    for key in [Key::ArrowRight, Key::ArrowRight, Key::ArrowUp, Key::ArrowLeft] {
        s.key(key);
    }
    let half = BuiltIn::Fireside.plan().half[0];
    assert_eq!(sits(&s), [[half, 0.0], [half, 0.0], [half, 0.25], [half - 0.25, 0.25]]);
}

#[test]
fn others_cannot_be_moved_and_have_their_menu() {
    let mut s = Stage::main(Cast::in_room());
    s.settle();
    let from = s.0.query_all_by_label("Bram, in the room, speaking").map(|n| n.rect().center()).find(|p| p.x > 300.0);
    let from = from.unwrap();
    press(&mut s, from, true);
    s.0.event(Event::PointerMoved(from + Vec2::new(90.0, 40.0)));
    s.wait(2);
    press(&mut s, from + Vec2::new(90.0, 40.0), false);
    assert_eq!(sits(&s), Vec::<Spot>::new());
    press(&mut s, from, true);
    press(&mut s, from, false);
    s.wait(3);
    assert!(s.painted().contains("Volume"), "{}", s.painted());
}

#[test]
fn who_may_chooses_another_room() {
    let mut s = Stage::main(Cast::in_room());
    s.click("Layout of the room: Fireside");
    s.0.get_by_label_contains("Four tables, apart from each other").click();
    s.wait(4);
    let channel = cast::channel_id(6);
    assert!(s.log().contains(&Intent::SetPlan { channel, plan: BuiltIn::Squads }), "{:?}", s.log());
    assert!(s.has("Layout of the room: Squads"));
    let mut cast = Cast::in_room();
    cast.communities[0].0.permissions = Permissions::VIEW_CHANNEL;
    let s = Stage::main(cast);
    assert!(s.painted().contains("Fireside") && !s.has("Layout of the room: Fireside"));
}

#[test]
fn reduced_motion_seats_everybody_at_the_same_places() {
    let places = |motion| {
        let mut s = Stage::main(Cast::crowd());
        s.world_mut().motion = motion;
        s.settle();
        s.world_mut().cast.voice_of(1).seat = Some([-3.0, 2.0]);
        s.settle();
        spot_of(&s, OWN)
    };
    assert!(places(Motion::Full).distance(places(Motion::Reduced)) < 0.6);
}

#[test]
fn what_is_painted_follows_what_is_known_in_the_same_frame() {
    let mut s = Stage::main(Cast::in_room());
    s.world_mut().cast.painted = true;
    let (middle, points) = metre(&mut s);
    let here: Spot = [-2.0, 1.5];
    s.world_mut().cast.voice_of(2).seat = Some(here);
    s.settle();
    let scene = s.world().ui.lounge.clone().expect("a scene");
    let speaks = scene.shapes.iter().filter_map(|shape| match shape.kind {
        hearth_view::lounge::Kind::Person { shown, .. } if shown > 0.9 => Some(shape.at),
        _ => None,
    });
    let lit: Vec<_> = speaks.collect();
    let expected = middle + Vec2::new(here[0], -here[1]) * points;
    assert_eq!(lit.len(), 1, "one speaks");
    assert!(lit[0].distance(expected) < 1.0, "{lit:?} and {expected}");
    assert!(distance(here, [0.0, 0.0]) > 0.0);
}
