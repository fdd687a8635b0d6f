//! Choosing devices, hearing oneself, and what opens the microphone.

use crate::cast::{self, Cast};
use crate::stage::Stage;
use egui::{Key, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use hearth_ports::Noise;
use hearth_view::{Intent, MicView, Talk, ThemeChoice, Tokens, VoiceChoices};

const MINE: &str = "Ada, profile and settings";

fn opened(cast: Cast) -> Stage {
    let mut s = Stage::main(cast);
    if !s.has("Voice settings") {
        // The middle of it is where the connection is told.
        s.0.get_by_label(MINE).click_accesskit();
        s.wait(4);
    }
    s.click("Voice settings");
    s.settle();
    s
}

fn chosen(s: &Stage) -> VoiceChoices {
    s.world().cast.choices.clone()
}

fn tests_said(s: &Stage) -> Vec<bool> {
    s.log().iter().filter_map(|i| if let Intent::TestMicrophone(on) = i { Some(*on) } else { None }).collect()
}

#[test]
fn the_settings_open_from_the_dock_and_from_oneself() {
    let s = opened(Cast::usual());
    assert!(s.painted().contains("Microphone") && s.painted().contains("Speakers or headphones"));
    assert_eq!(s.log(), [Intent::ListDevices], "opening changes nothing");
    let mut s = Stage::main(Cast::in_call());
    s.click("Voice settings");
    assert!(s.has("Microphone: System default"), "{:?}", s.names());
    s.key(Key::Escape);
    assert!(!s.world().ui.dialog_open());
}

#[test]
fn what_one_plays_is_shown_only_by_choice() {
    let mut s = opened(Cast::usual());
    assert!(!chosen(&s).games);
    let about = "Your communities see what games tell by themselves. Nothing is looked up.";
    // By the way of a screen reader: it may be below the fold.
    s.0.get_by_label(&format!("Show which game I play. {about}")).click_accesskit();
    s.wait(4);
    assert!(chosen(&s).games);
    assert_eq!(VoiceChoices::default(), VoiceChoices { games: false, ..chosen(&s) }, "nothing else changes");
}

#[test]
fn a_device_is_chosen_from_its_list_and_the_system_s_choice_again() {
    let mut s = opened(Cast::usual());
    s.click("Microphone: System default");
    assert_eq!(s.log(), [Intent::ListDevices, Intent::ListDevices], "what was plugged in meanwhile is listed");
    s.click(cast::LONG_MICROPHONE);
    assert_eq!(chosen(&s).input, cast::LONG_MICROPHONE);
    let cut = s.0.output().shapes.iter().any(|s| match &s.shape {
        egui::Shape::Text(t) => {
            t.galley.text() == cast::LONG_MICROPHONE && t.galley.elided && t.galley.size().x < 240.0
        }
        _ => false,
    });
    assert!(cut, "a long name ends in an ellipsis");
    assert!(s.has(&format!("Microphone: {}", cast::LONG_MICROPHONE)), "and read out whole");
    s.click("Speakers or headphones: System default");
    s.click("Wireless Headphones Pro");
    assert_eq!(chosen(&s).output, "Wireless Headphones Pro");
    s.click(&format!("Microphone: {}", cast::LONG_MICROPHONE));
    s.click("System default");
    assert_eq!(chosen(&s), VoiceChoices { output: "Wireless Headphones Pro".into(), ..VoiceChoices::default() });
    assert!(s.world().ui.dialog_open(), "choosing leaves the sheet open");
}

#[test]
fn escape_closes_the_list_before_the_sheet() {
    let mut s = opened(Cast::usual());
    s.click("Microphone: System default");
    assert!(s.has(cast::LONG_MICROPHONE));
    s.key(Key::Escape);
    assert!(!s.has(cast::LONG_MICROPHONE) && s.world().ui.dialog_open());
    s.key(Key::Escape);
    assert!(!s.world().ui.dialog_open());
}

#[test]
fn a_microphone_that_is_away_stays_chosen_and_says_so() {
    let mut cast = Cast::usual();
    cast.choices.input = "Blue Yeti".into();
    let mut s = opened(cast);
    assert!(s.has("Microphone: Not connected: Blue Yeti"), "{:?}", s.names());
    assert_eq!(chosen(&s).input, "Blue Yeti");
    s.click("Microphone: Not connected: Blue Yeti");
    s.click("USB Camera Mono");
    assert!(s.has("Microphone: USB Camera Mono"));
}

#[test]
fn without_a_microphone_a_sentence_stands_for_the_list() {
    let mut cast = Cast::usual();
    cast.devices = Some(cast::devices(&[], &["Built-in Audio Analog Stereo"]));
    let mut s = opened(cast);
    assert!(s.has("Microphone: No microphone found") && s.has("Speakers or headphones: System default"));
    s.click("Test microphone");
    assert!(!s.world().ui.testing(), "there is nothing to test");
    s.world_mut().cast.devices = Cast::usual().devices;
    s.click("Look again");
    assert!(s.has("Microphone: System default"));
    s.click("Test microphone");
    assert!(s.world().ui.testing());
}

#[test]
fn a_sound_system_that_does_not_answer_is_said_and_asked_again() {
    let mut s = opened(Cast { devices: None, ..Cast::usual() });
    assert!(s.painted().contains("This computer’s sound system does not answer."));
    assert!(s.has("Microphone: Unknown"));
    s.world_mut().cast.devices = Cast::usual().devices;
    s.0.get_all_by_label("Look again").next().unwrap().click();
    s.wait(4);
    assert!(s.has("Microphone: System default"));
    assert!(!s.painted().contains("does not answer"));
}

/// Width and colour of the meter.
fn meter(s: &Stage) -> Option<(f32, egui::Color32)> {
    let c = s.world().tokens.color;
    let mut bars = s.0.output().shapes.iter().filter_map(|s| match &s.shape {
        egui::Shape::Rect(r) if r.rect.height() == 12.0 && r.fill != c.selected => Some((r.rect.width(), r.fill)),
        _ => None,
    });
    bars.next_back()
}

#[test]
fn a_test_moves_the_meter_and_colour_says_whether_one_is_heard() {
    let mut s = opened(Cast::usual());
    s.world_mut().cast.mic = MicView { level: 0.5, open: true };
    s.wait(30);
    assert_eq!(meter(&s), None, "no test, no meter");
    s.click("Test microphone");
    assert_eq!(tests_said(&s), [true]);
    s.settle();
    let c = s.world().tokens.color;
    let (half, fill) = meter(&s).unwrap();
    assert_eq!(fill, c.speak);
    assert!(s.has("Microphone level, 50 percent") && s.has("Others would hear this."));
    s.world_mut().cast.mic = MicView { level: 0.1, open: false };
    s.wait(1);
    let (soon, fill) = meter(&s).unwrap();
    assert_eq!(fill, c.control, "the gate closes at once");
    assert!(soon < half && soon > 0.8 * half, "{half} to {soon}: the bar falls slowly");
    s.settle();
    let (end, _) = meter(&s).unwrap();
    assert!((end / half - 0.2).abs() < 0.02, "{end} of {half}");
    assert!(!s.restless(), "a steady level draws nothing");
    assert!(s.has("Others hear nothing: this is too quiet, or no voice."));
    s.click("Push to talk");
    assert!(s.has("Others hear nothing. Hold Right Ctrl to talk."));
    s.click("Stop the test");
    assert_eq!(tests_said(&s), [true, false]);
    assert_eq!(meter(&s), None);
}

#[test]
fn leaving_the_sheet_ends_the_test_however_one_leaves() {
    type Leave = fn(&mut Stage);
    let ways: [(&str, Leave); 4] = [
        ("Esc", |s| s.key(Key::Escape)),
        ("its button", |s| s.click("Close")),
        ("a click beside it", |s| {
            s.0.drag_at(egui::pos2(20.0, 400.0));
            s.0.drop_at(egui::pos2(20.0, 400.0));
            s.wait(4);
        }),
        ("a link that is offered", |s| {
            s.world_mut().ui.offer_link("mesh://join#x");
            s.wait(4);
        }),
    ];
    for (way, leave) in ways {
        let mut s = opened(Cast::in_call());
        s.click("Test microphone");
        assert_eq!(tests_said(&s), [true]);
        leave(&mut s);
        assert!(!s.world().ui.testing(), "{way}");
        assert_eq!(tests_said(&s), [true, false], "{way}");
    }
}

#[test]
fn a_test_that_fails_says_why_and_can_be_tried_again() {
    let mut s = opened(Cast::usual());
    s.click("Test microphone");
    assert!(s.world_mut().ui.sound_failed("Sound cannot start: another program has the microphone."));
    s.wait(4);
    assert!(s.painted().contains("Sound cannot start"));
    assert_eq!(tests_said(&s), [true, false]);
    s.click("Test microphone");
    assert_eq!(tests_said(&s), [true, false, true]);
    assert!(!s.painted().contains("Sound cannot start"));
}

#[test]
fn every_choice_is_one_click_and_holds() {
    let mut s = opened(Cast::in_call());
    s.0.set_size(vec2(1280.0, 1400.0));
    s.settle();
    let was = VoiceChoices::default();
    for (click, want) in [
        ("Push to talk", VoiceChoices { talk: Talk::Key, ..was.clone() }),
        ("Always", VoiceChoices { talk: Talk::Always, ..was.clone() }),
        ("When I speak", was.clone()),
        ("Strong", VoiceChoices { noise: Noise::Strong, ..was.clone() }),
        ("Off", VoiceChoices { noise: Noise::Off, ..was.clone() }),
        ("Usual", was.clone()),
        ("Speakers", VoiceChoices { headphones: false, ..was.clone() }),
        ("Headphones", was.clone()),
    ] {
        let before = s.log().len();
        s.click(click);
        assert_eq!(s.log()[before..], [Intent::SetVoice(want.clone())], "{click}");
        s.click(click);
        assert_eq!(s.log().len(), before + 1, "{click}, which holds already");
    }
    for (click, want) in [
        (
            "Sounds when people come and go. And when you mute, deafen, join or leave. Nobody else hears them.",
            VoiceChoices { cues: false, ..was.clone() },
        ),
        (
            "Take out echo. Others do not hear themselves out of your speakers.",
            VoiceChoices { echo: false, ..was.clone() },
        ),
        ("Even out loudness. A quiet voice is lifted, a loud one tamed.", VoiceChoices { gain: false, ..was.clone() }),
    ] {
        s.click(click);
        assert_eq!(s.log().last(), Some(&Intent::SetVoice(want)), "{click}");
        s.click(click);
        assert_eq!(s.log().last(), Some(&Intent::SetVoice(was.clone())), "{click}");
    }
}

#[test]
fn push_to_talk_is_chosen_with_its_key_named_and_the_dock_follows() {
    let mut s = opened(Cast::in_call());
    assert!(!s.painted().contains("Right Ctrl"));
    s.click("Push to talk");
    assert!(s.has("Hold Right Ctrl to talk, while this window is in front."));
    s.key(Key::Escape);
    assert!(s.has("Hold Right Ctrl to talk"), "the dock says so too");
    s.world_mut().cast.talking = true;
    s.wait(2);
    assert!(s.has("You are heard"));
    s.click("Voice settings");
    s.click("When I speak");
    s.key(Key::Escape);
    assert!(!s.painted().contains("Right Ctrl") && !s.has("You are heard"));
}

#[test]
fn the_keyboard_reaches_every_choice() {
    let mut s = opened(Cast::usual());
    let mut met = Vec::new();
    for _ in 0..30 {
        s.key(Key::Tab);
        let focused = s.0.root().children_recursive().find(|n| n.accesskit_node().is_focused());
        met.extend(focused.and_then(|n| n.accesskit_node().label()));
    }
    for name in ["Microphone: System default", "Test microphone", "Push to talk", "Strong", "Speakers"] {
        assert!(met.iter().any(|m| m == name), "{name} in {met:?}");
    }
    s.0.get_by_label("Strong").focus();
    s.wait(1);
    s.key(Key::Space);
    assert_eq!(chosen(&s).noise, Noise::Strong);
}

#[test]
fn the_smallest_window_scrolls_to_the_last_choice() {
    for theme in [ThemeChoice::Dark, ThemeChoice::Light] {
        let mut s = opened(Cast::usual());
        s.world_mut().tokens = Tokens::built_in(theme);
        s.0.set_size(vec2(940.0, 560.0));
        s.settle();
        let last = |s: &Stage| s.0.get_by_label_contains("Even out loudness").rect();
        assert!(last(&s).bottom() > 540.0, "{:?}", last(&s));
        s.point(470.0, 300.0);
        s.wheel(-600.0);
        s.settle();
        assert!(last(&s).bottom() < 520.0, "{:?}", last(&s));
        s.click("Even out loudness. A quiet voice is lifted, a loud one tamed.");
        assert!(!chosen(&s).gain);
    }
}
