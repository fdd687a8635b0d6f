//! Keys of one's own, and the overlay, in the voice settings.

use crate::cast::Cast;
use crate::stage::Stage;
use egui::Key;
use egui_kittest::kittest::Queryable;
use hearth_view::{Corner, Intent, KeyFor, KeysView, OverlaySize, Talk, VoiceChoices};

fn opened(cast: Cast) -> Stage {
    let mut s = Stage::main(cast);
    s.0.get_by_label("Ada, profile and settings").click_accesskit();
    s.wait(4);
    s.click("Voice settings");
    s.settle();
    s
}

fn keys(keys: KeysView<'static>) -> Cast {
    Cast { keys, ..Cast::usual() }
}

fn last(s: &Stage) -> Intent {
    s.log().last().unwrap().clone()
}

/// By keyboard: what a click does is the same.
fn press(s: &mut Stage, name: &str) {
    s.0.get_by_label(name).focus();
    s.wait(1);
    s.key(Key::Space);
}

#[test]
fn every_action_has_a_key_of_its_own_chosen_in_one_way() {
    let mut s = opened(keys(KeysView { everywhere: true, ..KeysView::default() }));
    for (name, which) in [("Mute", KeyFor::Mute), ("Deafen", KeyFor::Deafen), ("Move the overlay", KeyFor::Overlay)] {
        assert!(s.has(&format!("{name}: no key")), "none before one is chosen: {:?}", s.names());
        press(&mut s, &format!("Choose a key for {name}"));
        assert_eq!(last(&s), Intent::AskKey(which));
    }
    assert!(!s.has("Push to talk: Right Ctrl"), "no key where none is held");
    s.click("Push to talk");
    assert!(s.has("Push to talk: Right Ctrl") && s.has("Hold Right Ctrl to talk, whatever is in front."));
    press(&mut s, "Choose another key for Push to talk");
    assert_eq!(last(&s), Intent::AskKey(KeyFor::Talk));
    assert!(!s.has("Remove the key of Push to talk"), "there is nothing to hold without one");
}

#[test]
fn a_key_is_shown_waited_for_and_taken_away() {
    let mut cast = keys(KeysView { everywhere: true, labels: ["Right Ctrl", "F9", "", ""], ..KeysView::default() });
    cast.choices.mute_key = "F9".into();
    let mut s = opened(cast);
    assert!(s.has("Mute: F9") && s.painted().contains("F9"));
    s.world_mut().cast.keys.asked = Some(KeyFor::Deafen);
    s.wait(2);
    assert!(s.has("Press the key you want. Escape keeps things as they are."));
    let before = s.log().len();
    press(&mut s, "Waiting for the key of Deafen");
    press(&mut s, "Choose another key for Mute");
    assert_eq!(s.log().len(), before, "one at a time");
    s.key(Key::Escape);
    assert!(s.world().ui.dialog_open(), "Escape is about the key");
    s.world_mut().cast.keys.asked = None;
    s.wait(2);
    press(&mut s, "Remove the key of Mute");
    assert_eq!(last(&s), Intent::SetVoice(VoiceChoices::default()));
    s.key(Key::Escape);
    assert!(!s.world().ui.dialog_open());
}

#[test]
fn a_key_that_is_taken_says_by_what_and_a_desktop_that_tells_of_none_says_so() {
    let taken = Some((KeyFor::Mute, KeyFor::Talk));
    let s = opened(keys(KeysView { everywhere: true, taken, ..KeysView::default() }));
    assert!(s.has("Already used for Push to talk"));
    let word = Some("This desktop tells no program of keys while another one is in front.");
    let mut s = opened(keys(KeysView { word, ..KeysView::default() }));
    assert!(s.painted().contains("tells no program of keys"));
    let before = s.log().len();
    press(&mut s, "Choose a key for Mute");
    assert_eq!(s.log().len(), before);
}

#[test]
fn the_overlay_has_a_corner_a_size_a_strength_and_mentions() {
    let mut s = opened(Cast::usual());
    assert!(!s.has("Large"), "nothing to choose for what is not shown");
    press(&mut s, "Show who speaks over games. Clicks go through it. Games must run in a window or borderless.");
    let on = VoiceChoices { overlay: Some(Corner::TopLeft), ..VoiceChoices::default() };
    assert_eq!(last(&s), Intent::SetVoice(on.clone()));
    for (click, want) in [
        ("Bottom right", VoiceChoices { overlay: Some(Corner::BottomRight), ..on.clone() }),
        ("Top left", on.clone()),
        ("Large", VoiceChoices { overlay_size: OverlaySize::Large, ..on.clone() }),
        ("Normal", on.clone()),
        ("60 %", VoiceChoices { overlay_opacity: 60, ..on.clone() }),
        ("100 %", on.clone()),
        (
            "Show mentions over games. Who named you, in which channel, and the first words. For six seconds.",
            VoiceChoices { overlay_mentions: false, ..on.clone() },
        ),
    ] {
        press(&mut s, click);
        assert_eq!(last(&s), Intent::SetVoice(want), "{click}");
    }
}

#[test]
fn buttons_of_all_rows_stand_in_one_column_and_no_text_runs_into_them() {
    let labels = ["Right Ctrl", "Ctrl+Shift+Alt+Super+Print Screen", "F9", "Mouse button 5"];
    let mut cast = keys(KeysView { everywhere: true, labels, ..KeysView::default() });
    cast.choices.talk = Talk::Key;
    (cast.choices.mute_key, cast.choices.deafen_key) = ("x".into(), "F9".into());
    cast.choices.overlay_key = "Mouse5".into();
    let mut s = opened(cast);
    s.0.set_size(egui::vec2(1280.0, 1400.0));
    s.settle();
    let buttons: Vec<_> =
        KeyFor::ALL.iter().map(|k| s.0.get_by_label(&format!("Choose another key for {}", k.name())).rect()).collect();
    assert!(buttons.iter().all(|b| b.x_range() == buttons[0].x_range()), "{buttons:?}");
    let column = buttons.iter().fold(buttons[0], |all, b| all.union(*b)).y_range();
    // Above the title is what the sheet lies on.
    let title = |s: &&egui::epaint::ClippedShape| matches!(&s.shape, egui::Shape::Text(t) if t.galley.text() == "Voice settings");
    let texts = s.0.output().shapes.iter().skip_while(|s| !title(s)).filter_map(|s| match &s.shape {
        egui::Shape::Text(t) if t.galley.size().x > 0.0 => Some(t.galley.rect.translate(t.pos.to_vec2())),
        _ => None,
    });
    let sheet = buttons[0].right() - 562.0..buttons[0].right() + 1.0;
    let mut rows: Vec<egui::Rect> = texts
        .filter(|r| column.contains(r.center().y) && sheet.contains(&r.left()) && sheet.contains(&r.right()))
        .collect();
    rows.retain(|r| r.height() < 24.0);
    assert!(rows.len() >= 16, "{} texts", rows.len());
    for (n, one) in rows.iter().enumerate() {
        let beside = rows[n + 1..].iter().find(|other| one.shrink(1.0).intersects(**other));
        assert!(beside.is_none(), "{one:?} runs into {beside:?}");
    }
}
