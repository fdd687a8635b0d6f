//! Going into rooms, being heard or not, and who is how loud.

use crate::cast::{self, Cast};
use crate::stage::Stage;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use hearth_types::Permissions;
use hearth_view::{Intent, Motion, Talk};

const CTRL_SHIFT: Modifiers = Modifiers { ctrl: true, command: true, shift: true, ..Modifiers::NONE };

fn lounge() -> Intent {
    Intent::JoinVoice(cast::channel_id(6))
}

#[test]
fn one_click_on_a_room_goes_in_and_shows_it() {
    let mut s = Stage::main(Cast::usual());
    s.click("Lounge, voice room");
    assert_eq!(s.log(), [lounge(), Intent::SelectChannel(cast::channel_id(6))]);
    assert!(s.has("Lounge, voice room, you are in it"));
    assert!(s.painted().contains("Voice connected"));
    assert!(s.painted().contains("Nobody else is here yet. Others see you in the list."));
    s.click("Lounge, voice room, you are in it");
    assert_eq!(s.log().len(), 2, "who is in the room and sees it gains nothing by another click");
    s.click("Raid, voice room");
    assert_eq!(s.log()[2], Intent::JoinVoice(cast::channel_id(7)), "from room to room without leaving first");
}

#[test]
fn who_may_not_go_in_still_sees_the_room() {
    let mut cast = Cast::usual();
    cast.communities[0].0.permissions = Permissions::VIEW_CHANNEL;
    let mut s = Stage::main(cast);
    s.click("Lounge, voice room");
    assert_eq!(s.log(), [Intent::SelectChannel(cast::channel_id(6))]);
    assert!(s.painted().contains("Nobody is here yet."));
    s.click("Join");
    assert_eq!(s.log().len(), 1);
}

#[test]
fn an_empty_room_asks_one_in() {
    let mut s = Stage::main(Cast::voice());
    assert!(s.painted().contains("Nobody is here yet.") && s.painted().contains("Sit down, others see you."));
    s.0.get_by_label("Join").click_accesskit();
    s.wait(4);
    assert_eq!(s.log(), [lounge()]);
    assert!(!s.has("Join"));
}

#[test]
fn people_are_listed_under_their_rooms_before_one_goes_in() {
    let mut cast = Cast::in_call();
    cast.voices.retain(|p| p.user != cast.me.user);
    let mut s = Stage::main(cast);
    for name in ["Lounge, voice room, 2 inside", "Bram, in the room, speaking", "Chidi Okafor, in the room, muted"] {
        assert!(s.has(name), "{name} is missing in {:?}", s.names());
    }
    assert!(s.has("Dana, in the room, hears nothing"));
    assert!(!s.painted().contains("Voice connected") && !s.has("Mute"));
    s.click("Lounge, voice room, 2 inside");
    assert!(s.has("Lounge, voice room, you are in it with 2"));
}

#[test]
fn the_dock_mutes_deafens_leaves_and_leads_to_the_room() {
    let mut s = Stage::main(Cast::in_call());
    s.click("Mute");
    s.click("Unmute");
    s.click("Deafen");
    s.click("Undeafen");
    s.click("Voice connected in Lounge, The Night Shift. Voices go straight from one computer to the other.");
    assert_eq!(
        s.log(),
        [
            Intent::SetMute(true),
            Intent::SetMute(false),
            Intent::SetDeafen(true),
            Intent::SetDeafen(false),
            Intent::SelectChannel(cast::channel_id(6))
        ]
    );
    s.world_mut().cast.channel = Some(0);
    s.wait(2);
    s.click("Leave the room");
    assert_eq!(s.log().last(), Some(&Intent::LeaveVoice));
    assert!(!s.painted().contains("Voice connected"));
}

#[test]
fn the_dock_leads_back_from_another_community() {
    let mut cast = Cast::in_call();
    cast.open = Some(1);
    let home = cast.communities[0].0.community;
    let mut s = Stage::main(cast);
    s.click("Voice connected in Lounge, The Night Shift. Voices go straight from one computer to the other.");
    assert_eq!(s.log(), [Intent::SelectCommunity(home), Intent::SelectChannel(cast::channel_id(6))]);
}

#[test]
fn shortcuts_mute_and_deafen_only_in_a_call() {
    let mut s = Stage::main(Cast::in_call());
    s.key_with(CTRL_SHIFT, Key::M);
    s.key_with(CTRL_SHIFT, Key::D);
    s.key_with(CTRL_SHIFT, Key::M);
    assert_eq!(
        s.log(),
        [Intent::SetMute(true), Intent::SetDeafen(true), Intent::SetDeafen(false), Intent::SetMute(false)],
        "speaking again needs ears"
    );
    assert_eq!(s.world().ui.composer.text(), "");
    let mut s = Stage::main(Cast::usual());
    s.key_with(CTRL_SHIFT, Key::M);
    s.key_with(CTRL_SHIFT, Key::D);
    assert!(s.log().is_empty());
}

#[test]
fn the_keyboard_reaches_mute() {
    let mut s = Stage::main(Cast::in_call());
    for _ in 0..60 {
        s.key(Key::Tab);
        if s.0.get_by_label("Mute").accesskit_node().is_focused() {
            s.key(Key::Space);
            break;
        }
    }
    assert_eq!(s.log(), [Intent::SetMute(true)]);
}

#[test]
fn somebody_can_be_made_quieter_and_silent_for_oneself() {
    let mut s = Stage::main(Cast::in_call());
    s.click("Bram, in the room, speaking");
    assert!(s.has("Volume of Bram, percent"), "{:?}", s.names());
    s.0.get_by_label("Volume of Bram, percent").focus();
    s.wait(2);
    s.key(Key::ArrowLeft);
    let [Intent::SetVolume { user, gain }] = s.log() else { panic!("{:?}", s.log()) };
    assert_eq!(*user, cast::user(2));
    assert!((0.5..1.0).contains(gain), "{gain}");
    s.click("Mute for me");
    assert_eq!(s.log().last(), Some(&Intent::SetVolume { user: cast::user(2), gain: 0.0 }));
    s.click("Bram, in the room, speaking, muted for you");
    s.click("Mute for me");
    assert_eq!(s.log().last(), Some(&Intent::SetVolume { user: cast::user(2), gain: 1.0 }));
}

#[test]
fn who_may_mutes_for_everyone_and_nobody_else_is_offered_it() {
    let mut s = Stage::main(Cast::in_call());
    s.world_mut().cast.communities[0].0.permissions = Permissions::MUTE_MEMBERS;
    s.wait(2);
    s.click("Bram, in the room, speaking");
    s.click("Mute for everyone");
    assert_eq!(s.log(), [Intent::MuteMember { user: cast::user(2), on: true }]);
    s.click("Bram, in the room, speaking, muted for everyone");
    s.click("Mute for everyone");
    assert_eq!(s.log().last(), Some(&Intent::MuteMember { user: cast::user(2), on: false }));

    let mut s = Stage::main(Cast::in_call());
    s.world_mut().cast.communities[0].0.permissions = Permissions::MEMBER;
    s.wait(2);
    s.click("Bram, in the room, speaking");
    assert!(s.has("Mute for me") && !s.has("Mute for everyone"));
}

#[test]
fn equals_and_seniors_are_not_offered_to_be_muted_for_everyone() {
    for (mine, theirs, offered) in
        [(2, 3, true), (2, 2, false), (2, 1, false), (2, 0, false), (u16::MAX, u16::MAX, false)]
    {
        let mut cast = Cast::in_call();
        cast.communities[0].0.permissions = Permissions::MUTE_MEMBERS;
        for member in &mut cast.members {
            member.rank = if member.user == cast.me.user { mine } else { theirs };
        }
        let mut s = Stage::main(cast);
        s.click("Bram, in the room, speaking");
        assert!(s.has("Mute for me"));
        assert_eq!(s.has("Mute for everyone"), offered, "{mine} to {theirs}");
    }
}

#[test]
fn who_was_muted_by_another_is_told_why_nobody_hears_them() {
    let mut s = Stage::main(Cast::in_room());
    s.world_mut().cast.voice_of(1).silenced = true;
    s.wait(2);
    assert!(s.painted().contains("A moderator muted you here. Nobody hears you."), "{}", s.painted());
}

#[test]
fn push_to_talk_says_what_to_hold_and_whether_one_is_heard() {
    let mut s = Stage::main(Cast::in_call());
    assert!(!s.painted().contains("Right Ctrl"));
    s.world_mut().cast.choices.talk = Talk::Key;
    s.wait(2);
    assert!(s.has("Hold Right Ctrl to talk"));
    s.world_mut().cast.talking = true;
    s.wait(2);
    assert!(s.has("You are heard"));
    s.world_mut().cast.voice_of(1).muted = true;
    s.wait(2);
    assert!(s.has("Muted") && !s.has("You are heard"));
}

/// Greatest reach of what is painted in the colour of speech, from the middle of a circle.
fn reach(s: &Stage) -> f32 {
    let speak = s.world().tokens.color.speak;
    let circle = |shape: &egui::Shape| match shape {
        egui::Shape::Circle(c) if c.radius > 20.0 && c.stroke.color == speak => Some(c.radius + c.stroke.width / 2.0),
        _ => None,
    };
    s.0.output().shapes.iter().filter_map(|s| circle(&s.shape)).fold(0.0, f32::max)
}

#[test]
fn the_ring_breathes_with_the_voice_and_calms_down() {
    for (motion, focused) in [(Motion::Full, true), (Motion::Reduced, true), (Motion::Full, false)] {
        let lively = motion == Motion::Full && focused;
        let mut s = Stage::main(Cast::in_room());
        s.world_mut().motion = motion;
        s.world_mut().focused = focused;
        s.settle();
        assert!(!s.restless());
        let loud = reach(&s);
        assert!(loud > 0.0, "somebody speaks");
        s.world_mut().cast.voice_of(2).level = 0.4;
        s.wait(1);
        assert_eq!(s.restless(), lively, "loudness moves the ring only where somebody looks");
        assert!(!s.world().activity.moving, "a ring is no reason for frames as fast as they come");
        let first = reach(&s);
        assert!(!lively || (first < loud && loud - first < 0.5), "{loud} to {first}: slowly down");
        s.settle();
        let quiet = reach(&s);
        assert!(if lively { loud - quiet > 0.7 } else { loud == quiet }, "{loud} and {quiet}");
        s.world_mut().cast.voice_of(2).level = 0.8;
        s.wait(3);
        let up = reach(&s) - quiet;
        assert!(!lively || up > 0.35, "{up} of {}: at once up", loud - quiet);
        s.world_mut().cast.voice_of(2).speaking = false;
        s.wait(1);
        assert!(s.restless());
        s.settle();
        assert!(!s.restless() && reach(&s) == 0.0);
        s.world_mut().cast.voice_of(2).speaking = true;
        s.wait(1);
        assert!(reach(&s) > 0.0, "who begins to speak is lit in that frame");
    }
}

#[test]
fn a_full_room_fits_a_small_window() {
    let mut s = Stage::main(Cast::crowd());
    s.0.set_size(egui::vec2(940.0, 560.0));
    s.settle();
    for name in ["Mute", "Deafen", "Leave the room"] {
        let count = s.names().iter().filter(|(_, n)| n == name).count();
        assert_eq!(count, 2, "{name} in the dock and under the people");
    }
    let tiles = s.names().iter().filter(|(_, n)| n.contains("in the room")).count();
    assert!(tiles > 15, "{tiles}");
    assert!(s.painted().contains("Chidi Okafor’s computer passes the voices on."));
}
